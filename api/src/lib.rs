//! The vocabulary of Entente: what is written in a resource, answered by the API and handed to a node.
//!
//! Pure types and functions: no client, no async. One file a resource; [`names`] is the only place that derives a
//! name or a label, [`condition`] holds what every status says, [`node_config`] and [`ca_config`] are what
//! nodes and certificate authorities read at start.

pub mod access;
pub mod approval;
pub mod ca_config;
pub mod chain;
pub mod condition;
pub mod contract;
pub mod identity;
pub mod member;
pub mod names;
pub mod needs;
pub mod node_config;
pub mod node_release;
pub mod organization;
pub mod schema;
pub mod tenant;
pub mod time;
pub mod units;

pub use chain::Chain;
pub use contract::Contract;
pub use identity::Identity;
pub use member::Member;
pub use node_release::NodeRelease;
pub use organization::Organization;
pub use tenant::Tenant;

/// API group of every resource.
pub const GROUP: &str = "entente.dev";
/// Version of every resource.
pub const VERSION: &str = "v1alpha1";

//! Who calls, and what they may do.
//!
//! [`Gate`] finds out who makes a request; [`Action`] is the one table of what can be done and by which [`Role`];
//! [`Caller::may`] turns both into a [`TenantScope`], which every store function demands.

mod action;
mod caller;
pub mod gate;
pub mod password;
mod role;
pub mod second_factor;
pub mod secret;
pub mod service_accounts;
pub mod tokens;

pub use action::Action;
pub use caller::{Actor, Caller, Limits, Membership, PlatformScope, TenantScope};
pub use gate::Gate;
pub use role::Role;

//! Write a contract in Rust: the server side of chaincode-as-a-service.
//!
//! A contract is a set of named functions over typed arguments. The peer dials it and sends transactions, many side by
//! side on one stream; each gets a [`Context`] to read and write the ledger through.
//!
//! ```no_run
//! use entente_contract::{Context, Contract, ContractError};
//!
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! struct Put {
//!     key: String,
//!     amount: u64,
//! }
//!
//! async fn put(context: Context, put: Put) -> Result<(), ContractError> {
//!     context.put(&put.key, &put.amount).await
//! }
//!
//! let contract = Contract::new("amounts", "1.0").transaction("Put", put);
//! ```
//!
//! Rules of the ledger that a contract has to know: reads never see the transaction's own writes, every endorsing peer
//! must come to the same result, so neither clock nor randomness may be used, and what a transaction read must still be
//! true when it is committed.

mod arguments;
mod call;
mod context;
mod contract;
mod creator;
mod error;
mod invoke;
mod keys;
mod metadata;
#[cfg(any(test, feature = "mock-peer"))]
pub mod mock;
mod options;
mod private;
mod rows;
mod server;
mod stream;
#[cfg(test)]
mod tests;

pub use arguments::NoArguments;
pub use context::Context;
pub use contract::Contract;
pub use creator::Creator;
pub use error::{ArgumentError, ContractError};
pub use keys::{composite_key, split_composite_key};
pub use options::{Options, OptionsError, Tls};
pub use private::Private;
pub use rows::{Change, Changes, Page, Row, Rows};
pub use server::{ServeError, serve};

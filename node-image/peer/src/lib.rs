//! The peer: what an organization runs on a chain.
//!
//! A proposal comes in through `gateway` or `endorser`, is simulated by `chaincode` (a contract's own process) or by a
//! system chaincode (`lifecycle`, `system`), and is signed. Blocks come from the orderers into `channels`, are checked
//! by `validate` and committed to the ledger; `deliver` serves them to listeners. `peer` puts it all together.

pub mod acl;
pub mod chaincode;
pub mod channels;
pub mod deliver;
pub mod endorser;
pub mod failure;
pub mod gateway;
pub mod lifecycle;
pub mod limit;
pub mod ordering;
pub mod peer;
pub mod system;
pub mod transient;
pub mod validate;

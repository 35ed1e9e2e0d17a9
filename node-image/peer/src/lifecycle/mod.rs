//! The `_lifecycle` system chaincode: packages on this peer, what the organizations approve, and what a channel has
//! committed (`core/chaincode/lifecycle`).
//!
//! `scc` takes a call apart; each function's work is in the file that its subject names.

pub mod approve;
pub mod callable;
pub mod check;
pub mod commit;
pub mod definition;
pub mod implicit;
pub mod installed;
pub mod query;
pub mod record;
pub mod scc;
pub mod state;

use std::sync::Arc;

use parking_lot::Mutex;

use crate::acl::Acl;
use crate::chaincode::packages::Packages;
use crate::channels::Channels;

/// The name of the system chaincode, and the namespace that it writes.
pub const NAMESPACE: &str = "_lifecycle";

/// What the lifecycle needs to know of its peer.
pub struct Lifecycle {
    msp_id: String,
    packages: Arc<Packages>,
    channels: Arc<Channels>,
    acl: Arc<Acl>,
    callable: Mutex<callable::Cache>,
}

impl Lifecycle {
    pub fn new(packages: Arc<Packages>, channels: Arc<Channels>, acl: Arc<Acl>) -> Lifecycle {
        let msp_id = acl.local_msp().id().to_owned();
        Lifecycle {
            msp_id,
            packages,
            channels,
            acl,
            callable: Mutex::default(),
        }
    }
}

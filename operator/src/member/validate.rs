//! Whether a member's spec makes sense. Pure.

use entente_api::{Member, names};

use crate::chain::validate::MAX_PEERS;
use crate::trouble::{Result, Trouble};

pub fn member(member: &Member) -> Result<()> {
    let spec = &member.spec;
    names::check_label(&spec.chain).map_err(|reason| Trouble::rejected("spec.chain", reason))?;
    if let Some(namespace) = &spec.chain_namespace {
        let field = "spec.chainNamespace";
        names::check_label(namespace).map_err(|reason| Trouble::rejected(field, reason))?;
        if spec.chain.len() + 1 + namespace.len() > 63 {
            let reason = "the names of the chain and its namespace have more than 62 characters together";
            return Err(Trouble::rejected(field, reason));
        }
    }
    names::check_label(&spec.organization).map_err(|reason| Trouble::rejected("spec.organization", reason))?;
    if !(1..=MAX_PEERS).contains(&spec.peers) {
        let reason = format!("{} peers are not possible; use 1 to {MAX_PEERS}", spec.peers);
        return Err(Trouble::rejected("spec.peers", reason));
    }
    Ok(())
}

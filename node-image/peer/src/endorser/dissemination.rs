//! Whether the private data of a simulation may stay with this peer alone.
//!
//! Native peers do not hand private data on. A collection that demands other peers to hold it before a transaction is
//! endorsed therefore cannot be written here: stock refuses in the same words when it knows of no other peer
//! (`disseminationPlanForMsg` in `gossip/privdata/distributor.go`).

use entente_fabric::proto::rwset::TxPvtReadWriteSet;
use entente_ledger::Ledger;

use crate::failure::Failure;

/// `Err` when a collection in `private` demands more peers than this one. Implicit collections demand none.
pub(super) fn possible(ledger: &Ledger, private: &TxPvtReadWriteSet) -> Result<(), Failure> {
    for namespace in &private.ns_pvt_rwset {
        let chaincode = &namespace.namespace;
        let Some(definition) = ledger
            .definition(chaincode)
            .map_err(|error| Failure::new(error.to_string()))?
        else {
            continue;
        };
        for written in &namespace.collection_pvt_rwset {
            let collection = &written.collection_name;
            let required = definition
                .explicit_collections()
                .find(|known| known.name == *collection)
                .map_or(0, |known| known.required_peer_count);
            if required > 0 {
                return Err(Failure(format!(
                    "could not build private data dissemination plan for chaincode {chaincode} and collection {collection}: required to disseminate to at least {required} peers, but know of only 0 eligible peers"
                )));
            }
        }
    }
    Ok(())
}

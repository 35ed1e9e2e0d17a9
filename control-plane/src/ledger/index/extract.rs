//! What the index keeps of a block.

use entente_fabric::proto::common;

use crate::ledger::view::{self, Transaction};
use crate::store::ledger_index::{Entry, Extract, Write};

pub(super) fn block(block: &common::Block) -> Extract {
    let number = block.header.as_ref().map(|header| header.number).unwrap_or_default();
    let mut extract = Extract::default();
    for (position, transaction) in (0..).zip(view::transactions(block)) {
        if transaction.code == "VALID" {
            extract.writes.extend(writes(&transaction, number, position));
        }
        extract.entries.push(Entry {
            block: number,
            position,
            id: transaction.id,
            kind: transaction.kind,
            code: transaction.code,
            create_time: transaction.create_time,
            creator: transaction.creator.map(|creator| creator.msp_id).unwrap_or_default(),
            contract: transaction.contract.unwrap_or_default(),
            function: transaction.function.unwrap_or_default(),
        });
    }
    extract
}

fn writes(transaction: &Transaction, block: u64, position: u64) -> impl Iterator<Item = Write> + '_ {
    transaction.effects.iter().flat_map(move |effects| {
        effects.writes.iter().map(move |write| Write {
            contract: effects.contract.clone(),
            key: write.key.clone(),
            block,
            position,
            is_delete: write.is_delete,
        })
    })
}

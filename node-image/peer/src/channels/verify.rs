//! Whether a block is the next one of a chain, signed by the ordering service.

use std::sync::Arc;

use entente_fabric::block;
use entente_fabric::config::Bundle;
use entente_fabric::proto::common::Block;

use super::well_formed;

/// Number and hash of a block.
pub(super) type Tip = (u64, [u8; 32]);

/// What a block that passed the checks leaves behind: itself as the tip, and the configuration that it brings.
pub(super) type Accepted = (Tip, Option<Arc<Bundle>>);

/// `VerifyBlock` in `common/deliverclient/block_verification.go`.
pub(super) fn next(candidate: &Block, bundle: &Bundle, tip: Tip) -> Result<Accepted, String> {
    let header = candidate.header.as_ref().ok_or("it has no header")?;
    if header.number != tip.0 + 1 {
        return Err(format!(
            "expected block number is [{}] but actual block number is [{}]",
            tip.0 + 1,
            header.number
        ));
    }
    if header.previous_hash != tip.1 {
        return Err("its previous hash is not the hash of the block before".to_owned());
    }
    if candidate
        .metadata
        .as_ref()
        .is_none_or(|metadata| metadata.metadata.len() < 5)
    {
        return Err("it does not have metadata or contains too few entries".to_owned());
    }
    well_formed::check(candidate)?;
    block::check_data_hash(candidate).map_err(|error| error.to_string())?;
    block::verify(candidate, bundle).map_err(|error| error.to_string())?;
    let configuration = match block::is_config(candidate) {
        false => None,
        true => {
            let next = Bundle::from_block(candidate).map_err(|error| error.to_string())?;
            if next.channel_id != bundle.channel_id {
                return Err(format!("its configuration is that of channel {}", next.channel_id));
            }
            Some(Arc::new(next))
        }
    };
    Ok(((header.number, block::header_hash(header)), configuration))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    use prost::Message as _;

    fn golden_chain() -> Vec<Block> {
        let packed = &include_bytes!("../../../../tests/golden/chain/blocks.tar.gz")[..];
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed));
        let read = |entry: std::io::Result<tar::Entry<'_, _>>| {
            let mut bytes = Vec::new();
            entry.unwrap().read_to_end(&mut bytes).unwrap();
            Block::decode(bytes.as_slice()).ok()
        };
        let mut blocks = archive.entries().unwrap().filter_map(read).collect::<Vec<_>>();
        blocks.retain(|block| block.header.is_some());
        blocks.sort_by_key(|block| block.header.as_ref().map(|header| header.number));
        blocks
    }

    fn tip(block: &Block) -> Tip {
        let header = block.header.as_ref().unwrap();
        (header.number, block::header_hash(header))
    }

    #[test]
    fn every_block_of_a_stock_chain_passes_in_its_place_and_configurations_take_over() {
        let blocks = golden_chain();
        let mut bundle = Arc::new(Bundle::from_block(&blocks[0]).unwrap());
        let (mut at, mut configurations) = (tip(&blocks[0]), 0);

        for block in &blocks[1..] {
            let (next, configuration) = next(block, &bundle, at).unwrap();
            at = next;
            if let Some(next) = configuration {
                (bundle, configurations) = (next, configurations + 1);
            }
        }

        assert_eq!(at.0, 357);
        assert_eq!(configurations as u64, bundle.sequence);
    }

    #[test]
    fn a_block_that_was_changed_in_any_way_is_refused() {
        let blocks = golden_chain();
        let bundle = Bundle::from_block(&blocks[0]).unwrap();
        let refused = |change: &dyn Fn(&mut Block)| {
            let mut block = blocks[1].clone();
            change(&mut block);
            next(&block, &bundle, tip(&blocks[0])).err().unwrap()
        };

        assert_eq!(
            next(&blocks[2], &bundle, tip(&blocks[0])).err().unwrap(),
            "expected block number is [1] but actual block number is [2]"
        );
        let unlinked = refused(&|block| block.header.as_mut().unwrap().previous_hash[0] ^= 1);
        assert_eq!(unlinked, "its previous hash is not the hash of the block before");
        let cut = refused(&|block| block.metadata.as_mut().unwrap().metadata.truncate(2));
        assert_eq!(cut, "it does not have metadata or contains too few entries");
        let emptied = refused(&|block| block.data = None);
        assert_eq!(emptied, "empty block");
        let grown = refused(&|block| {
            let data = &mut block.data.as_mut().unwrap().data;
            data.push(data[0].clone());
        });
        assert!(grown.contains("hash"), "{grown}");
        let unsigned = refused(&|block| block.metadata.as_mut().unwrap().metadata[0].clear());
        assert!(unsigned.contains("BlockValidation"), "{unsigned}");
        let headless = refused(&|block| block.header = None);
        assert_eq!(headless, "it has no header");
    }

    #[test]
    fn a_quorum_of_bft_orderers_signs_by_number() {
        let genesis =
            Block::decode(&include_bytes!("../../../../tests/golden/config/genesis_bft4/genesis.pb")[..]).unwrap();
        let first = Block::decode(&include_bytes!("../../../../tests/golden/bft/1.pb")[..]).unwrap();
        let bundle = Bundle::from_block(&genesis).unwrap();

        assert_eq!(
            block::verify(&first, &bundle).map_err(|error| error.to_string()),
            Ok(())
        );
    }
}

use std::fs;
use std::path::{Path, PathBuf};

use entente_fabric::block;
use entente_fabric::proto::common::{Block, BlockData, BlockHeader, BlockMetadata};
use proptest::prelude::*;
use prost::Message as _;

use super::BlockStore;

fn chain(sizes: &[usize]) -> Vec<Block> {
    let mut previous_hash = Vec::new();
    let mut blocks = Vec::new();
    for (number, size) in sizes.iter().enumerate() {
        let data = vec![vec![number as u8; *size].into()];
        let header = BlockHeader {
            number: number as u64,
            previous_hash,
            data_hash: block::data_hash(&data).to_vec(),
        };
        previous_hash = block::header_hash(&header).to_vec();
        let metadata = Some(BlockMetadata {
            metadata: vec![Vec::new(); 5],
        });
        blocks.push(Block {
            header: Some(header),
            data: Some(BlockData { data }),
            metadata,
        });
    }
    blocks
}

fn fill(dir: &Path, segment_size: u64, blocks: &[Block]) {
    let store = BlockStore::open_with(dir, segment_size).unwrap();
    blocks.iter().for_each(|block| store.append(block).unwrap());
    store.sync().unwrap();
}

fn contents(store: &BlockStore) -> Vec<Block> {
    (0..store.height())
        .map(|n| store.block(n).unwrap().unwrap().as_ref().clone())
        .collect()
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ext| ext == "blocks"));
    paths.sort();
    paths
}

#[test]
fn what_was_appended_is_read_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let blocks = chain(&[10, 0, 300, 5000, 1]);
    fill(dir.path(), 400, &blocks);

    let store = BlockStore::open_with(dir.path(), 400).unwrap();

    assert_eq!(contents(&store), blocks);
    assert_eq!(store.tip(), blocks[4].header);
    assert_eq!(store.bytes(2).unwrap().unwrap(), blocks[2].encode_to_vec());
    assert_eq!(store.bytes(5).unwrap(), None);
    assert!(segments(dir.path()).len() > 1, "the chain is spread over segments");
}

#[test]
fn a_chain_truncated_at_any_byte_opens_with_the_blocks_that_are_whole() {
    let dir = tempfile::tempdir().unwrap();
    let blocks = chain(&[40, 50, 60]);
    fill(dir.path(), u64::MAX, &blocks);
    let whole = fs::read(&segments(dir.path())[0]).unwrap();
    let mut ends = vec![0];
    blocks
        .iter()
        .for_each(|block| ends.push(ends.last().unwrap() + 8 + block.encoded_len()));

    for length in 0..=whole.len() {
        let torn = tempfile::tempdir().unwrap();
        fs::write(
            torn.path().join(segments(dir.path())[0].file_name().unwrap()),
            &whole[..length],
        )
        .unwrap();
        let survivors = ends.iter().filter(|end| **end > 0 && **end <= length).count();

        let store = BlockStore::open(torn.path()).unwrap();

        assert_eq!(contents(&store), blocks[..survivors], "truncated to {length} bytes");
        blocks[survivors..]
            .iter()
            .for_each(|block| store.append(block).unwrap());
        drop(store);
        assert_eq!(contents(&BlockStore::open(torn.path()).unwrap()), blocks);
    }
}

#[test]
fn a_tail_of_zeros_or_garbage_is_cut() {
    for tail in [vec![0; 4096], vec![7; 100], b"\x05\0\0\0abcdEFGHI".to_vec()] {
        let dir = tempfile::tempdir().unwrap();
        let blocks = chain(&[40, 50]);
        fill(dir.path(), u64::MAX, &blocks);
        let path = &segments(dir.path())[0];
        let mut bytes = fs::read(path).unwrap();
        let whole = bytes.len();
        bytes.extend(tail);
        fs::write(path, bytes).unwrap();

        let store = BlockStore::open(dir.path()).unwrap();

        assert_eq!(contents(&store), blocks);
        assert_eq!(fs::metadata(path).unwrap().len(), whole as u64);
    }
}

#[test]
fn a_lost_or_wrong_index_is_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let blocks = chain(&[100; 12]);
    fill(dir.path(), 300, &blocks);
    let index = dir.path().join("offsets");
    let good = fs::read(&index).unwrap();

    for bad in [
        Vec::new(),
        good[..good.len() - 3].to_vec(),
        [&good[..], &[9; 80]].concat(),
    ] {
        fs::write(&index, bad).unwrap();

        assert_eq!(contents(&BlockStore::open_with(dir.path(), 300).unwrap()), blocks);
        assert_eq!(fs::read(&index).unwrap(), good);
    }
}

#[test]
fn damage_inside_the_chain_is_reported_not_cut() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 300, &chain(&[100; 12]));
    let first = &segments(dir.path())[0];
    let mut bytes = fs::read(first).unwrap();
    bytes[20] ^= 1;
    fs::write(first, bytes).unwrap();

    let read = BlockStore::open_with(dir.path(), 300).unwrap().block(0).unwrap_err();
    fs::remove_file(dir.path().join("offsets")).unwrap();
    let opened = BlockStore::open_with(dir.path(), 300).err().unwrap();
    fs::remove_file(first).unwrap();
    let missing = BlockStore::open_with(dir.path(), 300).err().unwrap();

    let start = format!("the ledger at {} is damaged: cannot", dir.path().display());
    assert_eq!(
        read.to_string(),
        format!("{start} read block 0: the record's checksum is wrong")
    );
    assert_eq!(
        opened.to_string(),
        format!("{start} open the block store: block 0 is damaged, and blocks follow it")
    );
    assert!(missing.to_string().contains("block 0 is missing"), "{missing}");
}

#[test]
fn a_block_that_does_not_follow_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let blocks = chain(&[10, 20, 30]);
    let store = BlockStore::open(dir.path()).unwrap();
    store.append(&blocks[0]).unwrap();
    let mut other = blocks[1].clone();
    other.header.as_mut().unwrap().previous_hash = vec![1; 32];

    let skipped = store.append(&blocks[2]).unwrap_err().to_string();
    let repeated = store.append(&blocks[0]).unwrap_err().to_string();
    let foreign = store.append(&other).unwrap_err().to_string();

    assert_eq!(skipped, "block 2 is not the next block, 1");
    assert_eq!(repeated, "block 0 is not the next block, 1");
    assert!(foreign.starts_with("block 1 names 0101"), "{foreign}");
    assert!(store.append(&Block::default()).is_err());
    store.append(&blocks[1]).unwrap();
    assert_eq!(store.height(), 2);
}

#[test]
fn a_second_process_is_kept_out() {
    let dir = tempfile::tempdir().unwrap();
    let _held = BlockStore::open(dir.path()).unwrap();

    let refused = BlockStore::open(dir.path()).err().unwrap().to_string();

    assert_eq!(
        refused,
        format!("{} is in use by another process; stop it first", dir.path().display())
    );
}

#[test]
fn a_hidden_block_is_seen_only_once_it_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let blocks = chain(&[10, 20]);
    let store = BlockStore::open(dir.path()).unwrap();
    let watch = store.watch();

    store.append_hidden(&blocks[0]).unwrap();

    assert_eq!(
        (store.height(), store.block(0).unwrap(), watch.has_changed().unwrap()),
        (0, None, false)
    );
    store.show();
    assert_eq!(
        (store.height(), watch.has_changed().unwrap(), *watch.borrow()),
        (1, true, 1)
    );
}

proptest! {
    #[test]
    fn no_file_content_makes_opening_panic(segment in proptest::collection::vec(any::<u8>(), 0..200), index in proptest::collection::vec(any::<u8>(), 0..40)) {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(format!("{:020}.blocks", 0)), segment).unwrap();
        fs::write(dir.path().join("offsets"), index).unwrap();

        let _ = BlockStore::open(dir.path()).map(|store| contents(&store));
    }
}

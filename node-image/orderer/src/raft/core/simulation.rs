//! A whole group of cores under a network that loses, delays, doubles and partitions, on machines that crash, all from a
//! seed. Whatever happens, the chains agree, nothing that was on a chain is lost, and nothing is on it twice. What a node
//! has acknowledged is on the chain, and so is, in the end, whatever a node that did not crash was asked to order.

mod desk;

use std::collections::{BTreeMap, BTreeSet};

use ::raft::eraftpb::MessageType;
use bytes::Bytes;
use entente_fabric::block;
use entente_fabric::proto::common::{Block, BlockHeader, Envelope};
use entente_fabric::proto::etcdraft::{ConfigMetadata, Consenter};
use prost::Message as _;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::*;
use crate::cutter::Message;
use crate::raft::wal::Recovered;
use crate::raft::wire;
use desk::Desk;

const STEPS: usize = 2500;

/// What survives a crash, and what may not: everything written since the last sync.
#[derive(Default)]
struct Disk {
    log: Option<Recovered>,
    /// Persist effects that no sync has covered yet.
    unsynced: Vec<(u64, Batch)>,
    /// Number of the last batch that is durable, until it is reported.
    done: Option<u64>,
    chain: Vec<Block>,
    synced_blocks: usize,
    /// Per block, the metadata that it was written with.
    metadata: Vec<Vec<u8>>,
}

impl Disk {
    /// One group fsync.
    fn sync(&mut self) {
        for (number, batch) in std::mem::take(&mut self.unsynced) {
            self.done = Some(number);
            let log = self.log.get_or_insert_default();
            if let Some(checkpoint) = batch.installed {
                log.checkpoint = checkpoint;
                log.entries.clear();
            }
            for entry in batch.entries {
                log.entries
                    .truncate(log.entries.partition_point(|old| old.index < entry.index));
                log.entries.push(entry);
            }
            if let Some(hard_state) = batch.hard_state {
                log.hard_state = hard_state;
            }
        }
    }

    /// Syncs, and tells how far.
    fn synced(&mut self) -> Option<u64> {
        self.sync();
        self.done.take()
    }

    fn recovered(&self) -> Option<Recovered> {
        self.log.as_ref().map(|log| Recovered {
            hard_state: log.hard_state.clone(),
            checkpoint: log.checkpoint.clone(),
            entries: log.entries.clone(),
        })
    }
}

struct World {
    rng: StdRng,
    seed: u64,
    cores: BTreeMap<u64, Core>,
    disks: BTreeMap<u64, Disk>,
    /// In flight, as bytes.
    network: Vec<Vec<u8>>,
    partitioned: BTreeSet<u64>,
    submitted: u64,
    /// The longest chain that any node has had on disk for good, by transaction.
    committed: Vec<Vec<u8>>,
    desks: BTreeMap<u64, Desk>,
    /// Messages on their way to a leader: from, to, what.
    forwarded: Vec<(u64, u64, Request)>,
    acknowledged: Vec<Vec<u8>>,
    lives: u64,
}

const LIMITS: Limits = Limits {
    max_message_count: 3,
    preferred_max_bytes: 1000,
};

impl World {
    fn new(seed: u64, size: u64) -> World {
        let mut world = World {
            rng: StdRng::seed_from_u64(seed),
            seed,
            cores: BTreeMap::new(),
            disks: BTreeMap::new(),
            network: Vec::new(),
            partitioned: BTreeSet::new(),
            submitted: 0,
            committed: Vec::new(),
            desks: BTreeMap::new(),
            forwarded: Vec::new(),
            acknowledged: Vec::new(),
            lives: 0,
        };
        for id in 1..=size {
            let genesis = Block {
                header: Some(BlockHeader::default()),
                ..Block::default()
            };
            let disk = Disk {
                chain: vec![genesis],
                synced_blocks: 1,
                metadata: vec![Vec::new()],
                ..Disk::default()
            };
            world.disks.insert(id, disk);
            world.start(id, size);
        }
        world
    }

    fn start(&mut self, id: u64, size: u64) {
        let consenter = |id: u64| Consenter {
            client_tls_cert: id.to_be_bytes().to_vec(),
            ..Consenter::default()
        };
        let config = ConfigMetadata {
            consenters: (1..=size).map(consenter).collect(),
            options: None,
        };
        let disk = &self.disks[&id];
        let metadata = disk.metadata.last().filter(|bytes| !bytes.is_empty());
        let metadata = metadata.map(|bytes| prost::Message::decode(bytes.as_slice()).unwrap());
        let start = match disk.recovered() {
            Some(recovered) => Start::Resume(recovered),
            None => Start::NewChannel,
        };
        // A fixed timeout for each life of a node, so that everything comes from the seed.
        let timeout = self.rng.random_range(10..20);
        let options = Options {
            id,
            channel: "simulated".to_owned(),
            election_tick: 10,
            heartbeat_tick: 1,
            election_range: Some((timeout, timeout + 1)),
            max_inflight_blocks: 3,
            max_bytes_per_message: 400,
            snapshot_interval: 600,
        };
        let tip = Tip::of(disk.chain.last().unwrap().header.as_ref().unwrap());
        let core = Core::new(options, start, tip, Membership::new(metadata, &config), LIMITS).unwrap();
        self.cores.insert(id, core);
        self.lives += 1;
        self.desks.insert(id, Desk::new(self.lives));
        self.carry_out(id);
    }

    fn carry_out(&mut self, id: u64) {
        loop {
            let effects = self.cores.get_mut(&id).map(Core::effects).unwrap_or_default();
            let idle = effects.is_empty();
            for effect in effects {
                self.one_effect(id, effect);
            }
            if let (Some(core), Some(desk)) = (self.cores.get_mut(&id), self.desks.get_mut(&id)) {
                let forwarded = desk.settle(core);
                self.forwarded
                    .extend(forwarded.into_iter().map(|(leader, request)| (id, leader, request)));
            }
            if idle && self.cores.get(&id).is_none_or(|core| core.effects.is_empty()) {
                return;
            }
        }
    }

    fn one_effect(&mut self, id: u64, effect: Effect) {
        let disk = self.disks.get_mut(&id).unwrap();
        match effect {
            Effect::Send { message, .. } => self.network.push(wire::encode(&message)),
            Effect::Persist { number, batch } => disk.unsynced.push((number, batch)),
            Effect::Write { block, metadata } => self.write(id, block, metadata),
            Effect::WritePulled { block } => {
                // It comes with the metadata that another node has signed.
                let number = block.header.as_ref().unwrap().number as usize;
                let metadata = self
                    .disks
                    .values()
                    .find_map(|disk| disk.metadata.get(number).cloned())
                    .unwrap();
                self.write(id, block, metadata);
            }
            Effect::Fold {
                checkpoint,
                entries,
                hard_state,
            } => {
                disk.sync();
                disk.synced_blocks = disk.chain.len();
                disk.log = Some(Recovered {
                    hard_state,
                    checkpoint,
                    entries,
                });
            }
            Effect::CatchUp { to } => {
                let from = disk.chain.len();
                let blocks: Vec<Block> = {
                    let source = self.disks.values().max_by_key(|disk| disk.chain.len()).unwrap();
                    assert!(
                        source.chain.len() as u64 > to,
                        "seed {}: nobody has block {to}",
                        self.seed
                    );
                    source.chain[from..=to as usize].to_vec()
                };
                for block in blocks {
                    self.cores.get_mut(&id).unwrap().pulled(block);
                }
            }
            Effect::Connect(_) => {}
            Effect::Resubmit(requests) => {
                self.desks.get_mut(&id).unwrap().resubmit(requests);
            }
            Effect::Halt(halt) => panic!("seed {}: node {id} halted: {halt:?}", self.seed),
        }
    }

    fn write(&mut self, id: u64, block: Block, metadata: Vec<u8>) {
        let disk = self.disks.get_mut(&id).unwrap();
        let header = block.header.as_ref().unwrap();
        let previous = disk.chain.last().unwrap().header.as_ref().unwrap();
        assert_eq!(
            header.number as usize,
            disk.chain.len(),
            "seed {}: node {id} skips or repeats a block",
            self.seed
        );
        assert_eq!(
            header.previous_hash,
            block::header_hash(previous),
            "seed {}: node {id} breaks the chain",
            self.seed
        );
        let messages = block.data.as_ref().map(|data| data.data.clone()).unwrap_or_default();
        disk.chain.push(block);
        disk.metadata.push(metadata);
        let desk = self.desks.get_mut(&id).unwrap();
        self.acknowledged.extend(desk.written(&messages));
        let transactions = transactions(&disk.chain);
        let known = self.committed.len().min(transactions.len());
        assert_eq!(
            transactions[..known],
            self.committed[..known],
            "seed {}: node {id} disagrees",
            self.seed
        );
        if transactions.len() > self.committed.len() {
            self.committed = transactions;
        }
    }

    fn submit(&mut self, id: u64, request: Request) {
        let (Some(core), Some(desk)) = (self.cores.get_mut(&id), self.desks.get_mut(&id)) else {
            return;
        };
        if let Some((leader, request)) = desk.submit(core, request) {
            self.forwarded.push((id, leader, request));
        }
        self.carry_out(id);
    }

    /// One of the messages that are on their way to a leader, perhaps of long ago, arrives or is lost.
    fn deliver_forwarded(&mut self, reliable: bool) {
        if self.forwarded.is_empty() {
            return;
        }
        let position = match reliable {
            true => 0,
            false => self.rng.random_range(0..self.forwarded.len()),
        };
        let (from, to, request) = self.forwarded.remove(position);
        let cut = self.partitioned.contains(&from) != self.partitioned.contains(&to);
        let lost = !reliable && (cut || self.rng.random_bool(0.1));
        let arrived = !lost && self.cores.contains_key(&to);
        // The stream may break as well after a message has arrived.
        if (!arrived || !reliable && self.rng.random_bool(0.1))
            && let Some(desk) = self.desks.get_mut(&from)
        {
            desk.doubt = true;
        }
        if arrived && let (Some(core), Some(desk)) = (self.cores.get_mut(&to), self.desks.get_mut(&to)) {
            if let Submission::Forward(leader) = desk.order(core, request.clone()) {
                self.forwarded.push((to, leader, request));
            }
            self.carry_out(to);
        }
    }

    fn tick(&mut self, id: u64) {
        if let (Some(core), Some(desk)) = (self.cores.get_mut(&id), self.desks.get_mut(&id)) {
            core.tick();
            desk.tick(core);
        }
    }

    fn new_message(&mut self, id: u64) {
        self.submitted += 1;
        let payload = self.submitted.to_be_bytes().to_vec();
        let bytes = Bytes::from(
            Envelope {
                payload,
                signature: Vec::new(),
            }
            .encode_to_vec(),
        );
        let size = self.rng.random_range(1..400);
        let urgent = self.rng.random_bool(0.1);
        self.submit(
            id,
            Request {
                message: Message {
                    bytes,
                    size,
                    checked_at: 0,
                    urgent,
                    stamp: None,
                },
                is_config: false,
            },
        );
    }

    fn deliver(&mut self) {
        if self.network.is_empty() {
            return;
        }
        let position = self.rng.random_range(0..self.network.len());
        let bytes = self.network.swap_remove(position);
        let message = wire::decode(&bytes).unwrap();
        let cut = self.partitioned.contains(&message.from) != self.partitioned.contains(&message.to);
        let lost = cut || self.rng.random_bool(0.05);
        if self.rng.random_bool(0.02) {
            self.network.push(bytes);
        }
        let (from, to, is_snapshot) = (message.from, message.to, message.msg_type == MessageType::MsgSnapshot);
        if !lost && let Some(core) = self.cores.get_mut(&to) {
            core.receive(message, &[], from);
            self.carry_out(to);
        }
        if let Some(core) = self.cores.get_mut(&from) {
            if is_snapshot {
                core.snapshot_sent(to, !lost);
            } else if lost {
                core.unreachable(to);
            }
            self.carry_out(from);
        }
    }

    /// Power failure: what was not synced may be gone, from any point on.
    fn crash(&mut self, id: u64) {
        self.cores.remove(&id);
        self.desks.remove(&id);
        let disk = self.disks.get_mut(&id).unwrap();
        let survive = self.rng.random_range(0..=disk.unsynced.len());
        disk.unsynced.truncate(survive);
        disk.sync();
        disk.done = None;
        let blocks = self.rng.random_range(disk.synced_blocks..=disk.chain.len());
        disk.chain.truncate(blocks);
        disk.metadata.truncate(blocks);
    }

    fn step(&mut self, size: u64) {
        let id = self.rng.random_range(1..=size);
        match self.rng.random_range(0..100) {
            0..50 => self.deliver(),
            50..55 => self.deliver_forwarded(false),
            55..75 => self.tick(id),
            75..85 => {
                if let Some(number) = self.disks.get_mut(&id).unwrap().synced()
                    && let Some(core) = self.cores.get_mut(&id)
                {
                    core.persisted(number);
                }
            }
            85..94 => self.new_message(id),
            94..97 => {
                if let Some(core) = self.cores.get_mut(&id) {
                    core.batch_timeout();
                }
            }
            97 => {
                let others_live = self.cores.len() as u64 > size / 2 + 1;
                if self.cores.contains_key(&id) && others_live && self.rng.random_bool(0.3) {
                    self.crash(id);
                }
            }
            98 => {
                if !self.cores.contains_key(&id) {
                    self.start(id, size);
                }
            }
            _ => match self.rng.random_range(0..4) {
                0 => {
                    self.partitioned.insert(id);
                }
                1 => {
                    if let Some(core) = self.cores.get_mut(&id) {
                        core.give_lead_away(|_| true);
                    }
                }
                _ => self.partitioned.clear(),
            },
        }
        self.carry_out(id);
    }

    /// Everything works again: the group must come to agree, and to order.
    fn heal(&mut self, size: u64) {
        self.partitioned.clear();
        for id in 1..=size {
            if !self.cores.contains_key(&id) {
                self.start(id, size);
            }
        }
        let before = self.committed.len();
        for round in 0..4000 {
            for id in 1..=size {
                if round % 20 == 0 {
                    self.tick(id);
                }
                if let Some(number) = self.disks.get_mut(&id).unwrap().synced() {
                    self.cores.get_mut(&id).unwrap().persisted(number);
                }
                self.carry_out(id);
                if round > 1000 && round % 50 == 0 && self.committed.len() == before {
                    self.new_message(id);
                }
                if round % 50 == 0 {
                    self.cores.get_mut(&id).unwrap().batch_timeout();
                    self.carry_out(id);
                }
                while !self.forwarded.is_empty() {
                    self.deliver_forwarded(true);
                }
                while !self.network.is_empty() {
                    let bytes = self.network.remove(0);
                    let message = wire::decode(&bytes).unwrap();
                    let (from, to) = (message.from, message.to);
                    let is_snapshot = message.msg_type == MessageType::MsgSnapshot;
                    self.cores.get_mut(&to).unwrap().receive(message, &[], from);
                    self.carry_out(to);
                    if is_snapshot {
                        self.cores.get_mut(&from).unwrap().snapshot_sent(to, true);
                        self.carry_out(from);
                    }
                }
            }
            let heights: BTreeSet<usize> = self.disks.values().map(|disk| disk.chain.len()).collect();
            let answered = self.desks.values().all(Desk::is_idle);
            if self.committed.len() > before && heights.len() == 1 && answered {
                return;
            }
        }
        for (id, core) in &self.cores {
            eprintln!("{id}: {}", core.describe());
        }
        let heights: Vec<usize> = self.disks.values().map(|disk| disk.chain.len()).collect();
        let answered: Vec<bool> = self.desks.values().map(Desk::is_idle).collect();
        panic!(
            "seed {}: after everything was mended, nothing was ordered or somebody waits: heights {heights:?}, answered {answered:?}",
            self.seed
        );
    }
}

impl Core {
    /// For the message of a failure.
    fn describe(&self) -> String {
        let raft = &self.node.raft;
        let progress: Vec<String> = raft
            .prs()
            .iter()
            .map(|(id, p)| {
                format!(
                    "{id}: match {} next {} {:?} paused {}",
                    p.matched,
                    p.next_idx,
                    p.state,
                    p.is_paused()
                )
            })
            .collect();
        format!(
            "{:?} term {} leader {} log {}..{} committed {} persisted {} applied {} (own {}) waiting {} unsaved {} catching up {:?} \
             in flight {} settled {:?} {progress:?}",
            raft.state,
            raft.term,
            raft.leader_id,
            raft.raft_log.first_index(),
            raft.raft_log.last_index(),
            raft.raft_log.committed,
            raft.raft_log.persisted,
            raft.raft_log.applied,
            self.applied,
            self.waiting.len(),
            self.unsaved.len(),
            self.catching_up,
            self.blocks_in_flight,
            self.proposed.map(|tip| tip.number),
        )
    }
}

fn transactions(chain: &[Block]) -> Vec<Vec<u8>> {
    let data = chain.iter().filter_map(|block| block.data.as_ref());
    data.flat_map(|data| data.data.iter().map(|bytes| bytes.to_vec()))
        .collect()
}

/// `SIMULATION_SEEDS=10000 cargo test simulation` looks further.
fn seeds() -> u64 {
    std::env::var("SIMULATION_SEEDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100)
}

fn run(seed: u64, size: u64) {
    let mut world = World::new(seed, size);
    for _ in 0..STEPS {
        world.step(size);
    }
    world.heal(size);
    let once: BTreeSet<&Vec<u8>> = world.committed.iter().collect();
    assert_eq!(
        once.len(),
        world.committed.len(),
        "seed {seed}: a transaction is on the chain twice"
    );
    let lost: Vec<&Vec<u8>> = world
        .acknowledged
        .iter()
        .filter(|bytes| !once.contains(bytes))
        .collect();
    assert!(
        lost.is_empty(),
        "seed {seed}: acknowledged and not on the chain: {lost:?}"
    );
    for (id, disk) in &world.disks {
        assert_eq!(
            transactions(&disk.chain),
            world.committed,
            "seed {seed}: node {id} has another chain"
        );
    }
}

#[test]
fn three_nodes_agree_whatever_happens() {
    (0..seeds()).for_each(|seed| run(seed, 3));
}

#[test]
fn five_nodes_agree_whatever_happens() {
    (0..seeds() / 3).for_each(|seed| run(1_000_000 + seed, 5));
}

#[test]
fn a_single_node_agrees_with_itself() {
    (0..seeds() / 3).for_each(|seed| run(2_000_000 + seed, 1));
}

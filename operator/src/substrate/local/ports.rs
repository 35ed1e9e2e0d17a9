//! Which ports a node has, kept in a file: a certificate or a genesis block names them for good.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use crate::substrate::{Addresses, Listen, NodeId, Role, SubstrateError};

/// Below the range that Linux gives to outgoing connections (32768 on), which could take a stopped node's port.
const FIRST: u16 = 20_000;
const LAST: u16 = 32_000;

/// The ports of all nodes.
pub struct Ports {
    file: PathBuf,
    taken: Mutex<BTreeMap<String, Vec<u16>>>,
}

impl Ports {
    pub fn open(file: &Path) -> Result<Ports, SubstrateError> {
        let taken = match fs::read(file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                SubstrateError::Refused(format!(
                    "{} is damaged ({error}); restore it from a backup",
                    file.display()
                ))
            })?,
            Err(error) if error.kind() == ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(SubstrateError::io(format!("reading {}", file.display()))(error)),
        };
        Ok(Ports {
            file: file.to_owned(),
            taken: Mutex::new(taken),
        })
    }

    pub fn addresses(&self, id: &NodeId, role: Role) -> Result<Addresses, SubstrateError> {
        let mut taken = self.taken.lock();
        let wanted = match role {
            Role::Contract => 1,
            Role::Orderer | Role::Peer => 3,
        };
        let ports = match taken.get(&id.to_string()) {
            Some(ports) if ports.len() >= wanted => ports.clone(),
            _ => {
                let ports = free(&taken, wanted)?;
                taken.insert(id.to_string(), ports.clone());
                self.save(&taken)?;
                ports
            }
        };
        let at = |index: usize| SocketAddr::from((Ipv4Addr::LOCALHOST, ports[index.min(ports.len() - 1)]));
        let listen = Listen {
            services: at(0),
            operations: at(1),
            // No node is an orderer and a peer.
            admin: at(2),
            chaincode: at(2),
        };
        Ok(Addresses {
            listen,
            external: listen.services.to_string(),
            operations: listen.operations.to_string(),
            admin: listen.admin.to_string(),
            hosts: vec!["127.0.0.1".to_owned(), "localhost".to_owned()],
        })
    }

    pub fn release(&self, id: &NodeId) -> Result<(), SubstrateError> {
        let mut taken = self.taken.lock();
        match taken.remove(&id.to_string()) {
            Some(_) => self.save(&taken),
            None => Ok(()),
        }
    }

    fn save(&self, taken: &BTreeMap<String, Vec<u16>>) -> Result<(), SubstrateError> {
        let context = || format!("writing {}", self.file.display());
        let draft = self.file.with_extension("new");
        let bytes = serde_json::to_vec_pretty(taken).expect("port numbers are JSON");
        fs::write(&draft, bytes).map_err(SubstrateError::io(context()))?;
        fs::rename(&draft, &self.file).map_err(SubstrateError::io(context()))
    }
}

/// Ports that no node has and that nobody listens on now. The search begins at a place of this process's own, so that
/// two platforms on one machine rarely try the same ones.
fn free(taken: &BTreeMap<String, Vec<u16>>, count: usize) -> Result<Vec<u16>, SubstrateError> {
    let mut used: BTreeSet<u16> = taken.values().flatten().copied().collect();
    let range = LAST - FIRST;
    let start = used
        .last()
        .map_or_else(|| rand::random_range(0..range), |last| last + 1 - FIRST);
    let mut found = Vec::with_capacity(count);
    for offset in 0..range {
        let port = FIRST + (start.wrapping_add(offset)) % range;
        if !used.contains(&port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            used.insert(port);
            found.push(port);
            if found.len() == count {
                return Ok(found);
            }
        }
    }
    Err(SubstrateError::Refused(format!(
        "no free port is left between {FIRST} and {LAST} on 127.0.0.1"
    )))
}

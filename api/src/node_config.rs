//! What a node is told when it starts, whatever its engine and wherever it runs.
//!
//! The native engine reads it as it is (`entente-node peer --config node.json`). For the stock engine,
//! `entente-node render` turns it into `core.yaml` or `orderer.yaml`. Relative paths are relative to the file.
//!
//! A node refuses what it does not know, and may be older than the operator that tells it: so what has its default is
//! not written.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A node's configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeConfig {
    /// Unique in its chain, for example `peer0-province-finance`.
    pub name: String,
    pub msp_id: String,
    /// A folder in Fabric's MSP layout: `cacerts`, `tlscacerts`, `signcerts`, `keystore`, `config.yaml`.
    pub msp_dir: PathBuf,
    /// Everything that the node writes. Moved, backed up and restored as one.
    pub data_dir: PathBuf,
    /// Where the gRPC services listen.
    pub listen: SocketAddr,
    /// `host:port` under which others reach `listen`; its host stands in the TLS certificate.
    pub external_endpoint: String,
    pub tls: TlsFiles,
    pub operations: OperationsConfig,
    /// Log filter in Fabric's `logspec` form, for example `info` or `gossip=warning:info`.
    #[serde(default = "default_log_spec")]
    pub log_spec: String,
    #[serde(flatten)]
    pub role: RoleConfig,
}

pub(crate) fn default_log_spec() -> String {
    "info".to_owned()
}

/// What is wrong with a configuration file's values, by field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct NodeConfigError {
    pub field: &'static str,
    pub reason: String,
}

impl NodeConfig {
    /// The values that a type cannot guard. Nothing is read from disk.
    pub fn check(&self) -> Result<(), NodeConfigError> {
        let wrong = |field, reason: &str| {
            Err(NodeConfigError {
                field,
                reason: reason.to_owned(),
            })
        };
        if self.name.is_empty() {
            return wrong("name", "a node needs a name");
        }
        if self.msp_id.is_empty() {
            return wrong("mspId", "the id of the node's organization is missing");
        }
        match self.external_endpoint.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0) => {}
            _ => {
                return wrong(
                    "externalEndpoint",
                    "expected host:port, for example peer0.example.com:7051",
                );
            }
        }
        match &self.role {
            RoleConfig::Orderer(orderer) if orderer.admin.tls.client_root_certificates.is_empty() => wrong(
                "admin.tls.clientRootCertificates",
                "without an issuer nobody could administer the orderer",
            ),
            RoleConfig::Peer(peer) => {
                peer.builder_config()?;
                match peer.limits.first_zero() {
                    Some(field) => wrong(field, "must be at least 1"),
                    None => Ok(()),
                }
            }
            RoleConfig::Orderer(orderer) if orderer.eviction_suspicion_seconds == 0 => {
                wrong("evictionSuspicionSeconds", "must be at least 1")
            }
            RoleConfig::Orderer(_) => Ok(()),
        }
    }

    /// The same configuration with every relative path taken from `base`, the folder of the file.
    pub fn resolved(mut self, base: &Path) -> NodeConfig {
        let absolute = |path: &mut PathBuf| *path = base.join(&*path);
        absolute(&mut self.msp_dir);
        absolute(&mut self.data_dir);
        self.tls.paths_mut().for_each(absolute);
        if let RoleConfig::Orderer(orderer) = &mut self.role {
            orderer.admin.tls.paths_mut().for_each(absolute);
        }
        self
    }
}

/// PEM files of one TLS endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Issuers that this node trusts when it dials others before a channel says whom to trust.
    #[serde(default)]
    pub root_certificates: Vec<PathBuf>,
    /// Issuers of client certificates. When given, clients must show one; when empty, none is asked for.
    #[serde(default)]
    pub client_root_certificates: Vec<PathBuf>,
}

impl TlsFiles {
    fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let roots = self
            .root_certificates
            .iter_mut()
            .chain(&mut self.client_root_certificates);
        [&mut self.certificate, &mut self.key].into_iter().chain(roots)
    }
}

/// The plain HTTP endpoint for `/healthz`, `/metrics`, `/version` and `/logspec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OperationsConfig {
    pub listen: SocketAddr,
}

/// What only one of the roles needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "camelCase")]
pub enum RoleConfig {
    Orderer(OrdererConfig),
    Peer(PeerConfig),
}

/// An orderer's own settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrdererConfig {
    /// Channel participation API, mutual TLS; its `clientRootCertificates` say who may administer.
    pub admin: AdminEndpoint,
    /// How long a consenter without a leader waits before it asks the others whether it was removed
    /// (`Consensus.EvictionSuspicion`).
    #[serde(default = "ten_minutes", skip_serializing_if = "is_ten_minutes")]
    pub eviction_suspicion_seconds: u64,
}

impl OrdererConfig {
    /// With the defaults for everything else.
    pub fn new(admin: AdminEndpoint) -> OrdererConfig {
        OrdererConfig {
            admin,
            eviction_suspicion_seconds: ten_minutes(),
        }
    }
}

/// `DefaultEvictionSuspicion` in `orderer/consensus/etcdraft/chain.go`.
fn ten_minutes() -> u64 {
    600
}

fn is_ten_minutes(seconds: &u64) -> bool {
    *seconds == ten_minutes()
}

/// A mutual-TLS administration endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdminEndpoint {
    pub listen: SocketAddr,
    pub tls: TlsFiles,
}

/// A peer's own settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PeerConfig {
    /// Where a stock peer accepts chaincode connections; the native engine dials contracts and ignores it.
    pub chaincode_listen: SocketAddr,
    /// JSON object whose values may stand in a package's `connection.json` as Go templates (`{{.address}}`).
    #[serde(default = "empty_object", skip_serializing_if = "is_empty_object")]
    pub chaincode_builder_config: String,
    #[serde(default, skip_serializing_if = "PeerLimits::is_default")]
    pub limits: PeerLimits,
}

fn empty_object() -> String {
    "{}".to_owned()
}

fn is_empty_object(text: &str) -> bool {
    text == empty_object()
}

impl PeerLimits {
    fn is_default(&self) -> bool {
        *self == PeerLimits::default()
    }
}

impl PeerConfig {
    /// The values for templates in packages.
    pub fn builder_config(&self) -> Result<serde_json::Map<String, serde_json::Value>, NodeConfigError> {
        serde_json::from_str(&self.chaincode_builder_config).map_err(|error| NodeConfigError {
            field: "chaincodeBuilderConfig",
            reason: format!("expected a JSON object in a string: {error}"),
        })
    }
}

/// In-flight limits, where 0 means none, and timeouts; the defaults are those of Fabric's sample `core.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PeerLimits {
    pub endorser_concurrency: usize,
    pub deliver_concurrency: usize,
    pub gateway_concurrency: usize,
    pub execute_timeout_seconds: u64,
    pub chaincode_startup_timeout_seconds: u64,
    pub endorsement_timeout_seconds: u64,
    pub broadcast_timeout_seconds: u64,
    /// Most rows that one range query may return.
    pub total_query_limit: usize,
}

impl PeerLimits {
    /// The first setting that would let nothing succeed.
    fn first_zero(&self) -> Option<&'static str> {
        let settings = [
            ("limits.executeTimeoutSeconds", self.execute_timeout_seconds),
            (
                "limits.chaincodeStartupTimeoutSeconds",
                self.chaincode_startup_timeout_seconds,
            ),
            ("limits.endorsementTimeoutSeconds", self.endorsement_timeout_seconds),
            ("limits.broadcastTimeoutSeconds", self.broadcast_timeout_seconds),
            ("limits.totalQueryLimit", self.total_query_limit as u64),
        ];
        settings
            .into_iter()
            .find(|(_, value)| *value == 0)
            .map(|(name, _)| name)
    }
}

impl Default for PeerLimits {
    fn default() -> Self {
        PeerLimits {
            endorser_concurrency: 2500,
            deliver_concurrency: 2500,
            gateway_concurrency: 500,
            execute_timeout_seconds: 30,
            chaincode_startup_timeout_seconds: 300,
            endorsement_timeout_seconds: 30,
            broadcast_timeout_seconds: 30,
            total_query_limit: 100_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = r#"{
        "name": "peer0-bank", "mspId": "BankMSP", "mspDir": "msp", "dataDir": "/var/node",
        "listen": "127.0.0.1:7051", "externalEndpoint": "localhost:7051",
        "tls": {"certificate": "tls/cert.pem", "key": "tls/key.pem", "rootCertificates": ["tls/ca.pem"]},
        "operations": {"listen": "127.0.0.1:9443"},
        "role": "peer", "chaincodeListen": "127.0.0.1:7052"
    }"#;

    fn peer() -> NodeConfig {
        serde_json::from_str(PEER).unwrap()
    }

    #[test]
    fn a_peer_needs_few_words() {
        let config = peer();

        let expected = NodeConfig {
            name: "peer0-bank".into(),
            msp_id: "BankMSP".into(),
            msp_dir: "msp".into(),
            data_dir: "/var/node".into(),
            listen: "127.0.0.1:7051".parse().unwrap(),
            external_endpoint: "localhost:7051".into(),
            tls: TlsFiles {
                certificate: "tls/cert.pem".into(),
                key: "tls/key.pem".into(),
                root_certificates: vec!["tls/ca.pem".into()],
                client_root_certificates: vec![],
            },
            operations: OperationsConfig {
                listen: "127.0.0.1:9443".parse().unwrap(),
            },
            log_spec: "info".into(),
            role: RoleConfig::Peer(PeerConfig {
                chaincode_listen: "127.0.0.1:7052".parse().unwrap(),
                chaincode_builder_config: "{}".into(),
                limits: PeerLimits::default(),
            }),
        };
        assert_eq!(config, expected);
        assert_eq!(config.check(), Ok(()));
        let written = serde_json::to_value(&config).unwrap();
        assert_eq!(
            (written.get("limits"), written.get("chaincodeBuilderConfig")),
            (None, None)
        );
        assert_eq!(
            serde_json::from_value::<NodeConfig>(serde_json::to_value(&config).unwrap()).unwrap(),
            config
        );
    }

    #[test]
    fn relative_paths_are_relative_to_the_file() {
        let config = peer().resolved(Path::new("/etc/node"));

        assert_eq!(config.msp_dir, Path::new("/etc/node/msp"));
        assert_eq!(config.data_dir, Path::new("/var/node"));
        assert_eq!(config.tls.root_certificates, [Path::new("/etc/node/tls/ca.pem")]);
    }

    #[test]
    fn an_unknown_setting_is_an_error_that_names_it() {
        let error =
            serde_json::from_str::<NodeConfig>(&PEER.replace("chaincodeListen", "chaincodeListens")).unwrap_err();

        assert!(
            error.to_string().contains("unknown field `chaincodeListens`"),
            "{error}"
        );
    }

    #[test]
    fn a_wrong_value_is_named_by_its_field() {
        let no_port = NodeConfig {
            external_endpoint: "localhost".into(),
            ..peer()
        };
        let no_msp = NodeConfig {
            msp_id: String::new(),
            ..peer()
        };

        assert_eq!(
            no_port.check().unwrap_err().to_string(),
            "externalEndpoint: expected host:port, for example peer0.example.com:7051"
        );
        assert_eq!(
            no_msp.check().unwrap_err().to_string(),
            "mspId: the id of the node's organization is missing"
        );
        let wrong = |change: fn(&mut PeerConfig)| {
            let mut config = peer();
            let RoleConfig::Peer(peer) = &mut config.role else {
                unreachable!("it is a peer")
            };
            change(peer);
            config.check().unwrap_err().to_string()
        };
        assert_eq!(
            wrong(|peer| peer.chaincode_builder_config = "[]".into()),
            "chaincodeBuilderConfig: expected a JSON object in a string: invalid type: sequence, expected a map at line 1 column 0"
        );
        assert_eq!(
            wrong(|peer| peer.limits.broadcast_timeout_seconds = 0),
            "limits.broadcastTimeoutSeconds: must be at least 1"
        );
    }
}

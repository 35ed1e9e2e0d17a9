//! `orderer.yaml` of a stock orderer. It is read as a whole: stock fills in defaults for little.

use std::net::IpAddr;

use entente_api::node_config::{NodeConfig, OrdererConfig};
use serde_json::{Value, json};

use super::paths;

pub(super) fn document(config: &NodeConfig, role: &OrdererConfig) -> Value {
    let data = |name: &str| config.data_dir.join(name);
    // Stock puts a colon and the port behind it as it is (`initializeGrpcServer` in `orderer/common/server/main.go`).
    let host = match config.listen.ip() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    };
    json!({
        "General": {
            "ListenAddress": host,
            "ListenPort": config.listen.port(),
            "TLS": {
                "Enabled": true,
                "Certificate": config.tls.certificate,
                "PrivateKey": config.tls.key,
                "RootCAs": paths(&config.tls.root_certificates),
                "ClientAuthRequired": !config.tls.client_root_certificates.is_empty(),
                "ClientRootCAs": paths(&config.tls.client_root_certificates),
            },
            // Other orderers come through the same listener, and know this one by the same certificate.
            "Cluster": {
                "ClientCertificate": config.tls.certificate,
                "ClientPrivateKey": config.tls.key,
                "SendBufferSize": 100,
                "ReplicationPolicy": "simple",
            },
            "Keepalive": {"ServerMinInterval": "60s", "ServerInterval": "7200s", "ServerTimeout": "20s"},
            "Backoff": {"BaseDelay": "1s", "Multiplier": 1.6, "MaxDelay": "2m"},
            "MaxRecvMsgSize": 104_857_600,
            "MaxSendMsgSize": 104_857_600,
            "BootstrapMethod": "none",
            "LocalMSPDir": config.msp_dir,
            "LocalMSPID": config.msp_id,
            "BCCSP": {"Default": "SW", "SW": {"Hash": "SHA2", "Security": 256}},
            "Authentication": {"TimeWindow": "15m"},
        },
        "FileLedger": {"Location": data("ledgers")},
        "Consensus": {
            "WALDir": data("etcdraft/wal"),
            "SnapDir": data("etcdraft/snapshot"),
            "EvictionSuspicion": format!("{}s", role.eviction_suspicion_seconds),
        },
        "Operations": {"ListenAddress": config.operations.listen.to_string(), "TLS": {"Enabled": false}},
        "Metrics": {"Provider": "prometheus"},
        "Admin": {
            "ListenAddress": role.admin.listen.to_string(),
            "TLS": {
                "Enabled": true,
                "Certificate": role.admin.tls.certificate,
                "PrivateKey": role.admin.tls.key,
                "RootCAs": paths(&role.admin.tls.root_certificates),
                "ClientAuthRequired": true,
                "ClientRootCAs": paths(&role.admin.tls.client_root_certificates),
            },
        },
        "ChannelParticipation": {"Enabled": true, "MaxRequestBodySize": "1 MB"},
    })
}

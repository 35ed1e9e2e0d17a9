//! `core.yaml` of a stock peer. What is not written keeps stock's built-in default; what has none is written.

use std::path::Path;

use entente_api::node_config::{NodeConfig, PeerConfig};
use serde_json::{Value, json};

use super::paths;
use crate::builder::CONFIG_VARIABLE;

/// The document for `config`, with the external builder in the folder `builder`.
pub(super) fn document(config: &NodeConfig, peer: &PeerConfig, builder: &Path) -> Value {
    let limits = &peer.limits;
    let seconds = |seconds: u64| format!("{seconds}s");
    let chaincode_address = peer.chaincode_listen.to_string();
    json!({
        "peer": {
            "id": config.name,
            "networkId": "entente",
            "listenAddress": config.listen.to_string(),
            "address": config.external_endpoint,
            "addressAutoDetect": false,
            "chaincodeListenAddress": chaincode_address,
            "chaincodeAddress": chaincode_address,
            "localMspId": config.msp_id,
            "mspConfigPath": config.msp_dir,
            "localMspType": "bccsp",
            "fileSystemPath": config.data_dir,
            "tls": {
                "enabled": true,
                "cert": {"file": config.tls.certificate},
                "key": {"file": config.tls.key},
                "rootcert": {"file": config.tls.root_certificates.first()},
                "clientAuthRequired": !config.tls.client_root_certificates.is_empty(),
                "clientRootCAs": {"files": paths(&config.tls.client_root_certificates)},
                "clientCert": {"file": config.tls.certificate},
                "clientKey": {"file": config.tls.key},
            },
            "gateway": {
                "enabled": true,
                "endorsementTimeout": seconds(limits.endorsement_timeout_seconds),
                "broadcastTimeout": seconds(limits.broadcast_timeout_seconds),
                "dialTimeout": "2m",
            },
            "gossip": gossip(config),
            "discovery": {
                "enabled": true,
                "authCacheEnabled": true,
                "authCacheMaxSize": 1000,
                "authCachePurgeRetentionRatio": 0.75,
                "orgMembersAllowedAccess": false,
            },
            "limits": {"concurrency": {
                "endorserService": limits.endorser_concurrency,
                "deliverService": limits.deliver_concurrency,
                "gatewayService": limits.gateway_concurrency,
            }},
            "keepalive": {
                "interval": "7200s", "timeout": "20s", "minInterval": "60s",
                "client": {"interval": "60s", "timeout": "20s"},
                "deliveryClient": {"interval": "60s", "timeout": "20s"},
            },
            "authentication": {"timewindow": "15m"},
            "BCCSP": {"Default": "SW", "SW": {"Hash": "SHA2", "Security": 256}},
            "client": {"connTimeout": "3s"},
            "deliveryclient": {
                "blockGossipEnabled": false,
                "reconnectTotalTimeThreshold": "3600s",
                "connTimeout": "3s",
                "reConnectBackoffThreshold": "10s",
                "policy": "simple",
            },
            "handlers": {
                "authFilters": [{"name": "DefaultAuth"}, {"name": "ExpirationCheck"}, {"name": "TimeWindowCheck"}],
                "decorators": [{"name": "DefaultDecorator"}],
                "endorsers": {"escc": {"name": "DefaultEndorsement"}},
                "validators": {"vscc": {"name": "DefaultValidation"}},
            },
            "maxRecvMsgSize": 104_857_600,
            "maxSendMsgSize": 104_857_600,
        },
        // No container engine: chaincode runs as a service.
        "vm": {"endpoint": ""},
        "chaincode": {
            "mode": "net",
            "externalBuilders": [{
                "name": "ccaas", "path": builder, "propagateEnvironment": [CONFIG_VARIABLE],
            }],
            "installTimeout": "300s",
            "startuptimeout": seconds(limits.chaincode_startup_timeout_seconds),
            "executetimeout": seconds(limits.execute_timeout_seconds),
            "keepalive": 0,
            "system": {"_lifecycle": "enable", "cscc": "enable", "lscc": "enable", "qscc": "enable"},
            "logging": {"level": "info", "shim": "warning"},
            "runtimeParams": {
                "useWriteBatch": true, "maxSizeWriteBatch": 1000,
                "useGetMultipleKeys": true, "maxSizeGetMultipleKeys": 1000,
            },
        },
        "ledger": {
            "state": {"stateDatabase": "goleveldb", "totalQueryLimit": limits.total_query_limit},
            "history": {"enableHistoryDatabase": true},
            "pvtdataStore": {
                "collElgProcMaxDbBatchSize": 5000,
                "collElgProcDbBatchesInterval": 1000,
                "deprioritizedDataReconcilerInterval": "60m",
                "purgeInterval": 100,
                "purgedKeyAuditLogging": true,
            },
            "snapshots": {"rootDir": config.data_dir.join("snapshots")},
        },
        "operations": {"listenAddress": config.operations.listen.to_string(), "tls": {"enabled": false}},
        "metrics": {"provider": "prometheus"},
    })
}

/// Each peer pulls blocks itself; gossip tells peers about each other, which the stock gateway plans with.
fn gossip(config: &NodeConfig) -> Value {
    json!({
        "bootstrap": config.external_endpoint,
        // Where the organization's other peers find this one: nobody reaches "every interface".
        "endpoint": config.external_endpoint,
        "externalEndpoint": config.external_endpoint,
        "useLeaderElection": false,
        "orgLeader": true,
        // The first handshake with an anchor peer races the channel join; stock's 25 s until the second try would
        // keep a new chain from endorsing.
        "reconnectInterval": "2s",
        // Which contracts a peer has is part of its state info: at stock's 4 s a gateway plans with a peer seconds after
        // it could.
        "publishStateInfoInterval": "1s",
        "requestStateInfoInterval": "1s",
        "aliveTimeInterval": "5s",
        "aliveExpirationTimeout": "25s",
        "membershipTrackerInterval": "5s",
        "maxBlockCountToStore": 10,
        "state": {"enabled": false, "checkInterval": "10s", "responseTimeout": "3s", "batchSize": 10,
                  "blockBufferSize": 20, "maxRetries": 3},
        "pvtData": {
            // A block waits this long for private data that no reachable peer has, as when the organization's other
            // peers are native. The reconciler asks again afterwards; stock's 60 s a block would stall catching up.
            "pullRetryThreshold": "5s",
            "transientstoreMaxBlockRetention": 20000,
            "pushAckTimeout": "3s",
            "btlPullMargin": 10,
            "reconcileBatchSize": 10,
            "reconcileSleepInterval": "1m",
            "reconciliationEnabled": true,
            "implicitCollectionDisseminationPolicy": {"requiredPeerCount": 0, "maxPeerCount": 1},
        },
    })
}

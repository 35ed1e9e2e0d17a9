//! What a certificate authority is told when it starts (`entente-node ca --config ca.json`). Relative paths are
//! relative to the file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::node_config::{NodeConfigError, OperationsConfig, default_log_spec};

/// A certificate authority's configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaConfig {
    /// What clients call it (`caname`), for example `bank`.
    pub name: String,
    /// Everything that it writes: database, certificates, keys. Moved, backed up and restored as one.
    pub data_dir: PathBuf,
    /// Where the API listens, with TLS.
    pub listen: SocketAddr,
    /// `host:port` under which clients reach `listen`; its host stands in the certificate that the authority issues for
    /// itself.
    pub external_endpoint: String,
    /// The API's own certificate. The authority issues one for itself, and renews it at a start, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<KeyPairFiles>,
    pub operations: OperationsConfig,
    /// Log filter in Fabric's `logspec` form.
    #[serde(default = "default_log_spec")]
    pub log_spec: String,
    /// Issuer of identities: certificates and key that are brought along. A new root is made when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_ca: Option<IssuerFiles>,
    /// Issuer of TLS certificates, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_ca: Option<IssuerFiles>,
    /// Seals private keys at rest. Without it they rest as they are, readable by their owner alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master_key: Option<SecretSource>,
    /// The first identity, which may do everything; registered at the first start.
    #[serde(default)]
    pub bootstrap: BootstrapConfig,
    #[serde(default)]
    pub registry: RegistryConfig,
    #[serde(default)]
    pub profiles: ProfilesConfig,
}

/// PEM files of a certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyPairFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// PEM files of an issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IssuerFiles {
    /// The issuer's certificate first, then those above it.
    pub certificate_chain: PathBuf,
    pub key: PathBuf,
}

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum SecretSource {
    /// A file; on Kubernetes one that a Secret is mounted to.
    File(PathBuf),
    /// Name of an environment variable.
    Environment(String),
}

/// The first identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BootstrapConfig {
    pub id: String,
    /// A secret is made and left in the data folder, `bootstrap-secret`, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretSource>,
}

impl Default for BootstrapConfig {
    fn default() -> BootstrapConfig {
        BootstrapConfig {
            id: "admin".to_owned(),
            secret: None,
        }
    }
}

/// What registrars may do; the defaults are Fabric CA's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RegistryConfig {
    /// How often one secret is good for a certificate at most; -1: without limit, 0: never.
    pub max_enrollments: i64,
    pub allow_remove_identities: bool,
    pub allow_remove_affiliations: bool,
    /// Affiliations that are there from the first start, for example `lending.retail`.
    pub affiliations: Vec<String>,
    /// Whether tokens of clients before Fabric CA 1.4 are taken, which do not sign method and path of a request.
    pub older_tokens: bool,
    /// Whether an expired certificate is good for its own renewal.
    pub reenroll_expired: bool,
}

impl Default for RegistryConfig {
    fn default() -> RegistryConfig {
        RegistryConfig {
            max_enrollments: -1,
            allow_remove_identities: false,
            allow_remove_affiliations: false,
            affiliations: Vec::new(),
            older_tokens: true,
            reenroll_expired: false,
        }
    }
}

/// How long certificates live, in hours; the defaults are Fabric CA's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ProfilesConfig {
    pub default_hours: u32,
    pub tls_hours: u32,
    pub ca_hours: u32,
    /// Until a revocation list names its successor's time.
    pub crl_hours: u32,
}

impl Default for ProfilesConfig {
    fn default() -> ProfilesConfig {
        ProfilesConfig {
            default_hours: 8760,
            tls_hours: 8760,
            ca_hours: 43800,
            crl_hours: 24,
        }
    }
}

impl CaConfig {
    /// The values that a type cannot guard. Nothing is read from disk.
    pub fn check(&self) -> Result<(), NodeConfigError> {
        let wrong = |field, reason: &str| {
            Err(NodeConfigError {
                field,
                reason: reason.to_owned(),
            })
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if self.name.is_empty() || self.name.len() > 63 || !self.name.chars().all(plain) {
            return wrong("name", "use 1 to 63 letters, digits, dots and dashes");
        }
        if self.external_host().is_none() {
            return wrong(
                "externalEndpoint",
                "expected host:port, for example ca.bank.example.com:7054",
            );
        }
        if self.bootstrap.id.is_empty() || self.bootstrap.id.len() > 64 {
            return wrong("bootstrap.id", "use 1 to 64 characters");
        }
        if self.registry.max_enrollments < -1 {
            return wrong("registry.maxEnrollments", "use -1 for no limit, or a number");
        }
        let lives = [
            ("profiles.defaultHours", self.profiles.default_hours),
            ("profiles.tlsHours", self.profiles.tls_hours),
            ("profiles.caHours", self.profiles.ca_hours),
            ("profiles.crlHours", self.profiles.crl_hours),
        ];
        match lives.into_iter().find(|(_, hours)| *hours == 0) {
            Some((field, _)) => wrong(field, "must be at least 1"),
            None => Ok(()),
        }
    }

    /// The host that clients dial.
    pub fn external_host(&self) -> Option<&str> {
        let (host, port) = self.external_endpoint.rsplit_once(':')?;
        let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
        (!host.is_empty() && is_port).then_some(host)
    }

    /// The same configuration with every relative path taken from `base`, the folder of the file.
    pub fn resolved(mut self, base: &Path) -> CaConfig {
        let absolute = |path: &mut PathBuf| *path = base.join(&*path);
        absolute(&mut self.data_dir);
        if let Some(tls) = &mut self.tls {
            [&mut tls.certificate, &mut tls.key].into_iter().for_each(absolute);
        }
        for issuer in [&mut self.identity_ca, &mut self.tls_ca].into_iter().flatten() {
            [&mut issuer.certificate_chain, &mut issuer.key]
                .into_iter()
                .for_each(absolute);
        }
        for source in [&mut self.master_key, &mut self.bootstrap.secret].into_iter().flatten() {
            if let SecretSource::File(path) = source {
                absolute(path);
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CA: &str = r#"{
        "name": "bank", "dataDir": "data", "listen": "127.0.0.1:7054", "externalEndpoint": "localhost:7054",
        "operations": {"listen": "127.0.0.1:9444"}
    }"#;

    fn with(fields: serde_json::Value) -> CaConfig {
        let mut config: serde_json::Value = serde_json::from_str(CA).unwrap();
        config
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        serde_json::from_value(config).unwrap()
    }

    #[test]
    fn an_authority_needs_few_words() {
        let config: CaConfig = serde_json::from_str(CA).unwrap();

        let expected = CaConfig {
            name: "bank".into(),
            data_dir: "data".into(),
            listen: "127.0.0.1:7054".parse().unwrap(),
            external_endpoint: "localhost:7054".into(),
            tls: None,
            operations: OperationsConfig {
                listen: "127.0.0.1:9444".parse().unwrap(),
            },
            log_spec: "info".into(),
            identity_ca: None,
            tls_ca: None,
            master_key: None,
            bootstrap: BootstrapConfig::default(),
            registry: RegistryConfig::default(),
            profiles: ProfilesConfig::default(),
        };
        assert_eq!(config, expected);
        assert_eq!(config.check(), Ok(()));
        assert_eq!(config.external_host(), Some("localhost"));
    }

    #[test]
    fn relative_paths_are_relative_to_the_file() {
        let config = with(serde_json::json!({
            "identityCa": {"certificateChain": "chain.pem", "key": "/secret/key.pem"},
            "masterKey": {"file": "master"}, "bootstrap": {"secret": {"environment": "SECRET"}}
        }))
        .resolved(Path::new("/etc/ca"));

        assert_eq!(config.data_dir, Path::new("/etc/ca/data"));
        assert_eq!(
            config.identity_ca,
            Some(IssuerFiles {
                certificate_chain: "/etc/ca/chain.pem".into(),
                key: "/secret/key.pem".into()
            })
        );
        assert_eq!(config.master_key, Some(SecretSource::File("/etc/ca/master".into())));
        assert_eq!(
            config.bootstrap.secret,
            Some(SecretSource::Environment("SECRET".into()))
        );
    }

    #[test]
    fn a_wrong_value_is_named_by_its_field() {
        let wrong = |fields| with(fields).check().unwrap_err().to_string();

        assert_eq!(
            wrong(serde_json::json!({"name": "a bank"})),
            "name: use 1 to 63 letters, digits, dots and dashes"
        );
        assert_eq!(
            wrong(serde_json::json!({"externalEndpoint": "localhost"})),
            "externalEndpoint: expected host:port, for example ca.bank.example.com:7054"
        );
        assert_eq!(
            wrong(serde_json::json!({"profiles": {"tlsHours": 0}})),
            "profiles.tlsHours: must be at least 1"
        );
        assert_eq!(
            wrong(serde_json::json!({"registry": {"maxEnrollments": -2}})),
            "registry.maxEnrollments: use -1 for no limit, or a number"
        );
    }
}

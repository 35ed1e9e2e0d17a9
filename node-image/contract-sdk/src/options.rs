//! How a contract is told where to listen and who it is: the conventions of chaincode-as-a-service.

use std::fs;

/// How a contract is served.
#[derive(Debug, Clone)]
pub struct Options {
    /// The package id, by which peers know which contract they reached: `label:hash`.
    pub chaincode_id: String,
    /// `host:port`.
    pub address: String,
    /// `None` serves without TLS: for a peer on the same machine.
    pub tls: Option<Tls>,
}

/// PEM of a listener's certificate and key. With client authorities, peers must show a certificate of one of them.
#[derive(Clone)]
pub struct Tls {
    pub certificate_pem: Vec<u8>,
    pub key_pem: Vec<u8>,
    pub client_authorities_pem: Option<Vec<u8>>,
}

/// Why the environment does not say how to serve.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    #[error("{what} is not set; {how}")]
    Missing { what: &'static str, how: &'static str },
    #[error("{name} names the file {path}, which cannot be read")]
    File {
        name: &'static str,
        path: String,
        source: std::io::Error,
    },
}

const ID: [&str; 2] = ["CHAINCODE_ID", "CORE_CHAINCODE_ID_NAME"];
const ADDRESS: [&str; 1] = ["CHAINCODE_SERVER_ADDRESS"];
/// The names of Fabric's Go samples, then those of the Node shim.
const CERTIFICATE: [&str; 2] = ["CHAINCODE_TLS_CERT", "CHAINCODE_TLS_CERT_FILE"];
const KEY: [&str; 2] = ["CHAINCODE_TLS_KEY", "CHAINCODE_TLS_KEY_FILE"];
const CLIENT_AUTHORITIES: [&str; 2] = ["CHAINCODE_CLIENT_CA_CERT", "CHAINCODE_TLS_CLIENT_CACERT_FILE"];
const TLS_DISABLED: &str = "CHAINCODE_TLS_DISABLED";

impl Options {
    /// Reads the process's environment.
    pub fn from_environment() -> Result<Options, OptionsError> {
        Options::from_variables(|name| std::env::var(name).ok())
    }

    /// Reads variables through `variable`. Empty ones count as not set. TLS is on when a certificate or a key is named,
    /// unless `CHAINCODE_TLS_DISABLED` is `true`.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Options, OptionsError> {
        let first = |names: &[&'static str]| {
            let set = |name: &&'static str| {
                variable(name)
                    .filter(|value| !value.is_empty())
                    .map(|value| (*name, value))
            };
            names.iter().find_map(set)
        };
        let missing = |what, how| OptionsError::Missing { what, how };
        let (_, chaincode_id) = first(&ID).ok_or_else(|| {
            missing(
                "CHAINCODE_ID",
                "set it to the package id that peers show, such as label:hash",
            )
        })?;
        let (_, address) = first(&ADDRESS)
            .ok_or_else(|| missing("CHAINCODE_SERVER_ADDRESS", "set it to the host:port to listen on"))?;
        let disabled = variable(TLS_DISABLED).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let read = |(name, path): (&'static str, String)| {
            fs::read(&path).map_err(|source| OptionsError::File { name, path, source })
        };
        let tls = match (first(&CERTIFICATE), first(&KEY)) {
            _ if disabled => None,
            (None, None) => None,
            (None, Some(_)) => return Err(missing("CHAINCODE_TLS_CERT", "TLS needs a certificate beside its key")),
            (Some(_), None) => return Err(missing("CHAINCODE_TLS_KEY", "TLS needs a key beside its certificate")),
            (Some(certificate), Some(key)) => Some(Tls {
                certificate_pem: read(certificate)?,
                key_pem: read(key)?,
                client_authorities_pem: first(&CLIENT_AUTHORITIES).map(read).transpose()?,
            }),
        };
        Ok(Options {
            chaincode_id,
            address,
            tls,
        })
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("client_certificates", &self.client_authorities_pem.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Options, String> {
        let variable = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).into())
        };
        Options::from_variables(variable).map_err(|why| why.to_string())
    }

    #[test]
    fn both_names_of_the_package_id_are_understood() {
        let address = ("CHAINCODE_SERVER_ADDRESS", "0.0.0.0:9999");
        for name in ID {
            let options = read(&[address, ("CHAINCODE_ID", ""), (name, "evidence:abc")])
                .unwrap_or_else(|_| read(&[address, (name, "evidence:abc")]).unwrap());

            assert_eq!(
                (&options.chaincode_id[..], &options.address[..]),
                ("evidence:abc", "0.0.0.0:9999")
            );
            assert!(options.tls.is_none());
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let id = ("CHAINCODE_ID", "evidence:abc");
        let address = ("CHAINCODE_SERVER_ADDRESS", "0.0.0.0:9999");
        let key = ("CHAINCODE_TLS_KEY", "/nowhere/key.pem");
        let certificate = ("CHAINCODE_TLS_CERT_FILE", "/nowhere/cert.pem");

        for (variables, expected) in [
            (
                &[address][..],
                "CHAINCODE_ID is not set; set it to the package id that peers show, such as label:hash",
            ),
            (
                &[id],
                "CHAINCODE_SERVER_ADDRESS is not set; set it to the host:port to listen on",
            ),
            (
                &[id, address, key],
                "CHAINCODE_TLS_CERT is not set; TLS needs a certificate beside its key",
            ),
            (
                &[id, address, key, certificate],
                "CHAINCODE_TLS_CERT_FILE names the file /nowhere/cert.pem, which cannot be read",
            ),
        ] {
            assert_eq!(read(variables).unwrap_err(), expected);
        }
        assert!(
            read(&[id, address, key, ("CHAINCODE_TLS_DISABLED", "true")])
                .unwrap()
                .tls
                .is_none()
        );
    }
}

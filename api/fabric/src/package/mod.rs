//! Chaincode-as-a-service packages: reading them, and making them byte for byte the same each time.

mod archive;
mod connection;

pub use connection::Connection;

use archive::{files, pack};

/// What a package says once it is opened (`core/chaincode/persistence/chaincode_package.go`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    pub label: String,
    /// Lower-cased `type` of metadata.json; only `ccaas` runs.
    pub kind: String,
    pub connection: Connection,
}

/// Why a package is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PackageError(pub String);

#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
struct Metadata {
    path: String,
    r#type: String,
    label: String,
}

const METADATA: &str = "metadata.json";
const CODE: &str = "code.tar.gz";
const CONNECTION: &str = "connection.json";
const KIND: &str = "ccaas";

/// `label:hex(SHA-256(package))`.
pub fn id(label: &str, package: &[u8]) -> String {
    format!("{label}:{}", hex::encode(crate::crypto::sha256(package)))
}

/// Builds a ccaas package: modification times 0, fixed order, so that the id depends on the content alone.
pub fn build(label: &str, connection: &Connection) -> Result<Vec<u8>, PackageError> {
    check_label(label)?;
    let metadata = Metadata {
        path: String::new(),
        r#type: KIND.to_owned(),
        label: label.to_owned(),
    };
    let code = pack(&[(CONNECTION, &json(connection)?)])?;
    pack(&[(METADATA, &json(&metadata)?), (CODE, &code)])
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, PackageError> {
    serde_json::to_vec(value).map_err(|error| PackageError(error.to_string()))
}

/// Opens a package as the peer does on install. Templates in connection.json are left as they stand.
pub fn open(package: &[u8]) -> Result<Package, PackageError> {
    let outer = files(package)?;
    let metadata = outer.get(METADATA).map(|bytes| {
        serde_json::from_slice::<Metadata>(bytes)
            .map_err(|error| PackageError(format!("could not unmarshal {METADATA} as json: {error}")))
    });
    let metadata = metadata.transpose()?;
    let code = outer
        .get(CODE)
        .ok_or_else(|| PackageError("did not find a code package inside the package".to_owned()))?;
    let metadata =
        metadata.ok_or_else(|| PackageError(format!("did not find any package metadata (missing {METADATA})")))?;
    check_label(&metadata.label)?;
    let kind = metadata.r#type.to_lowercase();
    if kind != KIND {
        return Err(PackageError(format!(
            "chaincode type should be {KIND}, it is {}",
            metadata.r#type
        )));
    }
    let inner = files(code).map_err(|error| PackageError(format!("{CODE}: {error}")))?;
    let connection = inner
        .get(CONNECTION)
        .ok_or_else(|| PackageError(format!("{CONNECTION} not found in {CODE}")))?;
    let connection = serde_json::from_slice(connection)
        .map_err(|error| PackageError(format!("could not unmarshal {CONNECTION} as json: {error}")))?;
    Ok(Package {
        label: metadata.label,
        kind,
        connection,
    })
}

/// What a label may look like: it becomes part of the package id (`ValidateLabel`).
pub fn check_label(label: &str) -> Result<(), PackageError> {
    let inside = |b: u8| b.is_ascii_alphanumeric() || b"_.+-".contains(&b);
    match label.as_bytes() {
        [first, rest @ ..] if first.is_ascii_alphanumeric() && rest.iter().all(|b| inside(*b)) => Ok(()),
        _ => Err(PackageError(format!(
            "invalid label '{label}'. Label must be non-empty, can only consist of alphanumerics, symbols from \
             '.+-_', and can only begin with alphanumerics"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        Connection {
            address: "{{.peer}}_payments:9999".to_owned(),
            ..Connection::default()
        }
    }

    #[test]
    fn a_package_is_the_same_each_time_and_opens_to_what_it_was_made_of() {
        let package = build("payments_1.0", &connection()).unwrap();

        assert_eq!(package, build("payments_1.0", &connection()).unwrap());
        assert_eq!(
            open(&package).unwrap(),
            Package {
                label: "payments_1.0".to_owned(),
                kind: "ccaas".to_owned(),
                connection: connection()
            }
        );
    }

    #[test]
    fn packages_installed_on_stock_peers_open_under_the_same_id() {
        let cases = [
            (
                &include_bytes!("../../../../tests/golden/lifecycle/ops_1.tar.gz")[..],
                "ops_1:b011e69d66b000ca9eab4ada498514914d8f442af89ad2e9384f373aa417103d",
                "127.0.0.1:27901",
            ),
            (
                &include_bytes!("../../../../tests/golden/lifecycle/aux_1.tar.gz")[..],
                "aux_1:1eb6e69be3ef8119b1205ceecbafcb86996a52882cc7350d493d56cdd7bc21de",
                "127.0.0.1:27903",
            ),
        ];
        for (package, expected, address) in cases {
            let opened = open(package).unwrap();

            assert_eq!(id(&opened.label, package), expected);
            let connection = Connection {
                address: address.to_owned(),
                dial_timeout: "10s".to_owned(),
                ..Default::default()
            };
            assert_eq!(opened.connection, connection);
        }
    }

    #[test]
    fn wrong_packages_are_refused_with_the_reason() {
        let metadata = |text: &str| (METADATA, text.as_bytes().to_vec());
        let code = |files: &[(&str, &[u8])]| (CODE, pack(files).unwrap());
        let good_metadata = || metadata(r#"{"type":"CCAAS","label":"a"}"#);
        let good_code = || code(&[(CONNECTION, br#"{"address":"a:1"}"#)]);
        let refusal = |parts: &[(&str, Vec<u8>)]| {
            let parts: Vec<_> = parts.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
            open(&pack(&parts).unwrap())
                .map(|opened| opened.kind)
                .map_err(|error| error.0)
        };
        let err = |text: &str| Err(text.to_owned());

        assert_eq!(refusal(&[good_metadata(), good_code()]), Ok("ccaas".to_owned()));
        assert_eq!(
            refusal(&[good_metadata()]),
            err("did not find a code package inside the package")
        );
        assert_eq!(
            refusal(&[good_code()]),
            err("did not find any package metadata (missing metadata.json)")
        );
        assert_eq!(
            refusal(&[metadata(r#"{"type":"golang","label":"a"}"#), good_code()]),
            err("chaincode type should be ccaas, it is golang")
        );
        assert_eq!(
            refusal(&[metadata(r#"{"type":"ccaas","label":"a b"}"#), good_code()]),
            err(
                "invalid label 'a b'. Label must be non-empty, can only consist of alphanumerics, symbols from \
                 '.+-_', and can only begin with alphanumerics"
            )
        );
        assert_eq!(
            refusal(&[good_metadata(), code(&[])]),
            err("connection.json not found in code.tar.gz")
        );
        assert_eq!(open(b"").unwrap_err().0, "error reading as gzip stream: unexpected EOF");
        assert_eq!(
            open(&[b'x'; 99]).unwrap_err().0,
            "error reading as gzip stream: gzip: invalid header"
        );
    }
}

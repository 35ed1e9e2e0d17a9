//! Chaincode-as-a-service packages: reading them, and making them byte for byte the same each time.

/// What a package says once it is opened (`core/chaincode/persistence/chaincode_package.go`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    pub label: String,
    /// Lower-cased `type` of metadata.json; only `ccaas` runs.
    pub kind: String,
    pub connection: Connection,
}

/// connection.json of a ccaas package.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Connection {
    pub address: String,
    pub dial_timeout: String,
    pub tls_required: bool,
    pub root_cert: String,
    pub client_auth_required: bool,
    pub client_key: String,
    pub client_cert: String,
}

/// Why a package is refused.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct PackageError(pub String);

/// `label:hex(SHA-256(package))`.
pub fn id(label: &str, package: &[u8]) -> String {
    format!("{label}:{}", hex::encode(crate::crypto::sha256(package)))
}

/// Builds a ccaas package: modification times 0, fixed order, so that the id depends on the content alone.
pub fn build(_label: &str, _connection: &Connection) -> Result<Vec<u8>, PackageError> {
    unimplemented!()
}

/// Opens a package as the peer does on install. Templates in connection.json are left as they stand.
pub fn open(_package: &[u8]) -> Result<Package, PackageError> {
    unimplemented!()
}

/// Fills the Go templates in connection.json with the values of `config`, a JSON object, as the stock ccaas builder does
/// (`ccaas_builder/cmd/build`). A missing value is an error; without `tls_required` the TLS fields are blanked.
pub fn expand(_connection: &Connection, _config: &serde_json::Value) -> Result<Connection, PackageError> {
    unimplemented!()
}

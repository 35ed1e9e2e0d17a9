//! Why a request failed, in the words of the stock peer.

/// A failure whose text clients, contracts and gateways compare with what a stock peer says. Context is put in front,
/// outermost first, as Go's `errors.WithMessage` does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

impl Failure {
    pub fn new(text: impl Into<String>) -> Failure {
        Failure(text.into())
    }

    /// `context: self`.
    pub fn within(self, context: impl std::fmt::Display) -> Failure {
        Failure(format!("{context}: {}", self.0))
    }
}

impl From<entente_ledger::LedgerError> for Failure {
    fn from(error: entente_ledger::LedgerError) -> Failure {
        Failure(error.to_string())
    }
}

/// Decodes a message. The text is that of Go's protobuf library, because it ends up in replies and in payloads.
pub fn decode<M: prost::Message + Default>(bytes: &[u8]) -> Result<M, Failure> {
    M::decode(bytes).map_err(|_| Failure::new("proto: cannot parse invalid wire-format data"))
}

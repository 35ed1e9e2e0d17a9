//! Why a transaction is refused. The text reaches the client that sent it.

/// An argument that a function cannot take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    #[error("argument \"{name}\" of {function}: {reason}")]
    Invalid {
        function: String,
        name: String,
        reason: String,
    },
    #[error("argument \"{name}\" of {function} is missing; it takes ({expected})")]
    Missing {
        function: String,
        name: String,
        expected: String,
    },
    #[error("{function} has no argument \"{name}\"; it takes ({expected})")]
    Unknown {
        function: String,
        name: String,
        expected: String,
    },
    #[error("{function} takes at most {most} arguments ({expected}), but got {count}")]
    TooMany {
        function: String,
        most: usize,
        count: usize,
        expected: String,
    },
    #[error("the arguments of {function} cannot be used: {reason}")]
    Unusable { function: String, reason: String },
}

/// Why a transaction is refused.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// The contract's own rules, in its own words.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Argument(#[from] ArgumentError),
    #[error("unknown function \"{name}\"; {contract} has {known}")]
    UnknownFunction {
        name: String,
        contract: String,
        known: String,
    },
    /// The peer's answer to a request.
    #[error("the ledger refused: {0}")]
    Ledger(String),
    #[error("{function} only reads; it must not write {what}")]
    ReadOnly { function: String, what: String },
    #[error("the value of {key:?} on the ledger cannot be read: {reason}")]
    Stored { key: String, reason: String },
    #[error("the result of {function} cannot be written as JSON: {reason}")]
    Result { function: String, reason: String },
    #[error("key {key:?}: {reason}")]
    Key { key: String, reason: &'static str },
    #[error("the submitter's identity cannot be read: {0}")]
    Creator(String),
    #[error("the peer sent something that cannot be understood: {0}")]
    Protocol(String),
    #[error("the connection to the peer was lost")]
    Disconnected,
}

impl ContractError {
    /// For a contract's own rules.
    pub fn refused(reason: impl Into<String>) -> ContractError {
        ContractError::Refused(reason.into())
    }
}

impl From<prost::DecodeError> for ContractError {
    fn from(why: prost::DecodeError) -> ContractError {
        ContractError::Protocol(why.to_string())
    }
}

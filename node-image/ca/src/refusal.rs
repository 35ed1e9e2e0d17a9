//! Why a request is refused, in Fabric CA's words and numbers (`lib/caerrors/servererror.go`).

use std::fmt;

/// Fabric CA's error codes, as far as they are answered here.
pub mod code {
    pub const UNKNOWN: u32 = 0;
    pub const METHOD_NOT_ALLOWED: u32 = 1;
    pub const NO_AUTHORIZATION: u32 = 2;
    pub const READING_BODY: u32 = 3;
    pub const EMPTY_BODY: u32 = 4;
    pub const BAD_BODY: u32 = 5;
    pub const NOT_REVOKER: u32 = 7;
    pub const REVOKED_CERTIFICATE_NOT_FOUND: u32 = 8;
    pub const NOT_THE_OWNER: u32 = 9;
    pub const REVOKED_IDENTITY_NOT_FOUND: u32 = 10;
    pub const MISSING_REVOKE_ARGUMENTS: u32 = 15;
    pub const AFFILIATION: u32 = 16;
    pub const CA_NOT_FOUND: u32 = 19;
    pub const AUTHENTICATION: u32 = 20;
    pub const NO_USER_AND_SECRET: u32 = 21;
    pub const ENROLLMENT_DISABLED: u32 = 22;
    pub const INVALID_USER: u32 = 23;
    pub const INVALID_SECRET: u32 = 24;
    pub const INVALID_TOKEN: u32 = 25;
    pub const UNTRUSTED_CERTIFICATE: u32 = 26;
    pub const CERTIFICATE_EXPIRED: u32 = 27;
    pub const CERTIFICATE_REVOKED: u32 = 28;
    pub const BAD_CSR: u32 = 31;
    pub const NO_CRL_AUTHORITY: u32 = 35;
    pub const REVOKED_AFTER: u32 = 36;
    pub const EXPIRED_AFTER: u32 = 37;
    pub const ATTRIBUTE_AUTHORITY: u32 = 42;
    pub const NOT_A_REGISTRAR: u32 = 43;
    pub const NOT_AFFILIATED: u32 = 44;
    pub const GETTING_USER: u32 = 49;
    pub const ADD_IDENTITY: u32 = 52;
    pub const REMOVE_IDENTITY: u32 = 56;
    pub const MODIFY_IDENTITY: u32 = 58;
    pub const MISSING_ROLE: u32 = 59;
    pub const ADD_AFFILIATION: u32 = 60;
    pub const REMOVE_AFFILIATION: u32 = 61;
    pub const NOT_FOUND: u32 = 63;
    pub const MODIFY_AFFILIATION: u32 = 64;
    pub const ALREADY_REVOKED: u32 = 66;
    pub const GETTING_CERTIFICATE: u32 = 67;
    pub const REVOKED_IDENTITY: u32 = 70;
    pub const AUTHORIZATION: u32 = 71;
    pub const PASSWORD_ATTEMPTS: u32 = 73;
    pub const ALREADY_REGISTERED: u32 = 74;
    pub const REGISTRAR_AUTHORITY: u32 = 76;
    pub const COMMON_NAME: u32 = 77;
    pub const MISSING_ATTRIBUTE: u32 = 78;
    pub const INVALID_BOOLEAN: u32 = 79;
    pub const CSR_INPUT: u32 = 80;
    pub const ATTRIBUTE_EXTENSION: u32 = 81;
    pub const MAX_ENROLLMENTS: u32 = 82;
}

/// A request that was not granted: what the log says, and what the client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: u32,
    pub message: String,
    /// What the client is told instead: who may not get in learns nothing of why.
    masked: Option<(u32, &'static str)>,
}

impl Refusal {
    pub fn new(status: u16, code: u32, message: impl Into<String>) -> Refusal {
        Refusal {
            status,
            code,
            message: message.into(),
            masked: None,
        }
    }

    /// 401, masked.
    pub fn authentication(code: u32, message: impl Into<String>) -> Refusal {
        Refusal {
            masked: Some((code::AUTHENTICATION, "Authentication failure")),
            ..Refusal::new(401, code, message)
        }
    }

    /// 403, masked.
    pub fn authorization(code: u32, message: impl Into<String>) -> Refusal {
        Refusal {
            masked: Some((code::AUTHORIZATION, "Authorization failure")),
            ..Refusal::new(403, code, message)
        }
    }

    /// Nothing that the client did; the cause is for the log alone.
    pub fn internal(cause: &dyn std::error::Error) -> Refusal {
        let mut message = cause.to_string();
        let mut deeper = cause.source();
        while let Some(cause) = deeper {
            message = format!("{message}: {cause}");
            deeper = cause.source();
        }
        Refusal {
            masked: Some((code::UNKNOWN, "internal error")),
            ..Refusal::new(500, code::UNKNOWN, message)
        }
    }

    /// Code and message as the client is told.
    pub fn told(&self) -> (u32, &str) {
        match self.masked {
            Some((code, message)) => (code, message),
            None => (self.code, &self.message),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

impl From<crate::store::StoreError> for Refusal {
    fn from(error: crate::store::StoreError) -> Refusal {
        Refusal::internal(&error)
    }
}

impl From<crate::keys::signer::SignerError> for Refusal {
    fn from(error: crate::keys::signer::SignerError) -> Refusal {
        Refusal::internal(&error)
    }
}

//! What a failed call means: nobody there, a refusal in the node's own words, or an answer nobody can read.

use std::error::Error as _;

use prost::Message as _;

use crate::crypto::CryptoError;
use crate::proto::gateway::ErrorDetail;
use crate::proto::google::rpc;
use crate::proto::protos::Response;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The node was not reached, or the connection broke. The text names the endpoint where it is known. Whether a
    /// request took effect is then unknown, unless it was refused at connecting.
    #[error("{0}")]
    Unreachable(String),
    #[error("no answer in time: {0}")]
    TimedOut(String),
    #[error("{message}")]
    NotFound { message: String },
    /// The node answered, and refused.
    #[error("{message}{}", listed(.details))]
    Refused {
        code: Code,
        message: String,
        /// What single peers and orderers said, where a gateway tells.
        details: Vec<ErrorDetail>,
    },
    #[error("the node's answer cannot be read: {0}")]
    Malformed(String),
    #[error(transparent)]
    Sign(#[from] CryptoError),
}

/// In which layer a refusal came, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// A gRPC status.
    Grpc(tonic::Code),
    /// `common.Status` of an orderer or a deliver stream, or the status of a chaincode's response.
    Status(i32),
}

fn listed(details: &[ErrorDetail]) -> String {
    details
        .iter()
        .map(|detail| format!("; {} ({}): {}", detail.address, detail.msp_id, detail.message))
        .collect()
}

impl CallError {
    pub(super) fn malformed(what: &str, error: &prost::DecodeError) -> CallError {
        CallError::Malformed(format!("{what}: {error}"))
    }

    /// A `common.Status` or a response status that is not success.
    pub(super) fn status(status: i32, message: String) -> CallError {
        match status {
            404 => CallError::NotFound { message },
            _ => CallError::Refused {
                code: Code::Status(status),
                message,
                details: Vec::new(),
            },
        }
    }

    /// Whether the same request may succeed elsewhere or later: the node is away or not ready.
    pub fn is_transient(&self) -> bool {
        match self {
            CallError::Unreachable(_) | CallError::TimedOut(_) => true,
            CallError::Refused { code, .. } => {
                matches!(
                    code,
                    Code::Status(503) | Code::Grpc(tonic::Code::Unavailable | tonic::Code::ResourceExhausted)
                )
            }
            CallError::NotFound { .. } | CallError::Malformed(_) | CallError::Sign(_) => false,
        }
    }
}

/// The response of a successful call; otherwise its refusal.
pub(super) fn success(response: Option<Response>) -> Result<Response, CallError> {
    let response = response.ok_or_else(|| CallError::Malformed("the response is missing".to_owned()))?;
    if (200..400).contains(&response.status) {
        return Ok(response);
    }
    Err(CallError::status(response.status, response.message))
}

impl From<tonic::Status> for CallError {
    fn from(status: tonic::Status) -> CallError {
        let message = status.message().to_owned();
        // A status with a cause was made on our side, from what happened to the connection.
        if let Some(mut cause) = status.source() {
            while let Some(deeper) = cause.source() {
                cause = deeper;
            }
            let cause = cause.to_string();
            return match status.code() {
                tonic::Code::Cancelled | tonic::Code::DeadlineExceeded => CallError::TimedOut(message),
                _ if message.contains(&cause) => CallError::Unreachable(message),
                _ => CallError::Unreachable(format!("{message}: {cause}")),
            };
        }
        match status.code() {
            tonic::Code::DeadlineExceeded => CallError::TimedOut(message),
            tonic::Code::NotFound => CallError::NotFound { message },
            code => CallError::Refused {
                code: Code::Grpc(code),
                message,
                details: details(status.details()),
            },
        }
    }
}

/// The details that gateways attach to a status.
fn details(bytes: &[u8]) -> Vec<ErrorDetail> {
    let status = rpc::Status::decode(bytes).unwrap_or_default();
    let ours = status
        .details
        .iter()
        .filter(|any| any.type_url.ends_with("/gateway.ErrorDetail"));
    ours.filter_map(|any| ErrorDetail::decode(&any.value[..]).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateways_details_are_part_of_the_refusal() {
        let detail = ErrorDetail {
            address: "peer0:7051".to_owned(),
            msp_id: "Org1MSP".to_owned(),
            message: "no such account".to_owned(),
        };
        let status = rpc::Status {
            code: 10,
            message: "failed to endorse".to_owned(),
            details: vec![prost_types::Any {
                type_url: "type.googleapis.com/gateway.ErrorDetail".to_owned(),
                value: detail.encode_to_vec(),
            }],
        };
        let bytes = status.encode_to_vec().into();

        let error = CallError::from(tonic::Status::with_details(
            tonic::Code::Aborted,
            "failed to endorse",
            bytes,
        ));

        assert_eq!(
            error.to_string(),
            "failed to endorse; peer0:7051 (Org1MSP): no such account"
        );
        assert!(
            matches!(error, CallError::Refused { code: Code::Grpc(tonic::Code::Aborted), details, .. }
            if details == [detail])
        );
    }

    #[test]
    fn refusals_are_told_from_what_is_not_there() {
        let response = |status| {
            Some(Response {
                status,
                message: "why".to_owned(),
                payload: Vec::new(),
            })
        };

        assert!(success(response(200)).is_ok());
        assert!(matches!(success(response(404)), Err(CallError::NotFound { message }) if message == "why"));
        assert!(matches!(
            success(response(500)),
            Err(CallError::Refused {
                code: Code::Status(500),
                ..
            })
        ));
        assert!(matches!(
            CallError::from(tonic::Status::unavailable("busy")),
            CallError::Refused { .. }
        ));
    }
}

//! What one endorser's answer means for a request (`responseStatus` in `internal/pkg/gateway/apiutils.go`).

use entente_fabric::proto::protos::ProposalResponse;
use tonic::Code;

use super::members::Unanswered;

/// An answer that does not endorse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed {
    pub code: Code,
    pub message: String,
    /// Another peer may do better. Only Evaluate asks; Endorse goes on to the next peer of the group in any case.
    pub retry: bool,
    /// The peer cannot be relied on until it has answered a probe.
    pub suspect: bool,
}

/// The suffix of stock's message for a contract whose connection broke (`core/chaincode/handler.go`).
const STREAM_TERMINATED: &str = "chaincode stream terminated";

/// The response, when it is one that endorses.
pub(super) fn of(answer: Result<ProposalResponse, Unanswered>) -> Result<ProposalResponse, Failed> {
    let response = answer.map_err(|unanswered| match unanswered {
        Unanswered::Unreachable(message) => Failed {
            code: Code::Unavailable,
            message,
            retry: true,
            suspect: true,
        },
        Unanswered::Refused(message) => Failed {
            code: Code::FailedPrecondition,
            message,
            retry: false,
            suspect: false,
        },
    })?;
    let (status, message) = response
        .response
        .as_ref()
        .map_or((0, ""), |r| (r.status, r.message.as_str()));
    if (200..400).contains(&status) {
        return Ok(response);
    }
    // Without a payload it is the peer that failed, not the contract.
    if status == 500 && response.payload.is_empty() {
        let suspect = message.ends_with(STREAM_TERMINATED);
        return Err(Failed {
            code: Code::Aborted,
            message: message.to_owned(),
            retry: true,
            suspect,
        });
    }
    let message = format!("chaincode response {status}, {message}");
    Err(Failed {
        code: Code::Unknown,
        message,
        retry: false,
        suspect: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use entente_fabric::proto::protos::Response;

    fn answered(status: i32, message: &str, payload: &[u8]) -> Result<ProposalResponse, Unanswered> {
        let response = Response {
            status,
            message: message.into(),
            payload: vec![],
        };
        Ok(ProposalResponse {
            response: Some(response),
            payload: payload.to_vec(),
            ..Default::default()
        })
    }

    #[test]
    fn every_kind_of_answer_has_the_code_that_stock_gives_it() {
        let failed = |answer| {
            let failed = of(answer).unwrap_err();
            (failed.code, failed.message, failed.retry, failed.suspect)
        };

        assert!(of(answered(200, "", b"p")).is_ok());
        assert!(of(answered(399, "", b"p")).is_ok());
        assert_eq!(
            failed(Err(Unanswered::Unreachable("gone".into()))),
            (Code::Unavailable, "gone".into(), true, true)
        );
        assert_eq!(
            failed(Err(Unanswered::Refused("denied".into()))),
            (Code::FailedPrecondition, "denied".into(), false, false)
        );
        assert_eq!(
            failed(answered(500, "no chaincode", b"")),
            (Code::Aborted, "no chaincode".into(), true, false)
        );
        assert_eq!(
            failed(answered(500, "error sending: chaincode stream terminated", b"")),
            (
                Code::Aborted,
                "error sending: chaincode stream terminated".into(),
                true,
                true
            )
        );
        assert_eq!(
            failed(answered(500, "my mistake", b"p")),
            (Code::Unknown, "chaincode response 500, my mistake".into(), false, false)
        );
        assert_eq!(
            failed(answered(404, "not found", b"")),
            (Code::Unknown, "chaincode response 404, not found".into(), false, false)
        );
    }
}

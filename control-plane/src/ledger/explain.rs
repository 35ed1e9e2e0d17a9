//! Fabric's failures in the API's words.
//!
//! What matters most to a caller is whether the transaction can still take effect, so the phase in which a call failed
//! decides first: before ordering nothing can, after it everything may.

use entente_fabric::client::{CallError, Code as FabricCode};
use entente_fabric::proto::protos::TxValidationCode;

use crate::rest::codes::Code;
use crate::rest::problem::Problem;

/// How far a call had come when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is to be written.
    Evaluate,
    /// Endorsements were being collected; nothing has been ordered.
    Endorse,
    /// The orderers were being asked.
    Submit,
    /// It was ordered; the outcome was being waited for.
    Commit,
}

/// A refusal of a gateway, with what the nodes behind it said.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Failure {
    code: tonic::Code,
    message: String,
    details: Vec<Detail>,
}

/// What one node said.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Detail {
    address: String,
    msp_id: String,
    message: String,
}

/// A failed call as the gateway's gRPC status that it was.
fn failure_of(error: &CallError) -> Failure {
    let plain = |code, message: String| Failure {
        code,
        message,
        details: Vec::new(),
    };
    match error {
        CallError::Unreachable(reason) => plain(tonic::Code::Unavailable, reason.clone()),
        CallError::TimedOut(reason) => plain(tonic::Code::DeadlineExceeded, reason.clone()),
        CallError::NotFound { message } => plain(tonic::Code::NotFound, message.clone()),
        CallError::Refused { code, message, details } => {
            let code = match code {
                FabricCode::Grpc(code) => *code,
                // The status of a chaincode's response.
                FabricCode::Status(_) => tonic::Code::Unknown,
            };
            let details = details.iter().map(|detail| Detail {
                address: detail.address.clone(),
                msp_id: detail.msp_id.clone(),
                message: detail.message.clone(),
            });
            Failure {
                code,
                message: message.clone(),
                details: details.collect(),
            }
        }
        CallError::Malformed(_) | CallError::Sign(_) => plain(tonic::Code::Internal, error.to_string()),
    }
}

impl Failure {
    /// What the nodes said, each once, or what the gateway said when no node said anything.
    fn words(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        for detail in &self.details {
            let text = format!("{} ({}): {}", detail.msp_id, detail.address, detail.message);
            if !words.contains(&text) {
                words.push(text);
            }
        }
        if words.is_empty() {
            self.message.clone()
        } else {
            words.join("; ")
        }
    }

    fn says(&self, text: &str) -> bool {
        self.message.contains(text) || self.details.iter().any(|detail| detail.message.contains(text))
    }
}

/// Why a call of a peer failed. `transaction_id` names the transaction once there is one.
pub fn call(phase: Phase, error: &CallError, transaction_id: &str) -> Problem {
    // The connection broke while the gateway was at work: nobody knows how far it came.
    if let (Phase::Submit, CallError::Unreachable(reason)) = (phase, error) {
        return unknown(transaction_id, reason).with_transaction(transaction_id);
    }
    explained(phase, &failure_of(error), transaction_id)
}

fn explained(phase: Phase, failure: &Failure, transaction_id: &str) -> Problem {
    let problem = match phase {
        Phase::Commit => unknown(transaction_id, &failure.words()),
        Phase::Submit => submit(failure, transaction_id),
        Phase::Endorse | Phase::Evaluate => return before_ordering(failure),
    };
    problem.with_transaction(transaction_id)
}

fn before_ordering(failure: &Failure) -> Problem {
    let words = failure.words();
    if failure.says("ProposalResponsePayloads do not match") {
        return Problem::new(Code::EndorsementMismatch, format!("The endorsements differ: {words}"));
    }
    if failure.says("exceeding concurrency limit") {
        return Problem::new(Code::Overloaded, words).with_retry_after(1);
    }
    if failure.says("access denied") {
        return Problem::new(Code::Forbidden, format!("The chain refuses this identity: {words}"));
    }
    match failure.code {
        tonic::Code::DeadlineExceeded => Problem::new(Code::DeadlineExceeded, words),
        tonic::Code::Unavailable => Problem::new(Code::NodeUnreachable, words).with_retry_after(1),
        tonic::Code::FailedPrecondition => Problem::new(Code::EndorsementPolicyFailure, words),
        tonic::Code::NotFound => Problem::new(Code::NotFound, words),
        tonic::Code::Aborted | tonic::Code::Unknown => contract(failure, words),
        _ => Problem::internal(std::io::Error::other(words)),
    }
}

/// A status 500 of the endorser: mostly the contract's own words, sometimes that it cannot be reached.
fn contract(failure: &Failure, words: String) -> Problem {
    if failure.says("make sure the chaincode") || failure.says("is not defined") || failure.says("could not be found")
    {
        let hint = "Look whether the contract is on this channel and Ready.";
        return Problem::new(Code::NotFound, format!("The channel has no such contract: {words}")).with_hint(hint);
    }
    if failure.says("could not launch chaincode") || failure.says("chaincode stream terminated") {
        return Problem::new(
            Code::NodeUnreachable,
            format!("The contract's service does not answer: {words}"),
        )
        .with_hint("Look at the contract's status, and at the log of the peer.");
    }
    let message = failure
        .details
        .first()
        .map_or(failure.message.as_str(), |detail| detail.message.as_str());
    Problem::new(Code::ContractError, own_words(message))
}

/// What the contract itself said: gateways put `evaluate call to endorser returned error: ` and
/// `chaincode response <status>, ` in front (`internal/pkg/gateway/apiutils.go`).
fn own_words(message: &str) -> &str {
    let message = message
        .strip_prefix("evaluate call to endorser returned error: ")
        .unwrap_or(message);
    let after_status = message
        .strip_prefix("chaincode response ")
        .and_then(|rest| rest.split_once(", "));
    match after_status {
        Some((status, words)) if status.bytes().all(|b| b.is_ascii_digit()) => words,
        _ => message,
    }
}

fn submit(failure: &Failure, transaction_id: &str) -> Problem {
    let words = failure.words();
    match failure.code {
        tonic::Code::Unavailable => {
            Problem::new(Code::NoQuorum, format!("No orderer took the transaction: {words}")).with_retry_after(2)
        }
        tonic::Code::Aborted if failure.says("status=FORBIDDEN") => {
            Problem::new(Code::Forbidden, format!("The orderers refuse this identity: {words}"))
        }
        tonic::Code::Aborted => Problem::new(Code::TransactionInvalid, format!("The orderers refused it: {words}")),
        // An orderer may have taken it before the time was up.
        _ => unknown(transaction_id, &words),
    }
}

fn unknown(transaction_id: &str, words: &str) -> Problem {
    let detail = format!("Transaction {transaction_id} was sent for ordering, and its outcome is not known: {words}");
    Problem::new(Code::CommitUnknown, detail)
}

/// Why a transaction that was ordered has no effect.
pub fn invalid(code: TxValidationCode, transaction_id: &str, block_number: u64) -> Problem {
    let kind = match code {
        TxValidationCode::MvccReadConflict | TxValidationCode::PhantomReadConflict => Code::MvccConflict,
        TxValidationCode::EndorsementPolicyFailure => Code::EndorsementPolicyFailure,
        _ => Code::TransactionInvalid,
    };
    let detail = format!(
        "Transaction {transaction_id} is in block {block_number} with the code {}.",
        code.as_str_name()
    );
    Problem::new(kind, detail).with_transaction(transaction_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code as Grpc;

    fn told(phase: Phase, code: Grpc, message: &str, detail: &str) -> (Code, String) {
        let details = (!detail.is_empty()).then(|| Detail {
            address: "127.0.0.1:7051".to_owned(),
            msp_id: "BankMSP".to_owned(),
            message: detail.to_owned(),
        });
        let problem = explained(
            phase,
            &Failure {
                code,
                message: message.to_owned(),
                details: details.into_iter().collect(),
            },
            "t1",
        );
        (problem.code(), problem.detail().to_owned())
    }

    #[test]
    fn before_ordering_a_failure_says_whose_it_is() {
        let endorse = |code, message: &str, detail: &str| told(Phase::Endorse, code, message, detail).0;

        assert_eq!(
            endorse(
                Grpc::Aborted,
                "failed to endorse transaction",
                "chaincode response 500, no such key"
            ),
            Code::ContractError
        );
        assert_eq!(
            endorse(
                Grpc::Aborted,
                "failed to assemble transaction: ProposalResponsePayloads do not match",
                ""
            ),
            Code::EndorsementMismatch
        );
        assert_eq!(
            endorse(Grpc::FailedPrecondition, "no combination of peers can be derived", ""),
            Code::EndorsementPolicyFailure
        );
        assert_eq!(
            endorse(Grpc::Unavailable, "failed to connect", ""),
            Code::NodeUnreachable
        );
        assert_eq!(
            endorse(Grpc::DeadlineExceeded, "endorsement timeout expired", ""),
            Code::DeadlineExceeded
        );
        assert_eq!(
            endorse(
                Grpc::Unknown,
                "too many requests for /gateway.Gateway, exceeding concurrency limit (500)",
                ""
            ),
            Code::Overloaded
        );
    }

    #[test]
    fn the_contracts_own_words_come_through() {
        let (_, detail) = told(
            Phase::Evaluate,
            Grpc::Unknown,
            "evaluate call to endorser returned error: chaincode response 500, digest: must be 64 hexadecimal digits",
            "",
        );

        assert_eq!(detail, "digest: must be 64 hexadecimal digits");
    }

    #[test]
    fn once_orderers_were_asked_a_lost_answer_means_that_it_may_have_committed() {
        assert_eq!(
            told(
                Phase::Submit,
                Grpc::Unavailable,
                "no orderers could successfully process transaction",
                ""
            )
            .0,
            Code::NoQuorum
        );
        assert_eq!(
            told(Phase::Submit, Grpc::DeadlineExceeded, "submit timeout expired", "").0,
            Code::CommitUnknown
        );
        let (code, detail) = told(Phase::Commit, Grpc::Unavailable, "transport error", "");
        assert_eq!(code, Code::CommitUnknown);
        assert_eq!(
            detail,
            "Transaction t1 was sent for ordering, and its outcome is not known: transport error"
        );
    }

    #[test]
    fn an_identity_that_the_orderers_refuse_is_told_from_a_transaction_that_they_refuse() {
        let submit = |status: &str| {
            let message = format!("received unsuccessful response from orderer: status={status}, info=no");
            told(Phase::Submit, Grpc::Aborted, &message, "").0
        };

        assert_eq!(submit("FORBIDDEN"), Code::Forbidden);
        assert_eq!(submit("BAD_REQUEST"), Code::TransactionInvalid);
    }

    #[test]
    fn a_validation_code_becomes_advice() {
        assert_eq!(
            invalid(TxValidationCode::MvccReadConflict, "t1", 7).code(),
            Code::MvccConflict
        );
        assert_eq!(
            invalid(TxValidationCode::PhantomReadConflict, "t1", 7).code(),
            Code::MvccConflict
        );
        assert_eq!(
            invalid(TxValidationCode::EndorsementPolicyFailure, "t1", 7).code(),
            Code::EndorsementPolicyFailure
        );
        assert_eq!(
            invalid(TxValidationCode::DuplicateTxid, "t1", 7).to_string(),
            "Transaction t1 is in block 7 with the code DUPLICATE_TXID."
        );
    }
}

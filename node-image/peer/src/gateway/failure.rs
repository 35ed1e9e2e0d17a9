//! What a client is told when a call fails: a gRPC code, a sentence, and one `gateway.ErrorDetail` for each node that
//! failed, in the form that the official clients decode (`google.rpc.Status` in `grpc-status-details-bin`).

use std::time::{Duration, Instant};

use entente_fabric::proto::gateway::ErrorDetail;
use entente_fabric::proto::google::rpc;
use prost::Message as _;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

const DETAIL_TYPE: &str = "type.googleapis.com/gateway.ErrorDetail";

/// A failure with the nodes that took part in it.
pub(super) fn with_details(code: Code, message: &str, details: Vec<ErrorDetail>) -> Status {
    if details.is_empty() {
        return Status::new(code, message);
    }
    let pack = |detail: ErrorDetail| prost_types::Any {
        type_url: DETAIL_TYPE.to_owned(),
        value: detail.encode_to_vec(),
    };
    let status = rpc::Status {
        code: code as i32,
        message: message.to_owned(),
        details: details.into_iter().map(pack).collect(),
    };
    Status::with_details(code, message, status.encode_to_vec().into())
}

/// The text of a failed call as Go's client library writes it, which is what stock puts into details.
pub(super) fn text(status: &Status) -> String {
    let code = match status.code() {
        Code::Ok => "OK".to_owned(),
        Code::Cancelled => "Canceled".to_owned(),
        code => format!("{code:?}"),
    };
    format!("rpc error: code = {code} desc = {}", status.message())
}

/// When the client stops waiting, by its `grpc-timeout` header (gRPC over HTTP/2, "Requests").
pub(super) fn deadline(metadata: &MetadataMap) -> Option<Instant> {
    let header = metadata.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = header.split_at_checked(header.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    let timeout = match unit {
        "H" => Duration::from_secs(amount * 3600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    };
    Instant::now().checked_add(timeout)
}

/// `work`, unless the client's deadline passes first.
pub(super) async fn within<T>(
    deadline: Option<Instant>,
    expired: &'static str,
    work: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    match deadline {
        None => work.await,
        Some(deadline) => tokio::time::timeout_at(deadline.into(), work)
            .await
            .unwrap_or_else(|_| Err(Status::deadline_exceeded(expired))),
    }
}

/// What stock says of a channel that the peer has not joined (`registry.go`, `config`, with its cause).
pub(super) fn unknown_channel(channel: &str) -> String {
    format!("failed to get config for channel [{channel}]: could not get last config for channel {channel}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_travel_in_the_form_that_clients_decode() {
        let detail = ErrorDetail {
            address: "a:1".into(),
            msp_id: "M".into(),
            message: "no".into(),
        };

        let status = with_details(Code::Aborted, "failed", vec![detail.clone()]);

        let decoded = rpc::Status::decode(status.details()).unwrap();
        assert_eq!((decoded.code, decoded.message.as_str()), (10, "failed"));
        assert_eq!(decoded.details[0].type_url, "type.googleapis.com/gateway.ErrorDetail");
        assert_eq!(
            ErrorDetail::decode(decoded.details[0].value.as_slice()).unwrap(),
            detail
        );
        assert_eq!(with_details(Code::Aborted, "failed", vec![]).details(), b"");
    }

    #[test]
    fn remote_errors_read_as_they_do_from_stock() {
        assert_eq!(
            text(&Status::unknown("denied")),
            "rpc error: code = Unknown desc = denied"
        );
        assert_eq!(
            text(&Status::cancelled("gone")),
            "rpc error: code = Canceled desc = gone"
        );
    }

    #[test]
    fn the_deadline_is_read_in_every_unit_and_nonsense_is_no_deadline() {
        let read = |text: &str| {
            let mut metadata = MetadataMap::new();
            metadata.insert("grpc-timeout", text.parse().unwrap());
            deadline(&metadata).map(|at| at.saturating_duration_since(Instant::now()).as_secs_f64().ceil() as u64)
        };

        assert_eq!(read("2H"), Some(7200));
        assert_eq!(read("3M"), Some(180));
        assert_eq!(read("5S"), Some(5));
        assert_eq!(read("5000m"), Some(5));
        assert_eq!(read("5000000u"), Some(5));
        assert_eq!(read("5x"), None);
        assert_eq!(read("S"), None);
        assert_eq!(read("123456789S"), None);
    }
}

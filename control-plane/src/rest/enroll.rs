//! `POST /v1/identities:enroll`: an identity whose key the platform never keeps.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use entente_api::Identity;
use entente_api::identity::{IdentitySpec, IdentityStatus};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::App;
use super::bodies::read_new;
use super::extract::{Json, Query};
use super::idempotency::HoldsSecret;
use super::problem::{FieldError, Problem, ProblemBody};
use super::resources::{self, WriteQuery};
use super::view::{Accepted, NewResource, Resource};
use crate::access::{Action, Caller};
use crate::operation::Operation;

/// An identity that is being enrolled.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Enrolled {
    /// The identity; its `status.certificate` is there when the operation has succeeded.
    pub resource: Resource<IdentitySpec, IdentityStatus>,
    /// What to wait for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// The private key, PKCS#8 in PEM. Returned this once and kept nowhere. Absent when the request brought a
    /// certificate signing request: then the key is with the caller already.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Password)]
    pub private_key: Option<String>,
}

/// Enrol an identity and receive its key.
///
/// The key is made for this answer, returned once and kept nowhere. To keep a key with the platform instead, so that it
/// can sign and renew, create an identity with `POST /v1/identities`.
#[utoipa::path(
    post, path = "/v1/identities:enroll", tag = "identities", params(WriteQuery),
    request_body = NewResource<IdentitySpec>,
    responses(
        (status = ACCEPTED, body = Enrolled),
        (status = OK, body = Enrolled, description = "Checked only"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn identity_enroll(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<WriteQuery>,
    Json(mut body): Json<Value>,
) -> Result<Response, Problem> {
    caller.may(Action::IssueIdentities)?;
    let identity: Identity = read_new(body.clone())?;
    let mut private_key = None;
    if identity.spec.certificate_request.is_none() && !query.validate_only {
        let name = identity
            .spec
            .enrollment_id
            .as_deref()
            .or(identity.metadata.name.as_deref())
            .unwrap_or_default();
        let (key, request) = key_and_request(name)?;
        if let Some(spec) = body.get_mut("spec").and_then(Value::as_object_mut) {
            spec.insert("certificateRequest".to_owned(), Value::String(request));
        }
        private_key = Some(key);
    }
    let Accepted { resource, operation } = resources::create::<Identity>(&app, &caller, &query, body).await?;
    let answer = Accepted {
        resource: (),
        operation: operation.clone(),
    }
    .into_response();
    let (mut parts, _) = answer.into_parts();
    if private_key.is_some() {
        parts.extensions.insert(HoldsSecret);
    }
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    let body = serde_json::to_vec(&Enrolled {
        resource,
        operation,
        private_key,
    })
    .map_err(Problem::internal)?;
    Ok(Response::from_parts(parts, axum::body::Body::from(body)))
}

/// A new P-256 key and a request for a certificate on it.
fn key_and_request(name: &str) -> Result<(String, String), Problem> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(Problem::internal)?;
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let wrong = |error: rcgen::Error| {
        Problem::invalid(vec![FieldError::invalid(
            "/spec/enrollmentId",
            format!("cannot stand in a certificate: {error}"),
        )])
    };
    let request = params
        .serialize_request(&key)
        .and_then(|request| request.pem())
        .map_err(wrong)?;
    Ok((key.serialize_pem(), request))
}

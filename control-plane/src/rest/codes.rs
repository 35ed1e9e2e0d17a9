//! The kinds of problems that the API answers, each with its HTTP status, its title and what to do about it.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::language::Language;
use super::problem::{Problem, ProblemBody};
use super::request_id;
use crate::access::Caller;

macro_rules! codes {
    ($($variant:ident = $code:literal, $status:ident, $title:literal, $hint:expr;)*) => {
        /// A kind of problem. Its text is stable within v1; callers should expect texts that they do not know.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $(#[doc = $title] $variant,)* }

        impl Code {
            /// Every kind, in the order of the documentation.
            pub const ALL: &[Code] = &[$(Code::$variant),*];

            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }

            pub fn status(self) -> StatusCode {
                match self { $(Code::$variant => StatusCode::$status,)* }
            }

            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)* }
            }

            /// What to do about it, when that does not depend on the case.
            pub fn hint(self) -> Option<&'static str> {
                match self { $(Code::$variant => $hint,)* }
            }
        }
    };
}

codes! {
    MalformedBody = "malformed_body", BAD_REQUEST, "The request body cannot be read", None;
    InvalidParameter = "invalid_parameter", BAD_REQUEST, "A parameter of the request cannot be used", None;
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Sign in first",
        Some("Send the header `Authorization: Bearer <token>`; the token is in the file that `entente up` names.");
    SignInFailed = "sign_in_failed", UNAUTHORIZED, "The sign-in failed", None;
    SignInNotAdmitted = "sign_in_not_admitted", FORBIDDEN, "This account may not come in",
        Some("Ask an owner of a tenant to invite your e-mail address, then sign in again.");
    UserSuspended = "user_suspended", FORBIDDEN, "Your access is suspended", Some("Ask an owner of your tenant.");
    SecondFactorRequired = "second_factor_required", UNAUTHORIZED, "A code of the second factor is needed",
        Some("Send the `code` that your authenticator application shows, or one of your recovery codes.");
    SignInLocked = "sign_in_locked", TOO_MANY_REQUESTS, "Too many attempts to sign in",
        Some("Wait as long as Retry-After says.");
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests", Some("Wait as long as Retry-After says.");
    CsrfTokenRequired = "csrf_token_required", FORBIDDEN, "The request does not come from the session's own page",
        Some("Send the `csrfToken` of GET /v1/session in the header X-CSRF-Token.");
    PasswordChangeRequired = "password_change_required", FORBIDDEN, "Choose a password of your own first",
        Some("POST /v1/session:changePassword.");
    TenantSuspended = "tenant_suspended", FORBIDDEN, "The tenant is suspended",
        Some("Ask the platform's operators. The tenant's chains run on.");
    Forbidden = "forbidden", FORBIDDEN, "Your role does not allow this", None;
    RegulatorOnlyReads = "regulator_only_reads", FORBIDDEN, "A regulator reads and submits nothing",
        Some("Submit in the name of another organization, if your tenant has one on the chain.");
    NotFound = "not_found", NOT_FOUND, "No such thing", None;
    NoSuchRoute = "no_such_route", NOT_FOUND, "No such path in this API", Some("GET /v1/openapi.json lists every path.");
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "This path does not take this method",
        Some("The `Allow` header and /v1/openapi.json list what it takes.");
    AlreadyExists = "already_exists", CONFLICT, "The name is taken",
        Some("Choose another name, or change the existing one with PATCH or PUT.");
    Conflict = "conflict", CONFLICT, "It was changed at the same time", Some("Read it again and repeat the request.");
    RealNameRequired = "real_name_required", FORBIDDEN, "The organization's record is not approved",
        Some("PUT /v1/organizations/{name}/record submits it; an operator of the platform checks it.");
    QuotaExceeded = "quota_exceeded", FORBIDDEN, "There is no room for it",
        Some("Delete what is no longer needed, or ask the platform's operators for more room.");
    OperationInProgress = "operation_in_progress", CONFLICT, "An operation on it is in progress",
        Some("Wait for the operation (GET /v1/operations/{id}:wait), then repeat the request.");
    LastOwner = "last_owner", CONFLICT, "A tenant needs an owner", Some("Make another user an owner first.");
    InUse = "in_use", CONFLICT, "Others depend on it", None;
    DeletionProtected = "deletion_protected", CONFLICT, "It is protected from deletion",
        Some("Set `spec.deletionProtection` to `false` first.");
    NothingToRetry = "nothing_to_retry", CONFLICT, "There is nothing to try again", None;
    NotRecycled = "not_recycled", CONFLICT, "It is not in the recycle bin", None;
    NotReady = "not_ready", CONFLICT, "It is not ready yet",
        Some("Its `status` says what it is waiting for; wait for the operation that makes it.");
    IdempotencyKeyInFlight = "idempotency_key_in_flight", CONFLICT, "The request with this key is still running", None;
    IdempotencyInterrupted = "idempotency_interrupted", CONFLICT, "The request with this key was interrupted",
        Some("Look whether it took effect; if not, repeat it with a new key.");
    SecretAlreadyReturned = "secret_already_returned", CONFLICT, "The secret has been returned once and is not kept",
        Some("Enrol another identity if the key is lost.");
    MvccConflict = "mvcc_conflict", CONFLICT, "Another transaction changed the same keys first",
        Some("Nothing was written. It is safe to submit it again.");
    EndorsementMismatch = "endorsement_mismatch", CONFLICT, "Organizations came to different results",
        Some("The contract is not deterministic, or one peer is behind. Nothing was written; try again, and look for time, randomness or map order in the contract.");
    EndorsementPolicyFailure = "endorsement_policy_failure", CONFLICT, "Too few organizations endorsed",
        Some("Nothing was written. Compare the contract's endorsement policy with the organizations whose peers run.");
    TransactionInvalid = "transaction_invalid", CONFLICT, "The transaction was ordered and found invalid",
        Some("Nothing was written.");
    InvitationInvalid = "invitation_invalid", GONE, "The invitation cannot be accepted",
        Some("It is good for one person and for some days. Ask for another one.");
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED, "It has changed since you read it",
        Some("Read it again, apply your change to what you find, and send its new etag in If-Match.");
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "The request body is too large",
        Some("Keep large files elsewhere and put their digest on the chain.");
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body is not JSON",
        Some("Send `Content-Type: application/json`.");
    ValidationFailed = "validation_failed", UNPROCESSABLE_ENTITY, "Some fields cannot be used", None;
    ImmutableField = "immutable_field", UNPROCESSABLE_ENTITY, "A field that cannot change was changed", None;
    ContractError = "contract_error", UNPROCESSABLE_ENTITY, "The contract refused the call", None;
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "The key belongs to another request",
        Some("Use a new Idempotency-Key for a different request.");
    Internal = "internal", INTERNAL_SERVER_ERROR, "The platform failed", None;
    SignInUnavailable = "sign_in_unavailable", SERVICE_UNAVAILABLE, "The OpenID provider does not answer",
        Some("Try again in a while. Who has a password here can sign in with it.");
    RegistryUnreachable = "registry_unreachable", SERVICE_UNAVAILABLE, "The cluster does not answer",
        Some("Try again a little later.");
    DatabaseUnreachable = "database_unreachable", SERVICE_UNAVAILABLE, "The platform's database does not answer",
        Some("Try again a little later. A change may have been made: repeat it with its Idempotency-Key, or look first.");
    NoQuorum = "no_quorum", SERVICE_UNAVAILABLE, "The ordering service cannot decide",
        Some("More than half of the orderers must run. GET /v1/chains/{chain}/nodes shows which do not.");
    NodeUnreachable = "node_unreachable", SERVICE_UNAVAILABLE, "A node of the chain does not answer",
        Some("GET /v1/chains/{chain}/nodes shows its state; a node that died is restarted by itself.");
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "A node of the chain has too much to do", Some("Try again a little later.");
    DeadlineExceeded = "deadline_exceeded", GATEWAY_TIMEOUT, "The chain did not answer in time",
        Some("Nothing was sent for ordering. It is safe to try again.");
    CommitUnknown = "commit_unknown", GATEWAY_TIMEOUT, "The transaction may have committed",
        Some("Ask for the transaction by its id before you submit it again.");
}

/// One kind of problem, described.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemKind {
    /// Stable name of this kind.
    pub code: String,
    /// HTTP status that comes with it.
    pub status: u16,
    /// The kind in a few words.
    pub title: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl ProblemKind {
    fn of(code: Code, language: Language) -> ProblemKind {
        ProblemKind {
            code: code.as_str().to_owned(),
            status: code.status().as_u16(),
            title: language.title(code).to_owned(),
            hint: language.hint(code).map(str::to_owned),
        }
    }
}

/// A description, with the language that it is in.
type Described = ([(HeaderName, HeaderValue); 1], Json<ProblemKind>);

/// Describe a kind of problem.
///
/// The `type` of every problem refers here.
#[utoipa::path(
    get, path = "/v1/problems/{code}", tag = "platform",
    params(("code" = String, Path, description = "The `code` of a problem")),
    responses((status = OK, body = ProblemKind), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn problem_get(_: Caller, Path(code): Path<String>) -> Result<Described, Problem> {
    let language = request_id::current().language;
    let known = Code::ALL.iter().find(|known| known.as_str() == code);
    let known = known.ok_or_else(|| Problem::not_found("kind of problem", &code))?;
    let headers = [(header::CONTENT_LANGUAGE, language.tag())];
    Ok((headers, Json(ProblemKind::of(*known, language))))
}

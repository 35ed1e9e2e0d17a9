//! `/v1/session:…Totp`: a user's second factor.

use axum::extract::State;
use axum::http::StatusCode;
use entente_api::time::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::codes::Code;
use super::extract::Json;
use super::idempotency::HoldsSecret;
use super::problem::{FieldError, Problem, ProblemBody};
use super::session::{require_password, step, user_of};
use crate::access::{Caller, second_factor};
use crate::store::access::{recovery_codes, users};

/// That the user is at the keyboard.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Confirmation {
    /// The user's password.
    #[schema(format = Password, example = "correct horse battery")]
    pub password: String,
}

/// A second factor that waits for its first code.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PendingFactor {
    /// The secret, in base 32, to type into an authenticator application.
    #[schema(format = Password, example = "KRSXG5CTMVRXEZLUKN2XAZLSKNSWG4TF")]
    pub secret: String,
    /// The same as an address, to show as a QR code.
    #[schema(example = "otpauth://totp/Entente:li%40bank.example?secret=KRSXG5CT&issuer=Entente")]
    pub uri: String,
}

/// Begin a second factor.
///
/// It counts from its first code on.
#[utoipa::path(
    post, path = "/v1/session:beginTotp", tag = "session", request_body = Confirmation,
    responses((status = OK, body = PendingFactor), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn session_begin_totp(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Confirmation>,
) -> Result<(axum::Extension<HoldsSecret>, axum::Json<PendingFactor>), Problem> {
    let user = user_of(&app, &caller).await?;
    require_password(&app, &user, &body.password, "/password").await?;
    let secret = second_factor::generate();
    users::set_pending_factor(&app.db, &user.id, &secret).await?;
    let uri = second_factor::uri(&secret, &user.email);
    Ok((axum::Extension(HoldsSecret), axum::Json(PendingFactor { secret, uri })))
}

/// A code that an authenticator application shows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FirstCode {
    /// Six digits.
    #[schema(example = "492039")]
    pub code: String,
}

/// Codes for the day the device is lost.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryCodes {
    /// Each is good for one sign-in. They are shown this one time.
    pub recovery_codes: Vec<String>,
}

/// Confirm a second factor by its first code.
#[utoipa::path(
    post, path = "/v1/session:confirmTotp", tag = "session", request_body = FirstCode,
    responses((status = OK, body = RecoveryCodes), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn session_confirm_totp(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<FirstCode>,
) -> Result<(axum::Extension<HoldsSecret>, axum::Json<RecoveryCodes>), Problem> {
    let user = user_of(&app, &caller).await?;
    let Some(secret) = &user.totp_pending else {
        let problem = Problem::new(Code::Conflict, "No second factor waits for its first code.");
        return Err(problem.with_hint("POST /v1/session:beginTotp begins one."));
    };
    let Some(step) = step(secret, &body.code, 0, Time::now()) else {
        let error = FieldError::invalid("/code", "is not the code of now; look at the clock of the device");
        return Err(Problem::invalid(vec![error]));
    };
    let codes = second_factor::recovery_codes();
    recovery_codes::replace(&app.db, &user.id, &codes).await?;
    users::set_factor(&app.db, &user.id, Some(secret), step).await?;
    let codes = RecoveryCodes { recovery_codes: codes };
    Ok((axum::Extension(HoldsSecret), axum::Json(codes)))
}

/// End the second factor.
#[utoipa::path(
    post, path = "/v1/session:endTotp", tag = "session", request_body = Confirmation,
    responses((status = NO_CONTENT), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn session_end_totp(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Confirmation>,
) -> Result<StatusCode, Problem> {
    let user = user_of(&app, &caller).await?;
    require_password(&app, &user, &body.password, "/password").await?;
    users::set_factor(&app.db, &user.id, None, 0).await?;
    recovery_codes::replace(&app.db, &user.id, &[]).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `/v1/sign-in`: how people can sign in, and the way to an OpenID provider and back.
//!
//! begin: the browser gets a cookie and goes to the provider → end: it comes back with a code, for which the provider
//! tells who it is → the same session as after a sign-in with a password.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use entente_api::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::codes::Code;
use super::extract::Query;
use super::problem::{Problem, ProblemBody};
use super::{request_id, session};
use crate::access::{gate, secret};
use crate::oidc::people::{self, Arrival};
use crate::oidc::provider::{Asked, printable};
use crate::oidc::{OidcError, Provider};
use crate::store::access::oidc::{self as table, SignIn};

/// Ties the way back to the browser that began: nobody is signed in by following a link of somebody else's.
const COOKIE_NAME: &str = "entente_sign_in";
/// Where a browser goes that wanted nowhere in particular: it shows who has signed in.
const HOME: &str = "/v1/session";
/// When to try a provider again that does not answer, in seconds.
const RETRY: u32 = 10;

/// How people can sign in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignInWays {
    /// By e-mail address and password, at `POST /v1/session`.
    #[schema(example = true)]
    pub password: bool,
    /// At an OpenID provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc: Option<OidcWay>,
}

/// An OpenID provider to sign in at.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OidcWay {
    /// What people call it.
    #[schema(example = "Bank of Hebei")]
    pub name: String,
    /// Where to send a browser.
    #[schema(example = "/v1/sign-in/oidc")]
    pub url: &'static str,
}

/// Say how people can sign in.
#[utoipa::path(
    get, path = "/v1/sign-in", tag = "session", security(()),
    responses((status = OK, body = SignInWays), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn sign_in_ways(State(app): State<App>) -> axum::Json<SignInWays> {
    let oidc = app.openid.as_ref().map(|provider| OidcWay {
        name: provider.settings.name.clone(),
        url: "/v1/sign-in/oidc",
    });
    axum::Json(SignInWays { password: true, oidc })
}

/// Where to go in the end.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct BeginQuery {
    /// A path of this platform, where the browser goes once it has signed in.
    #[param(example = "/v1/session")]
    pub return_to: Option<String>,
}

/// Sign in at the OpenID provider.
///
/// For a browser: it is sent to the provider, with a cookie for the way back.
#[utoipa::path(
    get, path = "/v1/sign-in/oidc", tag = "session", security(()), params(BeginQuery),
    responses(
        (status = SEE_OTHER, description = "To the provider", headers(("Location" = String, description = "Address of the provider"))),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn sign_in_begin(State(app): State<App>, headers: HeaderMap, Query(query): Query<BeginQuery>) -> Response {
    let begun = begin(&app, query).await;
    begun.unwrap_or_else(|problem| refused(&headers, problem))
}

async fn begin(app: &App, query: BeginQuery) -> Result<Response, Problem> {
    let provider = provider(app)?;
    let return_to = query.return_to.unwrap_or_else(|| HOME.to_owned());
    if !is_own_path(&return_to) {
        return Err(Problem::parameter("returnTo", "must be a path of this platform"));
    }
    let (asked, browser) = (
        Asked {
            state: secret::random(),
            nonce: secret::random(),
            verifier: secret::random(),
        },
        secret::random(),
    );
    let location = provider.authorization(&asked).await.map_err(problem)?;
    let sign_in = SignIn {
        nonce: asked.nonce,
        verifier: asked.verifier,
        return_to,
    };
    table::begin(&app.db, &asked.state, &browser, &sign_in, Time::now()).await?;
    let location = HeaderValue::from_str(&location).map_err(Problem::internal)?;
    let headers = [
        (LOCATION, location),
        (SET_COOKIE, cookie(&browser, table::LIFETIME.as_secs(), app)?),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::SEE_OTHER, AppendHeaders(headers)).into_response())
}

/// What a provider sends a browser back with (RFC 6749 §4.1.2, RFC 9207).
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EndQuery {
    /// What the provider was given when the sign-in began.
    pub state: Option<String>,
    /// What the platform asks the provider with.
    pub code: Option<String>,
    /// Issuer of the code.
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// The same for people.
    pub error_description: Option<String>,
}

/// Come back from the OpenID provider.
///
/// The provider sends the browser here. The answer sets the session's cookie, and is a page that leads on.
#[utoipa::path(
    get, path = "/v1/sign-in/oidc/callback", tag = "session", security(()), params(EndQuery),
    responses(
        (status = OK, body = String, content_type = "text/html"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn sign_in_end(State(app): State<App>, headers: HeaderMap, Query(query): Query<EndQuery>) -> Response {
    let ended = end(&app, &headers, query).await;
    ended.unwrap_or_else(|problem| refused(&headers, problem))
}

async fn end(app: &App, headers: &HeaderMap, query: EndQuery) -> Result<Response, Problem> {
    let (provider, now) = (provider(app)?, Time::now());
    let note = request_id::current().note;
    note.object("session at the OpenID provider".to_owned());
    let state = query.state.as_deref().unwrap_or_default();
    let browser = gate::cookie(headers, COOKIE_NAME).unwrap_or_default();
    // Used up whatever comes of it: an answer that was seen elsewhere is of no use here.
    let begun = table::take(&app.db, state, browser, now).await?;
    let begun = begun.ok_or_else(|| failed("This browser has begun no such sign-in, or too long ago."))?;
    if let Some(error) = &query.error {
        let description = query.error_description.as_deref().unwrap_or_default();
        let words = format!("{error} {description}");
        return Err(failed(&format!(
            "The OpenID provider says: {}.",
            printable(words.trim())
        )));
    }
    let asked = Asked {
        state: state.to_owned(),
        nonce: begun.nonce,
        verifier: begun.verifier,
    };
    let code = query.code.as_deref().unwrap_or_default();
    let claims = provider
        .claims(code, query.iss.as_deref(), &asked)
        .await
        .map_err(problem)?;
    let mut who = Arrival::read(&provider.settings, &claims);
    let name = who.email.as_deref().unwrap_or(&who.subject);
    note.object(format!("session of {}", printable(name)));
    only_tenants(app, &mut who).await?;
    let admitted = people::admit(&app.db, &provider.settings, &who, now).await?;
    let user = admitted.map_err(|refusal| Problem::new(Code::SignInNotAdmitted, refusal.to_string()))?;
    let email = user.email.clone();
    let (session, _) = session::begin(app, user, now).await?;
    note.after(&json!({"email": email, "issuer": who.issuer, "subject": who.subject}));
    arrived(app, session, &begun.return_to)
}

/// A rule may name a tenant that is not there any more, or not yet.
async fn only_tenants(app: &App, who: &mut Arrival) -> Result<(), Problem> {
    for tenant in who.grants.keys().cloned().collect::<Vec<_>>() {
        if app.gate.tenant(&tenant).await?.is_none() {
            who.grants.remove(&tenant);
        }
    }
    Ok(())
}

/// A page, because a browser that another site has sent here would go on without the session's cookie (`SameSite=Strict`)
/// if it were redirected.
fn arrived(app: &App, session: HeaderValue, return_to: &str) -> Result<Response, Problem> {
    let headers = [(SET_COOKIE, session), (SET_COOKIE, cookie("", 0, app)?)];
    Ok((AppendHeaders(headers), leading_to(return_to)).into_response())
}

/// Why nobody is signed in. A person at a browser is led to the console's sign-in, which says it in their language; a
/// program gets the problem itself. The status is the same, for the audit and for whoever watches answers.
fn refused(headers: &HeaderMap, problem: Problem) -> Response {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    if !accept.is_some_and(|accept| accept.contains("text/html")) {
        return problem.into_response();
    }
    let target = format!("/sign-in?refused={}", problem.code().as_str());
    let (mut answer, _) = problem.into_response().into_parts();
    let (page, body) = leading_to(&target).into_response().into_parts();
    answer.headers.extend(page.headers);
    Response::from_parts(answer, body)
}

/// A page that leads on to a path of this platform.
fn leading_to(path: &str) -> impl IntoResponse {
    let target = path.replace('&', "&amp;");
    let page = format!(
        "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0; url={target}\">\
         <title>Entente</title><a href=\"{target}\">Go on</a>\n"
    );
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'")),
    ];
    (headers, page)
}

fn provider(app: &App) -> Result<Arc<Provider>, Problem> {
    let none = || Problem::new(Code::NotFound, "Nobody signs in at an OpenID provider here.");
    app.openid.clone().ok_or_else(none)
}

fn problem(error: OidcError) -> Problem {
    if error.is_passing() {
        return Problem::new(Code::SignInUnavailable, format!("{error}."))
            .with_retry_after(RETRY)
            .because(error);
    }
    failed(&format!("Nobody is signed in: {error}."))
}

fn failed(detail: &str) -> Problem {
    Problem::new(Code::SignInFailed, detail).with_hint("Begin again at /v1/sign-in/oidc.")
}

/// `SameSite=Lax`: the provider's page leads the browser back here.
fn cookie(value: &str, seconds: u64, app: &App) -> Result<HeaderValue, Problem> {
    let secure = if app.gate.has_secure_cookies { "; Secure" } else { "" };
    let text = format!("{COOKIE_NAME}={value}; Path=/v1/sign-in; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).map_err(Problem::internal)
}

/// A path, and none that a browser takes for another site (`//host`, `/\host`) or that ends an attribute of a page.
fn is_own_path(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~?&=%#+:@,;".contains(&byte);
    path.starts_with('/') && !path.starts_with("//") && path.len() <= 1000 && path.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_no_other_site() {
        assert!(is_own_path("/chains/ledger?tab=nodes&x=1#top"));
        for path in [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\"><script>",
            "",
            "/a\nb",
        ] {
            assert!(!is_own_path(path), "{path}");
        }
    }
}

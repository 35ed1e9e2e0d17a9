//! Who calls, and what they may do.
//!
//! A request becomes a [`Caller`] by its bearer token; [`Caller::may`] turns that into a [`TenantScope`], which every
//! store function demands. So a query that forgets to ask does not compile.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use entente_fabric::crypto::sha256;

use super::codes::Code;
use super::problem::Problem;

/// What a request wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// See resources, operations, logs and ledgers.
    Read,
    /// Create, change and delete resources.
    Write,
    /// Submit transactions in the name of an organization.
    Transact,
    /// Receive keys.
    Enroll,
}

/// Somebody who has signed in.
#[derive(Debug, Clone)]
pub struct Caller {
    tenant: Arc<str>,
    role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The holder of the installation's own token.
    Administrator,
}

impl Caller {
    /// The scope in which the caller may do this.
    ///
    /// # Errors
    /// `forbidden` when the caller's role does not allow it.
    pub fn may(&self, _action: Action) -> Result<TenantScope, Problem> {
        match self.role {
            Role::Administrator => Ok(TenantScope {
                tenant: self.tenant.clone(),
            }),
        }
    }
}

/// The tenant whose things a store function may touch. Made by [`Caller::may`], or by name for work of the platform's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantScope {
    tenant: Arc<str>,
}

impl TenantScope {
    /// The scope of a background task that serves the given tenant; `task` says which, for the reader.
    pub fn for_background_task(_task: &'static str, tenant: &str) -> TenantScope {
        TenantScope { tenant: tenant.into() }
    }

    /// The namespace that holds the tenant's resources.
    pub fn namespace(&self) -> &str {
        &self.tenant
    }
}

/// The tokens that are accepted. Only their hashes are kept in memory.
#[derive(Debug, Clone)]
pub struct Tokens {
    administrator: [u8; 32],
    tenant: Arc<str>,
}

impl Tokens {
    /// The administrator's, for the tenant whose resources are in a namespace.
    pub fn new(administrator: &str, tenant: &str) -> Tokens {
        Tokens {
            administrator: sha256(administrator.as_bytes()),
            tenant: tenant.into(),
        }
    }

    /// Compares hashes, and those in constant time, so that an answer's time tells nothing about the token.
    fn caller(&self, token: &str) -> Option<Caller> {
        let presented = sha256(token.as_bytes());
        aws_lc_rs::constant_time::verify_slices_are_equal(&presented, &self.administrator).ok()?;
        Some(Caller {
            tenant: self.tenant.clone(),
            role: Role::Administrator,
        })
    }
}

/// Answers 401 to whoever shows no valid token, before anything else is looked at.
pub async fn layer(State(tokens): State<Tokens>, mut request: Request, next: Next) -> Response {
    let authorization = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let detail = match authorization.and_then(bearer) {
        None if authorization.is_none() => "The request carries no token.",
        None => "The Authorization header is not of the form `Bearer <token>`.",
        Some(token) => match tokens.caller(token) {
            Some(caller) => {
                request.extensions_mut().insert(caller);
                return next.run(request).await;
            }
            None => "The token is not valid here.",
        },
    };
    Problem::new(Code::Unauthenticated, detail).into_response()
}

/// The token of an `Authorization` header; the scheme's case does not matter (RFC 9110 §11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.ok_or_else(|| Problem::new(Code::Unauthenticated, "The request carries no token."))
    }
}

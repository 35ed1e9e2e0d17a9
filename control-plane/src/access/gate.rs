//! From what a request carries to who makes it.
//!
//! Programs show a bearer token: the installation's own, an API key, a token that one was exchanged for, or on a cluster
//! their ServiceAccount's. Browsers show the cookie of a session, and with every change the session's CSRF token, which
//! another site's page cannot know.

use std::sync::Arc;

use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::{HeaderMap, Method};
use entente_api::Tenant;
use entente_api::time::Time;
use entente_operator::registry::{Registry, Scope};

use super::secret;
use super::service_accounts::{ServiceAccount, ServiceAccounts};
use super::tokens::Tokens;
use super::{Action, Actor, Caller, Limits, Membership, Role};
use crate::rest::codes::Code;
use crate::rest::problem::Problem;
use crate::store::Db;
use crate::store::access::{api_keys, memberships, service_accounts, sessions, users};

/// Name of the session's cookie.
pub const COOKIE_NAME: &str = "entente_session";
/// Names the tenant of a request, for callers of several.
pub const TENANT_HEADER: &str = "entente-tenant";
/// Carries the session's CSRF token.
pub const CSRF_HEADER: &str = "x-csrf-token";
/// What every API key begins with.
pub const KEY_PREFIX: &str = "ent_";

/// Knows who is who.
#[derive(Clone)]
pub struct Gate {
    pub db: Db,
    pub tokens: Tokens,
    /// Where the tokens of ServiceAccounts are taken.
    pub service_accounts: Option<ServiceAccounts>,
    /// Whether browsers reach the platform over TLS only, and may be told to send cookies over nothing else.
    pub has_secure_cookies: bool,
    registry: Registry,
    /// Hash of the installation's own token.
    installation: Arc<str>,
    /// The tenant that it is for unless a request names another.
    namespace: Arc<str>,
}

/// A caller, and what must be known of them besides.
#[derive(Debug, Clone)]
pub struct Recognized {
    pub caller: Caller,
    /// Until they have a password of their own, they may do nothing else.
    pub must_change_password: bool,
    /// How many requests their tenant may make in a second, where it says so.
    pub requests_per_second: Option<u32>,
}

impl Gate {
    /// `installation` is the token that may everything; `namespace` the tenant whose resources it is for.
    pub fn new(db: Db, registry: Registry, installation: &str, namespace: &str) -> Gate {
        Gate {
            has_secure_cookies: false,
            service_accounts: None,
            tokens: Tokens::new(db.clone()),
            db,
            registry,
            installation: secret::hash(installation).into(),
            namespace: namespace.into(),
        }
    }

    /// Who makes a request.
    ///
    /// # Errors
    /// `unauthenticated` when it carries nothing that is valid here, `csrf_token_required`, `tenant_suspended`.
    pub async fn recognize(&self, method: &Method, headers: &HeaderMap) -> Result<Recognized, Problem> {
        let wanted = headers
            .get(TENANT_HEADER)
            .map(|value| value.to_str().unwrap_or_default());
        let (caller, must_change_password) = match (headers.get(AUTHORIZATION), cookie(headers, COOKIE_NAME)) {
            (Some(authorization), _) => {
                let authorization = authorization.to_str().unwrap_or_default();
                let token = bearer(authorization).ok_or_else(|| {
                    unauthenticated("The Authorization header is not of the form `Bearer <token>`.")
                })?;
                (self.by_token(token, wanted).await?, false)
            }
            (None, Some(cookie)) => self.by_cookie(cookie, wanted, method, headers).await?,
            (None, None) => return Err(unauthenticated("The request carries no token.")),
        };
        let requests_per_second = self.look_at_tenant(&caller).await?;
        Ok(Recognized {
            caller,
            must_change_password,
            requests_per_second,
        })
    }

    async fn by_token(&self, token: &str, wanted: Option<&str>) -> Result<Caller, Problem> {
        let unknown = || unauthenticated("The token is not valid here.");
        let now = Time::now();
        if secret::matches(&secret::hash(token), &self.installation) {
            self.installation(wanted).await
        } else if let Some((id, secret)) = token.strip_prefix(KEY_PREFIX).and_then(|rest| rest.split_once('_')) {
            let known = api_keys::find(&self.db, id).await?;
            let known = known.filter(|known| known.takes(secret, now)).ok_or_else(unknown)?;
            api_keys::used(&self.db, &known.key, now).await?;
            Ok(of_key(known.key))
        } else if ServiceAccounts::is_claimed(token) {
            let account = self.service_account(token, now).await?.ok_or_else(unknown)?;
            self.by_service_account(&account, wanted, now).await
        } else {
            self.tokens
                .caller(token)
                .await
                .map_err(Problem::internal)?
                .ok_or_else(unknown)
        }
    }

    async fn installation(&self, wanted: Option<&str>) -> Result<Caller, Problem> {
        let tenant = match wanted {
            Some(name) if *name != *self.namespace => {
                self.tenant(name).await?.ok_or_else(|| no_such_tenant(name))?;
                name.into()
            }
            _ => self.namespace.clone(),
        };
        Ok(Caller {
            actor: Actor::Installation,
            tenant: Some(Membership {
                tenant,
                role: Role::Owner,
            }),
            is_platform_operator: true,
            limits: None,
            is_by_token: false,
        })
    }

    async fn service_account(&self, token: &str, now: Time) -> Result<Option<ServiceAccount>, Problem> {
        let Some(known) = &self.service_accounts else {
            return Ok(None);
        };
        known.of_token(token, now).await.map_err(|error| {
            Problem::new(
                Code::RegistryUnreachable,
                "The cluster does not say whose the token is.",
            )
            .because(error)
        })
    }

    /// A ServiceAccount works for the tenant of its own namespace, unless a request names another: whom another tenant lets
    /// in changes nothing for those that do not ask for it.
    async fn by_service_account(
        &self,
        account: &ServiceAccount,
        wanted: Option<&str>,
        now: Time,
    ) -> Result<Caller, Problem> {
        let tenant = wanted.unwrap_or(&account.namespace);
        let bound = service_accounts::find(&self.db, tenant, account).await?.ok_or_else(|| {
            // The same whether or not there is such a tenant.
            let detail = format!("The ServiceAccount \"{account}\" has no role in the tenant \"{tenant}\".");
            unauthenticated(&detail).with_hint(
                "The tenant lets it in by POST /v1/service-accounts. The header Entente-Tenant names a tenant that is not of its namespace.",
            )
        })?;
        service_accounts::used(&self.db, &bound, now).await?;
        Ok(Caller {
            actor: Actor::ServiceAccount { user: account.user() },
            tenant: Some(Membership {
                tenant: tenant.into(),
                role: bound.role,
            }),
            is_platform_operator: false,
            limits: None,
            is_by_token: false,
        })
    }

    /// Who is behind a session, and whether they have to choose a password first.
    async fn by_cookie(
        &self,
        cookie: &str,
        wanted: Option<&str>,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<(Caller, bool), Problem> {
        let ended = || unauthenticated("The session has ended.");
        let session = sessions::find(&self.db, cookie, Time::now()).await?.ok_or_else(ended)?;
        if !method.is_safe() {
            let token = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
            if !token.is_some_and(|token| secret::matches(token, &session.csrf_token)) {
                let detail = format!("A change made with a session's cookie carries its token in {CSRF_HEADER}.");
                return Err(Problem::new(Code::CsrfTokenRequired, detail));
            }
        }
        let user = users::get(&self.db, &session.user).await?.ok_or_else(ended)?;
        let own = memberships::of_user(&self.db, &user.id).await?;
        if let Some(name) = wanted.filter(|name| !own.iter().any(|(tenant, _)| tenant == name)) {
            return Err(no_such_tenant(name));
        }
        let caller = Caller::of_user(&user, &session, &own, wanted);
        Ok((caller, user.must_change_password))
    }

    /// The resource of a tenant, where it has one.
    pub async fn tenant(&self, name: &str) -> Result<Option<Tenant>, Problem> {
        Ok(self.registry.get::<Tenant>(&Scope::All, name).await?)
    }

    /// A suspended tenant's nodes run on; nobody of it gets in. Gives how many requests a tenant may make in a second.
    async fn look_at_tenant(&self, caller: &Caller) -> Result<Option<u32>, Problem> {
        let Some(membership) = &caller.tenant else {
            return Ok(None);
        };
        match self.tenant(&membership.tenant).await? {
            Some(tenant) if tenant.spec.suspended && !caller.is_platform_operator => {
                let detail = format!("The tenant \"{}\" is suspended.", membership.tenant);
                Err(Problem::new(Code::TenantSuspended, detail))
            }
            tenant => Ok(tenant.and_then(|tenant| tenant.spec.quotas.requests_per_second)),
        }
    }
}

fn of_key(key: api_keys::ApiKey) -> Caller {
    let scopes = key.scopes.iter().filter_map(|scope| Action::of_scope(scope));
    Caller {
        tenant: Some(Membership {
            tenant: key.tenant.as_str().into(),
            role: Role::Owner,
        }),
        is_platform_operator: false,
        limits: Some(Limits {
            actions: scopes.collect(),
            chains: key.chains.map(Into::into),
            per_second: key.requests_per_second,
        }),
        is_by_token: false,
        actor: Actor::Key {
            id: key.id,
            name: key.name,
        },
    }
}

fn unauthenticated(detail: &str) -> Problem {
    Problem::new(Code::Unauthenticated, detail)
}

fn no_such_tenant(name: &str) -> Problem {
    Problem::not_found("tenant", name)
}

/// The token of an `Authorization` header; the scheme's case does not matter (RFC 9110 §11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}

/// A cookie by its name (RFC 6265 §5.4).
pub fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value)
}

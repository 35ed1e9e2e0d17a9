//! Whose account it is that a provider vouches for.
//!
//! A subject that is known is its account's. One that is new is linked to the account of its verified address, or gets an
//! account where the installation admits it. Who was invited by that address has then accepted.

use std::collections::BTreeMap;

use entente_api::time::Time;
use serde_json::{Map, Value};

use super::{Admission, Settings};
use crate::access::{Role, TenantScope};
use crate::store::access::memberships::{self, Change};
use crate::store::access::users::{self, User};
use crate::store::access::{invitations, oidc, sessions};
use crate::store::{Db, DbError};

/// Why somebody whom the provider vouches for does not come in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("The provider names no e-mail address.")]
    NoEmail,
    #[error("The provider has not verified the address {0}.")]
    Unverified(String),
    #[error("Addresses of the domain {0} are not taken here.")]
    Domain(String),
    #[error("Nobody has invited {0}.")]
    NotInvited(String),
    #[error("The account {0} belongs to somebody else at the provider.")]
    AnotherSubject(String),
}

/// Somebody as the provider describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    pub issuer: String,
    pub subject: String,
    /// As accounts are named.
    pub email: Option<String>,
    pub is_verified: bool,
    pub name: Option<String>,
    /// What the rules make of them, by tenant.
    pub grants: BTreeMap<String, Role>,
}

impl Arrival {
    /// Reads believed claims.
    pub fn read(settings: &Settings, claims: &Map<String, Value>) -> Arrival {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let email = text("email").map(users::normal);
        Arrival {
            issuer: settings.issuer.clone(),
            subject: text("sub").unwrap_or_default().to_owned(),
            email: email.filter(|email| email.len() <= 254 && email.contains('@')),
            // Some send it as a text.
            is_verified: matches!(claims.get("email_verified"), Some(Value::Bool(true)))
                || text("email_verified") == Some("true"),
            name: text("name").map(|name| name.chars().take(200).collect()),
            grants: super::grants(&settings.rules, &settings.role_claim, claims),
        }
    }

    /// The address, as far as it may be relied on.
    fn verified(&self, settings: &Settings) -> Result<&str, Refusal> {
        let email = self.email.as_deref().ok_or(Refusal::NoEmail)?;
        if !self.is_verified {
            return Err(Refusal::Unverified(email.to_owned()));
        }
        let domain = email.rsplit('@').next().unwrap_or_default();
        match settings.domains.is_empty() || settings.domains.iter().any(|allowed| allowed == domain) {
            true => Ok(email),
            false => Err(Refusal::Domain(domain.to_owned())),
        }
    }
}

/// Finds, or makes, the account of whoever has arrived, and brings their memberships up to what the provider says.
pub async fn admit(db: &Db, settings: &Settings, who: &Arrival, now: Time) -> Result<Result<User, Refusal>, DbError> {
    let verified = who.verified(settings);
    let known = oidc::user(db, &who.issuer, &who.subject).await?;
    let user = match (known, &verified) {
        // Who was let in by another address of theirs is kept out all the same when its domain is no longer taken.
        (Some(user), Ok(_)) => user,
        (Some(user), Err(_)) if settings.domains.is_empty() => user,
        (_, Err(refusal)) => return Ok(Err(refusal.clone())),
        (None, Ok(email)) => match first_time(db, settings, who, email, now).await? {
            Ok(user) => user,
            refused => return Ok(refused),
        },
    };
    if let Ok(email) = verified {
        for invitation in invitations::of_email(db, email, now).await? {
            invitations::accept(db, &invitation, &user.id, now).await?;
        }
    }
    provide(db, &user, &who.grants, now).await?;
    Ok(Ok(user))
}

async fn first_time(
    db: &Db,
    settings: &Settings,
    who: &Arrival,
    email: &str,
    now: Time,
) -> Result<Result<User, Refusal>, DbError> {
    let known = users::by_email(db, email).await?;
    let is_admitted = known.is_some()
        || !invitations::of_email(db, email, now).await?.is_empty()
        || settings.admission == Admission::Domains
        || (settings.admission == Admission::Mapped && !who.grants.is_empty());
    if !is_admitted {
        return Ok(Err(Refusal::NotInvited(email.to_owned())));
    }
    let is_new = known.is_none();
    let user = match known {
        Some(user) => user,
        None => {
            let user = User::new(email, who.name.as_deref().unwrap_or(email), None, now);
            match users::insert(db, &user).await? {
                true => user,
                // The same person has come twice at once.
                false => users::by_email(db, email).await?.unwrap_or(user),
            }
        }
    };
    if !oidc::link(db, &who.issuer, &who.subject, &user.id, now).await? {
        return Ok(Err(Refusal::AnotherSubject(email.to_owned())));
    }
    if !is_new && !user.is_platform_operator {
        // Whoever made the account has not shown that the address is theirs: their password and sessions end here. A
        // platform operator's stay, for the day the provider is down.
        users::forget_password(db, &user.id).await?;
        sessions::end_all(db, &user.id, None).await?;
    }
    Ok(Ok(user))
}

/// Makes somebody what the rules say, and nothing that they said before and no longer say. What people have decided stays.
async fn provide(db: &Db, user: &User, grants: &BTreeMap<String, Role>, now: Time) -> Result<(), DbError> {
    let scope = |tenant: &str| TenantScope::for_background_task("what a provider says of somebody", tenant);
    for (tenant, role) in memberships::provided(db, &user.id).await? {
        let change = match grants.get(&tenant) {
            Some(granted) if *granted == role => continue,
            Some(granted) => Change::Role(*granted, None),
            None => Change::End,
        };
        if !memberships::change(db, &scope(&tenant), &user.id, change).await? {
            tracing::warn!(
                tenant,
                user = user.id,
                "a tenant's only owner stays, whatever the OpenID provider says"
            );
        }
    }
    for (tenant, role) in grants {
        memberships::provide(db, &scope(tenant), &user.id, *role, now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;

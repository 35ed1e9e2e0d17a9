//! Somebody who has signed in, and what they may touch.
//!
//! [`Caller::may`] turns a caller into a [`TenantScope`], which every store function demands. So a query that forgets to
//! ask does not compile.

use std::sync::Arc;

use super::{Action, Role};
use crate::rest::codes::Code;
use crate::rest::problem::Problem;
use crate::store::access::sessions::Session;
use crate::store::access::users::User;

/// Somebody who has signed in.
#[derive(Debug, Clone)]
pub struct Caller {
    pub actor: Actor,
    /// Where they work now: a user of several tenants chooses one, one of none has none.
    pub tenant: Option<Membership>,
    /// Whether they are one of the platform's operators.
    pub is_platform_operator: bool,
    /// What the credential is limited to; `None`: to nothing.
    pub limits: Option<Limits>,
    /// Whether they have shown a token that a key was exchanged for.
    pub is_by_token: bool,
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The holder of the installation's own token.
    Installation,
    /// A person, by id and e-mail address.
    User { id: String, email: String, session: String },
    /// An API key, by id and name.
    Key { id: String, name: String },
    /// A ServiceAccount of the cluster, by its name as a user there.
    ServiceAccount { user: String },
}

/// A user's, a key's or a ServiceAccount's part in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub tenant: Arc<str>,
    pub role: Role,
}

/// What an API key is limited to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub actions: Arc<[Action]>,
    /// Names of chains; `None`: every chain of the tenant.
    pub chains: Option<Arc<[String]>>,
    /// Requests; `None`: as many as its tenant may make.
    pub per_second: Option<u32>,
}

impl Actor {
    /// Tells this actor from every other, for good.
    pub fn id(&self) -> &str {
        match self {
            Actor::Installation => "",
            Actor::User { id, .. } | Actor::Key { id, .. } => id,
            Actor::ServiceAccount { user } => user,
        }
    }
}

impl std::fmt::Display for Actor {
    /// As records of what was done name them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Actor::Installation => f.write_str("installation"),
            Actor::User { email, .. } => f.write_str(email),
            Actor::Key { name, .. } => write!(f, "key:{name}"),
            Actor::ServiceAccount { user } => f.write_str(user),
        }
    }
}

impl Caller {
    /// The scope in which the caller may do this.
    ///
    /// # Errors
    /// `forbidden` when the caller's role or key does not allow it.
    pub fn may(&self, action: Action) -> Result<TenantScope, Problem> {
        if self.tenant.is_none() {
            // What an operator of the platform has asked for must be theirs to follow.
            if self.is_platform_operator && matches!(action, Action::ReadOperations | Action::ReadReleases) {
                return Ok(self.own_scope());
            }
            let detail = "You are a member of no tenant.";
            return Err(Problem::new(Code::Forbidden, detail)
                .with_hint("Ask an owner of a tenant to invite you, or a platform operator to make one for you."));
        }
        self.allowed(action)?;
        Ok(self.own_scope())
    }

    /// A person at a browser. `own` are their tenants, `wanted` the one that a request names.
    pub fn of_user(user: &User, session: &Session, own: &[(String, Role)], wanted: Option<&str>) -> Caller {
        let chosen = wanted.or(session.tenant.as_deref());
        // Taken out of the chosen one since: they go on in another.
        let tenant = own
            .iter()
            .find(|(name, _)| Some(name.as_str()) == chosen)
            .or(own.first());
        Caller {
            actor: Actor::User {
                id: user.id.clone(),
                email: user.email.clone(),
                session: session.id.clone(),
            },
            tenant: tenant.map(|(name, role)| Membership {
                tenant: name.as_str().into(),
                role: *role,
            }),
            is_platform_operator: user.is_platform_operator,
            limits: None,
            is_by_token: false,
        }
    }

    /// Whether the caller may do this.
    pub fn is_allowed(&self, action: Action) -> bool {
        self.allowed(action).is_ok()
    }

    /// Where what the caller has asked for is kept: with their tenant, or with the platform when they work for no tenant.
    pub fn own_scope(&self) -> TenantScope {
        let limits = self.limits.as_ref();
        TenantScope {
            tenant: self
                .tenant
                .as_ref()
                .map_or_else(|| "".into(), |membership| membership.tenant.clone()),
            chains: limits.and_then(|limits| limits.chains.clone()),
        }
    }

    /// That the caller may do what concerns the installation as a whole.
    ///
    /// # Errors
    /// `forbidden` when they are no operator of the platform.
    pub fn may_on_the_platform(&self, action: Action) -> Result<PlatformScope, Problem> {
        self.allowed(action).map(|()| PlatformScope { _private: () })
    }

    fn allowed(&self, action: Action) -> Result<(), Problem> {
        let by_role = match &self.tenant {
            _ if action.is_of_the_platform() => self.is_platform_operator,
            Some(membership) => action.roles().contains(&membership.role),
            None => false,
        };
        let limits = self.limits.as_ref();
        let by_key = limits.is_none_or(|limits| limits.actions.contains(&action));
        if by_role && by_key {
            return Ok(());
        }
        let problem = |detail: String| Problem::new(Code::Forbidden, detail);
        Err(match &self.tenant {
            _ if !by_key => problem(format!("This API key does not have the scope {}.", action.scope()))
                .with_hint("Make a key that has it, or use another one."),
            _ if action.is_of_the_platform() => problem("Only operators of the platform may do this.".to_owned()),
            Some(membership) => {
                let allowed: Vec<&str> = action.roles().iter().map(|role| role.as_str()).collect();
                problem(format!(
                    "The role {} does not include {}.",
                    membership.role.as_str(),
                    action.scope()
                ))
                .with_hint(format!("It takes one of these roles: {}.", allowed.join(", ")))
            }
            None => problem("You are a member of no tenant.".to_owned()),
        })
    }
}

/// The tenant whose things a store function may touch. Made by [`Caller::may`], or by name for work of the platform's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantScope {
    tenant: Arc<str>,
    chains: Option<Arc<[String]>>,
}

impl TenantScope {
    /// The scope of a background task that serves the given tenant; `task` says which, for the reader.
    pub fn for_background_task(_task: &'static str, tenant: &str) -> TenantScope {
        TenantScope {
            tenant: tenant.into(),
            chains: None,
        }
    }

    /// The namespace that holds the tenant's resources.
    pub fn namespace(&self) -> &str {
        &self.tenant
    }

    /// Whether the scope reaches what belongs to a chain of this name; `None` is what belongs to no chain.
    pub fn reaches(&self, chain: Option<&str>) -> bool {
        match (&self.chains, chain) {
            (Some(chains), Some(chain)) => chains.iter().any(|reached| reached == chain),
            _ => true,
        }
    }
}

/// The right to touch what belongs to the installation as a whole. Made by [`Caller::may_on_the_platform`].
#[derive(Debug, Clone)]
pub struct PlatformScope {
    _private: (),
}

impl PlatformScope {
    /// For work of the platform's own; `task` says which, for the reader.
    pub fn for_background_task(_task: &'static str) -> PlatformScope {
        PlatformScope { _private: () }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(role: Role, limits: Option<Limits>) -> Caller {
        Caller {
            actor: Actor::Installation,
            tenant: Some(Membership {
                tenant: "bank".into(),
                role,
            }),
            is_platform_operator: false,
            limits,
            is_by_token: false,
        }
    }

    #[test]
    fn a_role_may_what_the_table_says() {
        let developer = caller(Role::Developer, None);

        let deploys = developer.may(Action::DeployContracts).unwrap();
        let deletes = developer.may(Action::DeleteChains).unwrap_err();
        let releases = developer.may_on_the_platform(Action::WriteReleases).unwrap_err();

        assert_eq!(deploys, TenantScope::for_background_task("test", "bank"));
        assert_eq!(
            (deletes.to_string(), releases.to_string()),
            (
                "The role developer does not include chains:delete.".to_owned(),
                "Only operators of the platform may do this.".to_owned()
            )
        );
    }

    #[test]
    fn a_key_may_no_more_than_its_scopes_and_reaches_no_other_chain() {
        let limits = Limits {
            actions: [Action::ReadChains].into(),
            chains: Some(["ledger".to_owned()].into()),
            per_second: None,
        };
        let key = caller(Role::Owner, Some(limits));

        let scope = key.may(Action::ReadChains).unwrap();
        let refused = key.may(Action::WriteChains).unwrap_err();

        assert_eq!(
            refused.to_string(),
            "This API key does not have the scope chains:write."
        );
        assert_eq!(
            (
                scope.reaches(Some("ledger")),
                scope.reaches(Some("other")),
                scope.reaches(None)
            ),
            (true, false, true)
        );
    }

    #[test]
    fn a_platform_operator_is_nobody_in_a_tenant() {
        let operator = Caller {
            tenant: None,
            is_platform_operator: true,
            ..caller(Role::Owner, None)
        };

        assert!(operator.may_on_the_platform(Action::ManageTenants).is_ok());
        assert_eq!(operator.may(Action::ReadChains).unwrap_err().code(), Code::Forbidden);
    }
}

//! The roles that a user can have in a tenant.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a user is in a tenant. Which role may do what is told by [`Action::roles`](super::Action::roles).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Answers for the tenant; the last one cannot leave.
    Owner,
    /// Runs the tenant day by day: users, organizations, chains.
    Admin,
    /// Keeps chains and their nodes running.
    Operator,
    /// Builds on the chains: contracts, applications, transactions.
    Developer,
    /// Sees everything and changes nothing.
    Auditor,
    /// Votes for one organization, and changes nothing else.
    Signer,
}

impl Role {
    pub const ALL: [Role; 6] = [
        Role::Owner,
        Role::Admin,
        Role::Operator,
        Role::Developer,
        Role::Auditor,
        Role::Signer,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Operator => "operator",
            Role::Developer => "developer",
            Role::Auditor => "auditor",
            Role::Signer => "signer",
        }
    }

    /// Whether it is a role on one organization of the tenant.
    pub fn is_on_an_organization(self) -> bool {
        self == Role::Signer
    }

    pub fn read(text: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

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
}

impl Role {
    pub const ALL: [Role; 5] = [Role::Owner, Role::Admin, Role::Operator, Role::Developer, Role::Auditor];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Operator => "operator",
            Role::Developer => "developer",
            Role::Auditor => "auditor",
        }
    }

    pub fn read(text: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

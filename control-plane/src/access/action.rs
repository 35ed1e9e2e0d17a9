//! What can be done here, and which role may do it: the one table. The documentation prints it, API keys name its scopes,
//! and a test compares it with what every operation answers.

use super::role::Role;
use super::role::Role::{Admin, Auditor, Developer, Operator, Owner, Signer};

macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $variant:ident = $scope:literal for [$($role:ident),*];)*) => {
        /// What a request wants to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[doc = $doc])+ $variant,)* }

        impl Action {
            /// Every action, in the order of the documentation.
            pub const ALL: &[Action] = &[$(Action::$variant),*];

            /// Its name, as API keys and problems carry it.
            pub fn scope(self) -> &'static str {
                match self { $(Action::$variant => $scope,)* }
            }

            /// What it lets one do, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Action::$variant => concat!($($doc),+).trim_ascii(),)* }
            }

            /// The roles in a tenant that may do it. None: it is for the platform's operators alone.
            pub fn roles(self) -> &'static [Role] {
                match self { $(Action::$variant => &[$($role),*],)* }
            }
        }
    };
}

actions! {
    /// See chains with their members, nodes, logs and connection profiles.
    ReadChains = "chains:read" for [Owner, Admin, Operator, Developer, Auditor, Signer];
    /// Create and change chains and memberships.
    WriteChains = "chains:write" for [Owner, Admin, Operator];
    /// Delete chains and memberships.
    DeleteChains = "chains:delete" for [Owner, Admin];
    /// Restart nodes.
    OperateNodes = "nodes:operate" for [Owner, Admin, Operator];
    /// See organizations.
    ReadOrganizations = "organizations:read" for [Owner, Admin, Operator, Developer, Auditor, Signer];
    /// Create, change and delete organizations.
    WriteOrganizations = "organizations:write" for [Owner, Admin];
    /// See contracts.
    ReadContracts = "contracts:read" for [Owner, Admin, Operator, Developer, Auditor, Signer];
    /// Deploy, upgrade and remove contracts.
    DeployContracts = "contracts:deploy" for [Owner, Admin, Operator, Developer];
    /// See identities and their certificates.
    ReadIdentities = "identities:read" for [Owner, Admin, Operator, Developer, Auditor, Signer];
    /// Issue, renew and withdraw certificates of people and applications.
    IssueIdentities = "identities:issue" for [Owner, Admin, Developer];
    /// See blocks and transactions, and evaluate contracts.
    ReadLedger = "ledger:read" for [Owner, Admin, Operator, Developer, Auditor, Signer];
    /// Submit transactions in the name of an organization.
    SubmitTransactions = "ledger:submit" for [Owner, Admin, Developer];
    /// Vote in the name of an organization: approve and reject contracts' definitions.
    Vote = "governance:vote" for [Owner, Admin, Signer];
    /// See what was asked for and how it goes.
    ReadOperations = "operations:read" for [Owner, Admin, Operator, Developer, Auditor, Signer];
    /// See the tenant's users, invitations and ServiceAccounts.
    ReadUsers = "users:read" for [Owner, Admin, Auditor];
    /// Invite users and let ServiceAccounts in, change their roles and take them out.
    ManageUsers = "users:manage" for [Owner, Admin];
    /// See, make, rotate and withdraw API keys.
    ManageKeys = "keys:manage" for [Owner, Admin];
    /// See webhooks and what they were told.
    ReadWebhooks = "webhooks:read" for [Owner, Admin, Operator, Auditor];
    /// Make, change and delete webhooks, and have deliveries made again.
    ManageWebhooks = "webhooks:manage" for [Owner, Admin];
    /// Read what was done and what was refused.
    ReadAudit = "audit:read" for [Owner, Admin, Auditor];
    /// See node releases.
    ReadReleases = "releases:read" for [Owner, Admin, Operator, Developer, Auditor, Signer];
    /// See all tenants' chains and operations by name and state, what tenants use, and how the platform is.
    ReadPlatform = "platform:read" for [];
    /// Publish and withdraw node releases.
    WriteReleases = "platform:releases" for [];
    /// See the records of organizations, and approve or refuse them.
    CheckRecords = "platform:records" for [];
    /// Say which institutions the alliance has.
    ManageAlliance = "platform:alliance" for [];
    /// See, create, change, suspend and delete tenants.
    ManageTenants = "platform:tenants" for [];
}

impl Action {
    /// The action of a scope's name.
    pub fn of_scope(scope: &str) -> Option<Action> {
        Action::ALL.iter().copied().find(|action| action.scope() == scope)
    }

    /// Whether it changes nothing; what is left to whoever may only look.
    pub fn is_reading(self) -> bool {
        self.scope().ends_with(":read")
    }

    /// Whether it concerns the installation and not one tenant.
    pub fn is_of_the_platform(self) -> bool {
        self.roles().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_name_one_action_each() {
        let found: Vec<Option<Action>> = Action::ALL
            .iter()
            .map(|action| Action::of_scope(action.scope()))
            .collect();

        assert_eq!(found, Action::ALL.iter().copied().map(Some).collect::<Vec<_>>());
        assert_eq!(Action::of_scope("chains:steal"), None);
    }

    #[test]
    fn an_auditor_changes_nothing_a_signer_votes_and_an_owner_may_do_all_in_a_tenant() {
        for action in Action::ALL.iter().filter(|action| !action.is_of_the_platform()) {
            assert!(action.roles().contains(&Owner), "{action:?}");
            assert!(action.is_reading() || !action.roles().contains(&Auditor), "{action:?}");
            let signs = action.is_reading() || *action == Action::Vote;
            assert!(signs || !action.roles().contains(&Signer), "{action:?}");
        }
    }

    #[test]
    fn the_documentation_prints_this_table() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/roles.md");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let (start, end) = ("<!-- table of actions: begin -->\n", "<!-- table of actions: end -->");
        let (before, rest) = text.split_once(start).expect("docs/roles.md has a place for the table");
        let (_, after) = rest.split_once(end).expect("docs/roles.md has a place for the table");
        let expected = format!("{before}{start}{}{end}{after}", table());
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &expected).unwrap();
        }

        assert!(
            text == expected || std::env::var_os("UPDATE").is_some(),
            "docs/roles.md is stale: run UPDATE=1 cargo test -p entente access"
        );
    }

    fn table() -> String {
        let mut table = String::from(
            "| scope | lets one | owner | admin | operator | developer | auditor | signer |\n|---|---|---|---|---|---|---|---|\n",
        );
        for action in Action::ALL {
            let mark = |role: &Role| if action.roles().contains(role) { "yes" } else { "" };
            let marks: Vec<&str> = Role::ALL.iter().map(mark).collect();
            let platform = if action.is_of_the_platform() {
                " (platform operators only)"
            } else {
                ""
            };
            table.push_str(&format!(
                "| `{}` | {}{platform} | {} |\n",
                action.scope(),
                action.meaning().trim_end_matches('.'),
                marks.join(" | ")
            ));
        }
        table
    }
}

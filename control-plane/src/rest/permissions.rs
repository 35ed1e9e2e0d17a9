//! What each operation of the API takes. An operation that is not in this table is served to nobody.

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::Method;

use super::codes::Code;
use super::problem::Problem;
use crate::access::Action::{self, *};
use crate::access::Caller;

/// What an operation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Everybody,
    /// A caller, whoever it is.
    SignedIn,
    /// A caller who may do this.
    May(Action),
    /// What nobody has thought about.
    Nobody,
}

use Access::{Everybody, May, SignedIn};

/// A row: the operation's id, and what it takes.
pub type Row = (&'static str, Access);
/// Where an operation is routed.
pub type Route = (Method, String);

/// Every operation by its id in the OpenAPI document.
pub const OPERATIONS: &[Row] = &[
    ("admin_operation_list", May(ReadPlatform)),
    ("alliance_list", SignedIn),
    ("alliance_put", May(ManageAlliance)),
    ("api_key_create", May(ManageKeys)),
    ("api_key_delete", May(ManageKeys)),
    ("api_key_get", May(ManageKeys)),
    ("api_key_list", May(ManageKeys)),
    ("api_key_rotate", May(ManageKeys)),
    ("audit_anchor_get", May(ReadAudit)),
    ("audit_anchor_list", May(ReadAudit)),
    ("audit_event_export", May(ReadAudit)),
    ("audit_event_list", May(ReadAudit)),
    ("block_events", May(ReadLedger)),
    ("block_get", May(ReadLedger)),
    ("block_list", May(ReadLedger)),
    ("certificate_authority_get", May(ReadOrganizations)),
    ("certificate_authority_reset", May(WriteOrganizations)),
    ("certificate_list", May(ReadIdentities)),
    ("chain_create", May(WriteChains)),
    ("chain_deletable", May(ReadChains)),
    ("chain_delete", May(DeleteChains)),
    ("chain_get", May(ReadChains)),
    ("chain_health", May(ReadChains)),
    ("chain_list", May(ReadChains)),
    ("chain_patch", May(WriteChains)),
    ("chain_put", May(WriteChains)),
    ("chain_undelete", May(DeleteChains)),
    ("channel_get", May(ReadChains)),
    ("channel_info", May(ReadChains)),
    ("channel_list", May(ReadChains)),
    ("channel_statistics", May(ReadLedger)),
    ("connection_profile_get", May(ReadChains)),
    ("contract_approvals", May(ReadContracts)),
    ("contract_approve", May(Vote)),
    ("contract_create", May(DeployContracts)),
    ("contract_deletable", May(ReadContracts)),
    ("contract_delete", May(DeployContracts)),
    ("contract_evaluate", May(ReadLedger)),
    ("contract_get", May(ReadContracts)),
    ("contract_list", May(ReadContracts)),
    ("contract_patch", May(DeployContracts)),
    ("contract_put", May(DeployContracts)),
    ("contract_reject", May(Vote)),
    ("contract_submit", May(SubmitTransactions)),
    ("delivery_get", May(ReadWebhooks)),
    ("delivery_list", May(ReadWebhooks)),
    ("delivery_resend", May(ManageWebhooks)),
    ("fleet_list", May(ReadPlatform)),
    ("identity_bundle", May(ReadIdentities)),
    ("identity_create", May(IssueIdentities)),
    ("identity_deletable", May(ReadIdentities)),
    ("identity_delete", May(IssueIdentities)),
    ("identity_enroll", May(IssueIdentities)),
    ("identity_get", May(ReadIdentities)),
    ("identity_list", May(ReadIdentities)),
    ("identity_patch", May(IssueIdentities)),
    ("identity_put", May(IssueIdentities)),
    ("identity_renew", May(IssueIdentities)),
    ("identity_resume", May(IssueIdentities)),
    ("identity_revoke", May(IssueIdentities)),
    ("identity_suspend", May(IssueIdentities)),
    ("invitation_accept", Everybody),
    ("invitation_create", May(ManageUsers)),
    ("invitation_delete", May(ManageUsers)),
    ("invitation_list", May(ReadUsers)),
    ("jwks_get", Everybody),
    ("key_history", May(ReadLedger)),
    ("key_list", May(ReadLedger)),
    ("ledger_search", May(ReadLedger)),
    ("member_create", May(WriteChains)),
    ("member_deletable", May(ReadChains)),
    ("member_delete", May(DeleteChains)),
    ("member_get", May(ReadChains)),
    ("member_list", May(ReadChains)),
    ("member_patch", May(WriteChains)),
    ("member_put", May(WriteChains)),
    ("node_get", May(ReadChains)),
    ("node_list", May(ReadChains)),
    ("node_logs", May(ReadChains)),
    ("node_metrics", May(ReadChains)),
    ("node_release_create", May(WriteReleases)),
    ("node_release_deletable", May(ReadReleases)),
    ("node_release_delete", May(WriteReleases)),
    ("node_release_get", May(ReadReleases)),
    ("node_release_list", May(ReadReleases)),
    ("node_release_patch", May(WriteReleases)),
    ("node_release_put", May(WriteReleases)),
    ("node_restart", May(OperateNodes)),
    ("openapi_get", SignedIn),
    ("operation_events", May(ReadOperations)),
    ("operation_get", May(ReadOperations)),
    ("operation_list", May(ReadOperations)),
    ("operation_retry", May(ReadOperations)),
    ("operation_wait", May(ReadOperations)),
    ("organization_create", May(WriteOrganizations)),
    ("organization_deletable", May(ReadOrganizations)),
    ("organization_delete", May(WriteOrganizations)),
    ("organization_get", May(ReadOrganizations)),
    ("organization_list", May(ReadOrganizations)),
    ("organization_patch", May(WriteOrganizations)),
    ("organization_put", May(WriteOrganizations)),
    ("platform_health", May(ReadPlatform)),
    ("platform_security", May(ReadPlatform)),
    ("problem_get", SignedIn),
    ("record_approve", May(CheckRecords)),
    ("record_get", May(ReadOrganizations)),
    ("record_list", May(CheckRecords)),
    ("record_put", May(WriteOrganizations)),
    ("record_refuse", May(CheckRecords)),
    ("service_account_create", May(ManageUsers)),
    ("service_account_delete", May(ManageUsers)),
    ("service_account_get", May(ReadUsers)),
    ("service_account_list", May(ReadUsers)),
    ("session_begin_totp", SignedIn),
    ("session_change_password", SignedIn),
    ("session_confirm_totp", SignedIn),
    ("session_create", Everybody),
    ("session_delete", SignedIn),
    ("session_end_totp", SignedIn),
    ("session_get", SignedIn),
    ("session_sign_out_everywhere", SignedIn),
    ("session_switch", SignedIn),
    ("sign_in_begin", Everybody),
    ("sign_in_end", Everybody),
    ("sign_in_ways", Everybody),
    ("template_get", May(ReadContracts)),
    ("template_list", May(ReadContracts)),
    ("tenant_create", May(ManageTenants)),
    ("tenant_current", SignedIn),
    ("tenant_deletable", May(ManageTenants)),
    ("tenant_delete", May(ManageTenants)),
    ("tenant_get", May(ManageTenants)),
    ("tenant_invite", May(ManageTenants)),
    ("tenant_list", May(ManageTenants)),
    ("tenant_patch", May(ManageTenants)),
    ("tenant_put", May(ManageTenants)),
    ("token_create", SignedIn),
    ("transaction_get", May(ReadLedger)),
    ("transaction_list", May(ReadLedger)),
    ("usage_get", SignedIn),
    ("usage_list", May(ReadPlatform)),
    ("user_delete", May(ManageUsers)),
    ("user_get", May(ReadUsers)),
    ("user_list", May(ReadUsers)),
    ("user_patch", May(ManageUsers)),
    ("verify", May(ReadLedger)),
    ("version_get", SignedIn),
    ("webhook_create", May(ManageWebhooks)),
    ("webhook_delete", May(ManageWebhooks)),
    ("webhook_get", May(ReadWebhooks)),
    ("webhook_list", May(ReadWebhooks)),
    ("webhook_patch", May(ManageWebhooks)),
    ("webhook_test", May(ManageWebhooks)),
];

/// The row of an operation.
pub fn of(operation: &str) -> Row {
    let found = OPERATIONS.iter().find(|(id, _)| *id == operation);
    found.copied().unwrap_or(("unknown", Access::Nobody))
}

/// The table by route: methods and paths as the router knows them.
#[derive(Debug, Clone, Default)]
pub struct Permissions(Arc<HashMap<String, Vec<(Method, Row)>>>);

impl FromIterator<(Route, Row)> for Permissions {
    fn from_iter<T>(routes: T) -> Permissions
    where
        T: IntoIterator<Item = (Route, Row)>,
    {
        let mut by_path: HashMap<String, Vec<(Method, Row)>> = HashMap::new();
        for ((method, path), row) in routes {
            by_path.entry(path).or_default().push((method, row));
        }
        Permissions(Arc::new(by_path))
    }
}

impl Permissions {
    /// What a request takes that was routed to a path. A method that the path does not take needs a caller: the fallback
    /// says what it takes.
    pub fn of(&self, method: &Method, route: &str) -> Row {
        // A router answers HEAD with what it has for GET.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let found = self
            .0
            .get(route)
            .into_iter()
            .flatten()
            .find(|(taken, _)| taken == method);
        found.map_or(("unknown", Access::SignedIn), |(_, row)| *row)
    }
}

impl Access {
    /// That a caller may come in.
    pub fn check(self, caller: &Caller) -> Result<(), Problem> {
        match self {
            Access::Everybody | Access::SignedIn => Ok(()),
            Access::May(action) if action.is_of_the_platform() => caller.may_on_the_platform(action).map(|_| ()),
            Access::May(action) => caller.may(action).map(|_| ()),
            Access::Nobody => Err(Problem::new(Code::Forbidden, "Nobody may do this.")),
        }
    }
}

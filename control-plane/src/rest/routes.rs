//! Every path, once: for the router and for the OpenAPI document.

use axum::Router;
use axum::http::Method;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Components, OpenApi, PathItem};
use utoipa_axum::router::UtoipaMethodRouter;
use utoipa_axum::routes;

use super::App;
use super::admin::{fleet, health, operations as all_operations, security, usage};
use super::permissions::{self, Access, Permissions, Route, Row};
use super::{
    alliance, api_keys, approvals, audit, audit_anchors, authorities, blocks, bundle, certificates, chains, channels,
    codes, contracts, deliveries, enroll, explorer, factor, identities, invitations, keys, members, node_detail,
    node_metrics, nodes, openapi, operations, organizations, profile, records, releases, service_accounts, session,
    sign_in, standing, templates, tenants, transactions, users, verbs, verify, webhooks,
};

/// The router, the document, and what each operation takes.
pub fn all() -> (Router<App>, OpenApi, Permissions) {
    let mut table = Table {
        router: Router::new(),
        document: openapi::head(),
        permissions: Vec::new(),
    };
    table.add(routes!(
        organizations::organization_list,
        organizations::organization_create
    ));
    table.add(routes!(
        organizations::organization_get,
        organizations::organization_put,
        organizations::organization_patch,
        organizations::organization_delete
    ));
    table.add(routes!(organizations::organization_deletable));
    table.add(routes!(authorities::certificate_authority_get));
    table.add(routes!(authorities::certificate_authority_reset));
    table.add(routes!(chains::chain_list, chains::chain_create));
    table.add(routes!(
        chains::chain_get,
        chains::chain_put,
        chains::chain_patch,
        chains::chain_delete
    ));
    table.add(routes!(chains::chain_deletable));
    table.add(routes!(chains::chain_undelete));
    table.add(routes!(super::health::chain_health));
    table.add(routes!(members::member_list, members::member_create));
    table.add(routes!(
        members::member_get,
        members::member_put,
        members::member_patch,
        members::member_delete
    ));
    table.add(routes!(members::member_deletable));
    table.add(routes!(contracts::contract_list, contracts::contract_create));
    table.add(routes!(
        contracts::contract_get,
        contracts::contract_put,
        contracts::contract_patch,
        contracts::contract_delete
    ));
    table.add(routes!(contracts::contract_deletable));
    table.add(routes!(approvals::contract_approvals));
    table.add(routes!(approvals::contract_approve));
    table.add(routes!(approvals::contract_reject));
    table.add(routes!(templates::template_list));
    table.add(routes!(templates::template_get));
    table.add(routes!(identities::identity_list, identities::identity_create));
    table.add(routes!(
        identities::identity_get,
        identities::identity_put,
        identities::identity_patch,
        identities::identity_delete
    ));
    table.add(routes!(identities::identity_deletable));
    table.add(routes!(enroll::identity_enroll));
    table.add(routes!(bundle::identity_bundle));
    table.add(routes!(standing::identity_renew));
    table.add(routes!(standing::identity_suspend));
    table.add(routes!(standing::identity_resume));
    table.add(routes!(standing::identity_revoke));
    table.add(routes!(certificates::certificate_list));
    table.add(routes!(verify::verify));
    table.add(routes!(releases::node_release_list, releases::node_release_create));
    table.add(routes!(
        releases::node_release_get,
        releases::node_release_put,
        releases::node_release_patch,
        releases::node_release_delete
    ));
    table.add(routes!(releases::node_release_deletable));
    table.add(routes!(nodes::node_list));
    table.add(routes!(node_detail::node_get));
    table.add(routes!(node_metrics::node_metrics));
    table.add(routes!(nodes::node_logs));
    table.add(routes!(nodes::node_restart));
    table.add(routes!(profile::connection_profile_get));
    table.add(routes!(channels::channel_list));
    table.add(routes!(channels::channel_get));
    table.add(routes!(channels::channel_info));
    table.add(routes!(blocks::block_list));
    table.add(routes!(blocks::block_events));
    table.add(routes!(explorer::transaction_list));
    table.add(routes!(explorer::channel_statistics));
    table.add(routes!(explorer::ledger_search));
    table.add(routes!(keys::key_list));
    table.add(routes!(keys::key_history));
    table.add(routes!(blocks::block_get));
    table.add(routes!(transactions::transaction_get));
    table.add(routes!(transactions::contract_submit));
    table.add(routes!(transactions::contract_evaluate));
    table.add(routes!(operations::operation_list));
    table.add(routes!(operations::operation_get));
    table.add(routes!(operations::operation_retry));
    table.add(routes!(operations::operation_wait));
    table.add(routes!(operations::operation_events));
    table.add(routes!(
        session::session_create,
        session::session_get,
        session::session_delete
    ));
    table.add(routes!(sign_in::sign_in_ways));
    table.add(routes!(sign_in::sign_in_begin));
    table.add(routes!(sign_in::sign_in_end));
    table.add(routes!(session::session_switch));
    table.add(routes!(session::session_change_password));
    table.add(routes!(session::session_sign_out_everywhere));
    table.add(routes!(factor::session_begin_totp));
    table.add(routes!(factor::session_confirm_totp));
    table.add(routes!(factor::session_end_totp));
    table.add(routes!(users::user_list));
    table.add(routes!(users::user_get, users::user_patch, users::user_delete));
    table.add(routes!(invitations::invitation_list, invitations::invitation_create));
    table.add(routes!(invitations::invitation_delete));
    table.add(routes!(invitations::invitation_accept));
    table.add(routes!(api_keys::api_key_list, api_keys::api_key_create));
    table.add(routes!(api_keys::api_key_get, api_keys::api_key_delete));
    table.add(routes!(api_keys::api_key_rotate));
    table.add(routes!(api_keys::token_create));
    table.add(routes!(api_keys::jwks_get));
    table.add(routes!(
        service_accounts::service_account_list,
        service_accounts::service_account_create
    ));
    table.add(routes!(
        service_accounts::service_account_get,
        service_accounts::service_account_delete
    ));
    table.add(routes!(audit_anchors::audit_anchor_list));
    table.add(routes!(audit_anchors::audit_anchor_get));
    table.add(routes!(audit::audit_event_list));
    table.add(routes!(audit::audit_event_export));
    table.add(routes!(webhooks::webhook_list, webhooks::webhook_create));
    table.add(routes!(
        webhooks::webhook_get,
        webhooks::webhook_patch,
        webhooks::webhook_delete
    ));
    table.add(routes!(deliveries::webhook_test));
    table.add(routes!(deliveries::delivery_list));
    table.add(routes!(deliveries::delivery_get));
    table.add(routes!(deliveries::delivery_resend));
    table.add(routes!(tenants::tenant_list, tenants::tenant_create));
    table.add(routes!(
        tenants::tenant_get,
        tenants::tenant_put,
        tenants::tenant_patch,
        tenants::tenant_delete
    ));
    table.add(routes!(tenants::tenant_deletable));
    table.add(routes!(tenants::tenant_invite));
    table.add(routes!(tenants::tenant_current));
    table.add(routes!(usage::usage_get));
    table.add(routes!(usage::usage_list));
    table.add(routes!(fleet::fleet_list));
    table.add(routes!(all_operations::admin_operation_list));
    table.add(routes!(health::platform_health));
    table.add(routes!(security::platform_security));
    table.add(routes!(records::record_get, records::record_put));
    table.add(routes!(records::record_list));
    table.add(routes!(alliance::alliance_list));
    table.add(routes!(alliance::alliance_put));
    table.add(routes!(records::record_approve));
    table.add(routes!(records::record_refuse));
    table.add(routes!(codes::problem_get));
    table.add(routes!(openapi::openapi_get));
    table.add(routes!(openapi::version_get));
    (table.router, table.document, table.permissions.into_iter().collect())
}

struct Table {
    router: Router<App>,
    document: OpenApi,
    permissions: Vec<(Route, Row)>,
}

impl Table {
    /// Adds handlers under the path that their annotations name.
    fn add(&mut self, (schemas, paths, methods): UtoipaMethodRouter<App>) {
        for path in paths.paths.keys() {
            self.router = std::mem::take(&mut self.router).route(&verbs::route(path), methods.clone());
        }
        for (path, mut item) in paths.paths {
            for (method, operation) in operations(&mut item) {
                let access = permissions::of(operation.operation_id.as_deref().unwrap_or_default());
                if let (_, Access::May(action)) = access {
                    let asked = ExtensionsBuilder::new()
                        .add("x-entente-scope", action.scope())
                        .add("x-entente-roles", serde_json::json!(action.roles()))
                        .build();
                    operation.extensions = Some(asked);
                }
                self.permissions.push(((method, verbs::route(&path)), access));
            }
            match self.document.paths.paths.get_mut(&path) {
                Some(known) => known.merge_operations(item),
                None => {
                    self.document.paths.paths.insert(path, item);
                }
            }
        }
        self.document
            .components
            .get_or_insert_with(Components::new)
            .schemas
            .extend(schemas);
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let all = [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
        (Method::PATCH, &mut item.patch),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

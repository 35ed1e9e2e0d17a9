//! Every path, once: for the router and for the OpenAPI document.

use axum::Router;
use utoipa::openapi::{Components, OpenApi};
use utoipa_axum::router::UtoipaMethodRouter;
use utoipa_axum::routes;

use super::App;
use super::{
    blocks, chains, channels, codes, contracts, enroll, identities, members, nodes, openapi, operations,
    organizations, profile, releases, transactions, verbs,
};

/// The router and the document.
pub fn all() -> (Router<App>, OpenApi) {
    let mut table = Table {
        router: Router::new(),
        document: openapi::head(),
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
    table.add(routes!(chains::chain_list, chains::chain_create));
    table.add(routes!(
        chains::chain_get,
        chains::chain_put,
        chains::chain_patch,
        chains::chain_delete
    ));
    table.add(routes!(members::member_list, members::member_create));
    table.add(routes!(
        members::member_get,
        members::member_put,
        members::member_patch,
        members::member_delete
    ));
    table.add(routes!(contracts::contract_list, contracts::contract_create));
    table.add(routes!(
        contracts::contract_get,
        contracts::contract_put,
        contracts::contract_patch,
        contracts::contract_delete
    ));
    table.add(routes!(identities::identity_list, identities::identity_create));
    table.add(routes!(
        identities::identity_get,
        identities::identity_put,
        identities::identity_patch,
        identities::identity_delete
    ));
    table.add(routes!(enroll::identity_enroll));
    table.add(routes!(releases::node_release_list, releases::node_release_create));
    table.add(routes!(
        releases::node_release_get,
        releases::node_release_put,
        releases::node_release_patch,
        releases::node_release_delete
    ));
    table.add(routes!(nodes::node_list));
    table.add(routes!(nodes::node_get));
    table.add(routes!(nodes::node_logs));
    table.add(routes!(nodes::node_restart));
    table.add(routes!(profile::connection_profile_get));
    table.add(routes!(channels::channel_list));
    table.add(routes!(channels::channel_get));
    table.add(routes!(channels::channel_info));
    table.add(routes!(blocks::block_list));
    table.add(routes!(blocks::block_get));
    table.add(routes!(transactions::transaction_get));
    table.add(routes!(transactions::contract_submit));
    table.add(routes!(transactions::contract_evaluate));
    table.add(routes!(operations::operation_list));
    table.add(routes!(operations::operation_get));
    table.add(routes!(operations::operation_wait));
    table.add(routes!(operations::operation_events));
    table.add(routes!(codes::problem_get));
    table.add(routes!(openapi::openapi_get));
    table.add(routes!(openapi::version_get));
    (table.router, table.document)
}

struct Table {
    router: Router<App>,
    document: OpenApi,
}

impl Table {
    /// Adds handlers under the path that their annotations name.
    fn add(&mut self, (schemas, paths, methods): UtoipaMethodRouter<App>) {
        for path in paths.paths.keys() {
            self.router = std::mem::take(&mut self.router).route(&verbs::route(path), methods.clone());
        }
        for (path, item) in paths.paths {
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

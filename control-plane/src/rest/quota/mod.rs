//! Whether a tenant may have what it asks for.
//!
//! [`admit`] takes the tenant's turn, looks at what it has ([`estate`]) and counts ([`demand`]). The turn is held until what
//! was admitted is written: of two requests that fit one by one, one is refused.

pub mod demand;
pub mod estate;
mod turn;

use std::any::Any;

use entente_api::Member;
use entente_api::tenant::Quotas;

pub use demand::{Demand, QuotaShortage};
pub use estate::Estate;
pub use turn::{Turn, Turns};

use super::App;
use super::codes::Code;
use super::kind::Kind;
use super::problem::Problem;
use crate::access::TenantScope;

/// That the tenant may have the resource, in the place of the one of its name. The turn has to be held until it is written;
/// there is none where nothing is limited.
///
/// # Errors
/// `quota_exceeded`, with the limit, what is used and what was asked for.
pub async fn admit<K: Kind>(
    app: &App,
    scope: &TenantScope,
    old: Option<&K>,
    new: &K,
) -> Result<Option<Turn>, Problem> {
    let is_counted = K::place(&mut Estate::default()).is_some();
    if !is_counted || old.is_some_and(|old| old.spec() == new.spec()) {
        return Ok(None);
    }
    let tenant = app.gate.tenant(scope.namespace()).await?;
    let Some(tenant) = tenant.filter(|tenant| tenant.spec.quotas != Quotas::default()) else {
        return Ok(None);
    };
    let turn = app.turns.take(scope).await?;
    let joining = (new as &dyn Any).downcast_ref::<Member>();
    let mut estate = Estate::now(app, scope, joining).await?;
    let before = estate.demand();
    estate.remove::<K>(new.meta().name.as_deref());
    let besides = estate.demand();
    estate.put(new.clone());
    match Demand::shortage(&tenant.spec.quotas, &besides, &before, &estate.demand()) {
        None => Ok(Some(turn)),
        Some(short) => {
            let QuotaShortage {
                quota,
                limit,
                used,
                requested,
            } = &short;
            let detail =
                format!("The tenant may have {limit} {quota}; it has {used}, and this asks for {requested} more.");
            Err(Problem::new(Code::QuotaExceeded, detail).with_quota(short))
        }
    }
}

/// What the tenant has.
pub async fn used(app: &App, scope: &TenantScope) -> Result<Demand, Problem> {
    Ok(Estate::known(app, scope).await?.demand())
}

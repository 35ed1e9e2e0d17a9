//! `/v1/certificates`: every certificate of the tenant, those that expire first first.

use std::collections::BTreeSet;

use axum::extract::State;
use chrono::TimeDelta;
use entente_api::time::Time;
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::extract::Query;
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use crate::access::{Action, Caller};
use crate::certificate::{Certificate, CertificateType, CertificateView, collect};

/// Ten years, the longest that a certificate of an identity may last.
const LONGEST: i64 = 3650;

/// Which certificates to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct CertificateQuery {
    /// Only those that expire within so many days, or have expired: `90d`, `30d`, `7d`.
    #[param(example = "30d")]
    pub expires_within: Option<String>,
    /// Only those of this organization.
    #[param(example = "bank")]
    pub organization: Option<String>,
    /// Only those that this chain needs: of its nodes, and of the organizations that have nodes on it.
    #[param(example = "ledger")]
    pub chain: Option<String>,
    /// Only those for this.
    #[serde(rename = "type")]
    #[param(rename = "type", example = "identity", inline)]
    pub kind: Option<CertificateType>,
}

/// List certificates with the days that they are still good for, and what breaks when they expire.
///
/// Roots of organizations, identities, nodes, and what was enrolled at the organizations' certificate authorities. Of several
/// certificates of one bearer the one that lasts longest; none of what is revoked.
#[utoipa::path(
    get, path = "/v1/certificates", tag = "identities", params(CertificateQuery, PageQuery),
    responses((status = OK, body = Page<CertificateView>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn certificate_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<CertificateQuery>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<CertificateView>>, Problem> {
    let scope = caller.may(Action::ReadIdentities)?;
    let window = page.window(&format!("certificates {query:?}"))?;
    let within = query.expires_within.as_deref().map(days).transpose()?;
    let now = Time::now();
    let all = collect::of_tenant(&app.resources, app.authorities.as_deref(), &scope)
        .await
        .map_err(Problem::internal)?;
    let needed = query.chain.as_deref().map(|chain| Needed::by(chain, &all));
    let wanted = all.into_iter().filter(|certificate| {
        needed.as_ref().is_none_or(|needed| needed.takes(certificate))
            && within.is_none_or(|within| certificate.expire_time.get() < now.get() + within)
            && query.kind.is_none_or(|kind| certificate.kind == kind)
            && query
                .organization
                .as_ref()
                .is_none_or(|name| certificate.organization == *name)
    });
    let page = window.page(wanted, |certificate| {
        format!("{} {}", certificate.expire_time, certificate.name)
    });
    Ok(axum::Json(
        page.map(|certificate| CertificateView::new(&certificate, now)),
    ))
}

/// What a chain needs of its tenant's certificates.
struct Needed {
    chain: String,
    organizations: BTreeSet<String>,
}

impl Needed {
    fn by(chain: &str, all: &[Certificate]) -> Needed {
        let on_it = all
            .iter()
            .filter(|certificate| certificate.chain.as_deref() == Some(chain));
        Needed {
            chain: chain.to_owned(),
            organizations: on_it.map(|certificate| certificate.organization.clone()).collect(),
        }
    }

    fn takes(&self, certificate: &Certificate) -> bool {
        match &certificate.chain {
            Some(chain) => *chain == self.chain,
            None => self.organizations.contains(&certificate.organization),
        }
    }
}

fn days(text: &str) -> Result<TimeDelta, Problem> {
    let number = text.strip_suffix('d').and_then(|number| number.parse::<i64>().ok());
    match number {
        Some(days) if (0..=LONGEST).contains(&days) => Ok(TimeDelta::days(days)),
        _ => Err(Problem::parameter(
            "expiresWithin",
            "must be a number of days such as 30d, at most 3650d",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::Renewal;

    #[test]
    fn days_are_read_and_nothing_else() {
        assert_eq!(days("30d").ok(), Some(TimeDelta::days(30)));
        for wrong in ["30", "d", "-1d", "3651d", "1h", "99999999999999999999d"] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_chain_needs_its_nodes_and_the_organizations_that_have_some() {
        let certificate = |organization: &str, chain: Option<&str>| Certificate {
            name: "one".to_owned(),
            kind: CertificateType::Identity,
            organization: organization.to_owned(),
            chain: chain.map(str::to_owned),
            role: None,
            expire_time: Time::now(),
            serial_number: None,
            renewal: Renewal::Automatic,
        };
        let all = [
            certificate("bank", Some("ledger")),
            certificate("bank", Some("vault")),
            certificate("bank", None),
            certificate("audit", Some("vault")),
            certificate("audit", None),
        ];

        let needed = Needed::by("ledger", &all);

        let taken: Vec<bool> = all.iter().map(|certificate| needed.takes(certificate)).collect();
        assert_eq!(taken, [true, false, true, false, false]);
    }
}

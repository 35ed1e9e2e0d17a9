//! Finds the certificates of a tenant: in the resources, and in the databases of its organizations' authorities.

use std::collections::HashMap;

use entente_api::identity::Standing;
use entente_api::member::NodeStatus;
use entente_api::time::Time;
use entente_api::{Chain, Identity, Member, Organization, names};
use entente_ca::certificate::{self as pem, Facts};
use entente_ca::store::StoreError;
use entente_ca::store::certificates::Filter;
use entente_operator::registry::RegistryError;
use kube::ResourceExt as _;

use super::{Certificate, CertificateType, Renewal};
use crate::access::TenantScope;
use crate::ca::Authorities;
use crate::store::nodes;
use crate::store::resource::Resources;

/// Why they cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    #[error("resources cannot be read")]
    Registry(#[from] RegistryError),
    #[error("what an organization's certificate authority has issued cannot be read")]
    Authority(#[from] StoreError),
}

/// Every certificate of a tenant that still matters: of who is in good standing, and of several of one bearer the one that
/// lasts longest. Those that expire first come first.
pub async fn of_tenant(
    resources: &Resources,
    authorities: Option<&Authorities>,
    scope: &TenantScope,
) -> Result<Vec<Certificate>, CollectError> {
    let organizations: Vec<Organization> = resources.list(scope).await?;
    let identities: Vec<Identity> = resources.list(scope).await?;
    let mut found: Vec<Certificate> = organizations.iter().flat_map(of_organization).collect();
    found.extend(identities.iter().filter_map(of_identity));
    found.extend(of_nodes(resources, scope, &organizations).await?);
    for organization in &organizations {
        if let Some(authorities) = authorities {
            found.extend(enrolled(authorities, organization).await?);
        }
    }
    found.sort_by(|a, b| (a.expire_time, &a.name).cmp(&(b.expire_time, &b.name)));
    Ok(found)
}

fn of_organization(organization: &Organization) -> Vec<Certificate> {
    let Some(status) = &organization.status else {
        return Vec::new();
    };
    let name = organization.name_any();
    let authority = |kind, part: &str, text: &Option<String>| {
        let facts = pem::read(text.as_deref()?.as_bytes()).ok()?;
        Some(Certificate {
            name: format!("organizations/{name}/{part}"),
            kind,
            organization: name.clone(),
            chain: None,
            role: None,
            expire_time: Time::from_seconds(facts.not_after),
            serial_number: Some(facts.serial),
            renewal: Renewal::Manual,
        })
    };
    let both = [
        authority(CertificateType::IdentityAuthority, "ca", &status.ca_certificate),
        authority(CertificateType::TlsAuthority, "tlsca", &status.tls_ca_certificate),
    ];
    both.into_iter().flatten().collect()
}

fn of_identity(identity: &Identity) -> Option<Certificate> {
    let status = identity.status.as_ref()?;
    if identity.spec.standing == Standing::Revoked {
        return None;
    }
    Some(Certificate {
        name: format!("identities/{}", identity.name_any()),
        kind: CertificateType::Identity,
        organization: identity.spec.organization.clone(),
        chain: None,
        role: None,
        serial_number: status.serial_number.clone(),
        expire_time: status.expire_time?,
        renewal: match identity.spec.certificate_request {
            None => Renewal::Automatic,
            Some(_) => Renewal::Manual,
        },
    })
}

/// Nodes of the tenant's own: on its chains, and on those of others where it is a member.
async fn of_nodes(
    resources: &Resources,
    scope: &TenantScope,
    organizations: &[Organization],
) -> Result<Vec<Certificate>, CollectError> {
    let own = |name: &str| {
        organizations
            .iter()
            .any(|one| one.metadata.name.as_deref() == Some(name))
    };
    let members: Vec<Member> = resources.list(scope).await?;
    let mut found = Vec::new();
    for chain in resources.list::<Chain>(scope).await? {
        let name = chain.name_any();
        let ordering = names::ordering_organization(&name);
        let all = nodes::of_members(&members, &chain);
        let theirs = all
            .iter()
            .filter(|node| own(&node.organization) || node.organization == ordering);
        found.extend(theirs.filter_map(|node| of_node(&name, node)));
    }
    for member in &members {
        if member.spec.chain_namespace.is_some() {
            let nodes = member.status.iter().flat_map(|status| &status.nodes);
            let chain = member.spec.chain_seen_from(scope.namespace());
            found.extend(nodes.filter_map(|node| of_node(&chain, node)));
        }
    }
    Ok(found)
}

fn of_node(chain: &str, node: &NodeStatus) -> Option<Certificate> {
    Some(Certificate {
        name: format!("chains/{chain}/nodes/{}", node.name),
        kind: CertificateType::Node,
        organization: node.organization.clone(),
        chain: Some(chain.to_owned()),
        role: Some(node.role.clone()),
        serial_number: None,
        expire_time: node.certificate_expire_time?,
        renewal: Renewal::Automatic,
    })
}

/// What was enrolled at the organization's authority. One that was never used has issued nothing, and stays closed.
async fn enrolled(authorities: &Authorities, organization: &Organization) -> Result<Vec<Certificate>, CollectError> {
    let Some(authority) = authorities.in_use(organization).await else {
        return Ok(Vec::new());
    };
    let good = Filter {
        only_good: true,
        ..Filter::default()
    };
    let mut longest: HashMap<(String, String), Facts> = HashMap::new();
    for text in authority.store().certificates(&good).await? {
        let Ok(facts) = pem::read(text.as_bytes()) else {
            continue;
        };
        let bearer = (facts.aki.clone(), facts.common_name.clone());
        match longest.get(&bearer) {
            Some(known) if known.not_after >= facts.not_after => {}
            _ => {
                longest.insert(bearer, facts);
            }
        }
    }
    let name = organization.name_any();
    let certificate = |facts: Facts| Certificate {
        name: format!("organizations/{name}/enrolled/{}/{}", facts.serial, facts.common_name),
        kind: CertificateType::Enrolled,
        organization: name.clone(),
        chain: None,
        role: None,
        expire_time: Time::from_seconds(facts.not_after),
        serial_number: Some(facts.serial),
        renewal: Renewal::Manual,
    };
    Ok(longest.into_values().map(certificate).collect())
}

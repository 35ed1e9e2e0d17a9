//! Where a channel's orderers are, and whom to trust about it.

use entente_fabric::config::Bundle;

/// One orderer of a channel's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `host:port`.
    pub address: String,
    pub msp_id: String,
    /// DER of the authorities that issue its TLS certificate.
    pub tls_roots: Vec<Vec<u8>>,
}

/// The orderers that the organizations of the ordering service name. Configurations from before Fabric 2.0 name them
/// for the channel as a whole; any orderer organization may have issued their certificates then.
pub fn endpoints(bundle: &Bundle) -> Vec<Endpoint> {
    let Some(ordering) = &bundle.orderer else {
        return Vec::new();
    };
    let roots = |msp_id: &str| {
        bundle
            .msps
            .msp(msp_id)
            .map(|msp| msp.tls_roots().to_vec())
            .unwrap_or_default()
    };
    let of_organizations = ordering.organizations.values().flat_map(|organization| {
        organization.endpoints.iter().map(|address| Endpoint {
            address: address.clone(),
            msp_id: organization.msp_id.clone(),
            tls_roots: roots(&organization.msp_id),
        })
    });
    let found = of_organizations.collect::<Vec<_>>();
    if !found.is_empty() {
        return found;
    }
    let all_roots = ordering
        .organizations
        .values()
        .flat_map(|organization| roots(&organization.msp_id));
    let all_roots = all_roots.collect::<Vec<_>>();
    let global = bundle.orderer_addresses.iter();
    global
        .map(|address| Endpoint {
            address: address.clone(),
            msp_id: String::new(),
            tls_roots: all_roots.clone(),
        })
        .collect()
}

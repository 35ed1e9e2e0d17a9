//! The Application group and the organizations in it (`common/channelconfig/application.go`).

use std::collections::BTreeMap;

use super::capability_names;
use super::msps::Msps;
use crate::config::values::Values;
use crate::config::{ApplicationConfig, ApplicationOrganization, ConfigError, capabilities};
use crate::proto::common::ConfigGroup;
use crate::proto::protos::{AcLs, AnchorPeers};

pub(super) fn read(group: &ConfigGroup, msps: &mut Msps) -> Result<ApplicationConfig, ConfigError> {
    let values = Values::of(group, &["ACLs", "Capabilities"])?;
    let names = capability_names(&values)?;
    let acls = values.get::<AcLs>("ACLs")?.acls;
    if group.values.contains_key("ACLs") && !capabilities::acls(&names) {
        return Err(ConfigError(
            "ACLs may not be specified without the required capability".to_owned(),
        ));
    }
    let mut organizations = BTreeMap::new();
    for (name, child) in &group.groups {
        organizations.insert(name.clone(), read_organization(name, child, msps)?);
    }
    let acls = acls
        .into_iter()
        .filter_map(|(resource, acl)| Some((resource, absolute(&acl.policy_ref)?)))
        .collect();
    Ok(ApplicationConfig {
        capabilities: names,
        acls,
        organizations,
    })
}

/// An ACL's policy reference in full; an empty one stands for the resource's default (`common/channelconfig/acls.go`).
fn absolute(reference: &str) -> Option<String> {
    match reference {
        "" => None,
        _ if reference.starts_with('/') => Some(reference.to_owned()),
        _ => Some(format!("/Channel/Application/{reference}")),
    }
}

fn read_organization(
    name: &str,
    group: &ConfigGroup,
    msps: &mut Msps,
) -> Result<ApplicationOrganization, ConfigError> {
    if !group.groups.is_empty() {
        return Err(ConfigError(
            "ApplicationOrg config does not allow sub-groups".to_owned(),
        ));
    }
    let values = Values::of(group, &["MSP", "AnchorPeers"])?;
    let anchors = values.get::<AnchorPeers>("AnchorPeers")?.anchor_peers;
    let anchor_peers = anchors
        .into_iter()
        // Fabric keeps any number here and fails to dial it; a port that is none leads nowhere.
        .filter_map(|anchor| Some((anchor.host, u16::try_from(anchor.port).ok()?)))
        .collect();
    Ok(ApplicationOrganization {
        msp_id: msps.add(name, values.get("MSP")?)?,
        anchor_peers,
    })
}

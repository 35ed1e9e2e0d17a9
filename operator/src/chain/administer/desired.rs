//! What a channel's configuration should become next. Pure: a configuration and a wish in, a configuration out.

use std::collections::BTreeMap;

use entente_fabric::config::genesis::Organization;
use entente_fabric::config::{Bundle, ConfigError, consenters as raft, edit, readers};
use entente_fabric::proto::common::{Block, Config};
use entente_fabric::proto::etcdraft::Consenter;

use crate::chain::plan::BatchPlan;
use crate::trouble::{Result, Trouble};

/// What a channel's configuration should say.
pub struct Desired {
    /// The members, with their anchor peers. Named by MSP id.
    pub members: Vec<Organization>,
    /// Revocation lists of members, PEM, by MSP id; who has none revokes nobody.
    pub revocation_lists: BTreeMap<String, Vec<u8>>,
    pub batch: BatchPlan,
    /// Group name of the ordering organization, and where its orderers are reached.
    pub ordering: String,
    pub endpoints: Vec<String>,
    /// The orderers, in the order of the plan.
    pub consenters: Vec<Consenter>,
}

/// One change of a configuration.
#[derive(Debug)]
pub struct Step {
    pub config: Config,
    pub what: What,
}

/// What a change is about.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// Members, anchor peers, batch settings: all in one.
    Settings(Vec<String>),
    /// An orderer gets a vote; it must join afterwards.
    Admit(Consenter),
    /// An orderer loses its vote.
    Dismiss(Consenter),
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            What::Settings(changes) => f.write_str(&changes.join(", ")),
            What::Admit(consenter) => write!(f, "give the orderer at {}:{} a vote", consenter.host, consenter.port),
            What::Dismiss(consenter) => {
                write!(
                    f,
                    "take the vote of the orderer at {}:{}",
                    consenter.host, consenter.port
                )
            }
        }
    }
}

/// The next change, or `None` when the configuration is as desired. Orderers change one at a time: Raft allows no more.
pub fn next(bundle: &Bundle, desired: &Desired) -> Result<Option<Step>> {
    if let Some(step) = settings(bundle, desired)? {
        return Ok(Some(step));
    }
    consenter(bundle, desired)
}

fn settings(bundle: &Bundle, desired: &Desired) -> Result<Option<Step>> {
    let mut config = bundle.config.clone();
    let mut done = Vec::new();
    let current = bundle
        .application
        .as_ref()
        .map(|application| &application.organizations);
    for member in &desired.members {
        match current.and_then(|organizations| organizations.get(&member.name)) {
            None => {
                config = edit::add_application_organization(&config, member)?;
                done.push(format!("admit {}", member.name));
            }
            Some(known) if known.anchor_peers != member.anchor_peers => {
                config = edit::set_anchor_peers(&config, &member.name, &member.anchor_peers)?;
                done.push(format!("move the anchor peers of {}", member.name));
            }
            Some(_) => {}
        }
    }
    // While those that leave are still there: with the last reader goes what was made for it.
    let settled = readers::settle(&config, &desired.members)?;
    if settled != config {
        config = settled;
        done.push("count majorities among those who write".to_owned());
    }
    for (msp_id, wanted) in revocation_lists(desired) {
        if edit::revocation_lists(&config, msp_id)? != wanted {
            config = edit::set_revocation_lists(&config, msp_id, &wanted)?;
            done.push(format!("revoke certificates of {msp_id}"));
        }
    }
    for name in current.into_iter().flatten().map(|(name, _)| name) {
        if !desired.members.iter().any(|member| member.name == *name) {
            config = edit::remove_application_organization(&config, name)?;
            done.push(format!("dismiss {name}"));
        }
    }
    let orderer = bundle
        .orderer
        .as_ref()
        .ok_or_else(|| Trouble::failed("the channel has no ordering service"))?;
    let batch = &desired.batch;
    let size = (
        orderer.max_message_count,
        orderer.absolute_max_bytes,
        orderer.preferred_max_bytes,
    );
    if size
        != (
            batch.max_message_count,
            batch.absolute_max_bytes,
            batch.preferred_max_bytes,
        )
    {
        let (absolute, preferred) = (batch.absolute_max_bytes, batch.preferred_max_bytes);
        config = edit::set_batch_size(&config, batch.max_message_count, absolute, preferred)?;
        done.push("change the batch size".to_owned());
    }
    if orderer.batch_timeout != batch.timeout {
        config = edit::set_batch_timeout(&config, batch.timeout)?;
        done.push("change the batch timeout".to_owned());
    }
    Ok((!done.is_empty()).then_some(Step {
        config,
        what: What::Settings(done),
    }))
}

fn revocation_lists(desired: &Desired) -> impl Iterator<Item = (&str, Vec<Vec<u8>>)> {
    desired.members.iter().map(|member| {
        let list = desired.revocation_lists.get(&member.name);
        (member.name.as_str(), list.into_iter().cloned().collect())
    })
}

fn consenter(bundle: &Bundle, desired: &Desired) -> Result<Option<Step>> {
    let orderer = bundle
        .orderer
        .as_ref()
        .ok_or_else(|| Trouble::failed("the channel has no ordering service"))?;
    let current = raft::raft_metadata(orderer)?.consenters;
    let same = |a: &Consenter, b: &Consenter| a.host == b.host && a.port == b.port;
    let endpoint = |consenter: &Consenter| format!("{}:{}", consenter.host, consenter.port);
    let known = orderer
        .organizations
        .get(&desired.ordering)
        .map(|o| o.endpoints.clone())
        .unwrap_or_default();
    if let Some(new) = desired
        .consenters
        .iter()
        .find(|wanted| !current.iter().any(|known| same(known, wanted)))
    {
        let mut endpoints = known;
        endpoints.push(endpoint(new));
        let config = edit::add_consenter(&bundle.config, new.clone())?;
        let config = edit::set_orderer_endpoints(&config, &desired.ordering, &endpoints)?;
        return Ok(Some(Step {
            config,
            what: What::Admit(new.clone()),
        }));
    }
    if let Some(old) = current
        .iter()
        .find(|known| !desired.consenters.iter().any(|wanted| same(known, wanted)))
    {
        return dismiss(bundle, desired, old).map(Some);
    }
    if known != desired.endpoints {
        let config = edit::set_orderer_endpoints(&bundle.config, &desired.ordering, &desired.endpoints)?;
        let what = What::Settings(vec!["change the orderers' addresses".to_owned()]);
        return Ok(Some(Step { config, what }));
    }
    Ok(None)
}

/// Takes the vote of one orderer.
pub fn dismiss(bundle: &Bundle, desired: &Desired, old: &Consenter) -> Result<Step> {
    let orderer = bundle.orderer.as_ref();
    let known = orderer.and_then(|orderer| orderer.organizations.get(&desired.ordering));
    let gone = format!("{}:{}", old.host, old.port);
    let endpoints = known.into_iter().flat_map(|organization| &organization.endpoints);
    let endpoints: Vec<String> = endpoints.filter(|known| **known != gone).cloned().collect();
    let config = edit::remove_consenter(&bundle.config, &old.host, old.port)?;
    let config = edit::set_orderer_endpoints(&config, &desired.ordering, &endpoints)?;
    Ok(Step {
        config,
        what: What::Dismiss(old.clone()),
    })
}

/// The orderers that a config block gives a vote.
pub fn consenters(block: &Block) -> Result<Vec<Consenter>, ConfigError> {
    let bundle = Bundle::from_block(block)?;
    let orderer = bundle
        .orderer
        .ok_or_else(|| ConfigError("the block has no ordering service".to_owned()))?;
    Ok(raft::raft_metadata(&orderer)?.consenters)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use entente_fabric::config::genesis::{self, Profile};
    use entente_fabric::proto::etcdraft::ConfigMetadata;

    use super::*;
    use crate::pki::{Authority, Leaf, Purpose};

    struct World {
        tls: Authority,
        members: Vec<Organization>,
    }

    fn organization(name: &str, tls: &Authority) -> Organization {
        let identity = Authority::create(name, name, SystemTime::now()).unwrap();
        let (ca, tls_ca) = (identity.certificate_pem.as_bytes(), tls.certificate_pem.as_bytes());
        Organization {
            name: name.to_owned(),
            msp: genesis::membership(name, ca, tls_ca),
            orderer_endpoints: Vec::new(),
            anchor_peers: vec![(format!("peer0.{name}"), 7051)],
            reads_only: false,
        }
    }

    impl World {
        fn new() -> World {
            let tls = Authority::create("tls", "tls", SystemTime::now()).unwrap();
            let members = ["BankMSP", "TaxMSP", "AuditMSP"]
                .map(|name| organization(name, &tls))
                .to_vec();
            World { tls, members }
        }

        fn consenter(&self, port: u32) -> Consenter {
            let leaf = Leaf {
                common_name: format!("orderer{port}"),
                organization: "ordering".to_owned(),
                purpose: Purpose::Tls {
                    hosts: vec!["localhost".to_owned()],
                },
                life: Duration::from_secs(24 * 3600),
            };
            let certificate = self
                .tls
                .issue(&leaf, None, SystemTime::now())
                .unwrap()
                .certificate_pem
                .into_bytes();
            let (client_tls_cert, server_tls_cert) = (certificate.clone(), certificate);
            Consenter {
                host: "localhost".to_owned(),
                port,
                client_tls_cert,
                server_tls_cert,
            }
        }

        fn desired(&self, members: usize, consenters: &[Consenter]) -> Desired {
            Desired {
                members: self.members[..members].to_vec(),
                revocation_lists: BTreeMap::new(),
                batch: BatchPlan::default(),
                ordering: "OrderingMSP".to_owned(),
                endpoints: consenters.iter().map(|c| format!("{}:{}", c.host, c.port)).collect(),
                consenters: consenters.to_vec(),
            }
        }

        /// The channel that was made as `desired`.
        fn channel(&self, desired: &Desired) -> Bundle {
            let mut ordering = organization("OrderingMSP", &self.tls);
            ordering.orderer_endpoints.clone_from(&desired.endpoints);
            let profile = Profile {
                channel_capability: "V3_0".to_owned(),
                orderer_capability: "V2_0".to_owned(),
                application_capability: "V2_5".to_owned(),
                orderer_organizations: vec![ordering],
                application_organizations: desired.members.clone(),
                raft: ConfigMetadata {
                    consenters: desired.consenters.clone(),
                    options: Some(genesis::default_raft_options()),
                },
                batch_timeout: desired.batch.timeout,
                max_message_count: desired.batch.max_message_count,
                absolute_max_bytes: desired.batch.absolute_max_bytes,
                preferred_max_bytes: desired.batch.preferred_max_bytes,
            };
            Bundle::from_block(&genesis::block("main", genesis::channel_group(&profile))).unwrap()
        }

        /// The changes that lead from one channel to another, in order.
        fn changes(&self, from: &Desired, to: &Desired) -> Vec<String> {
            let mut bundle = self.channel(from);
            let mut changes = Vec::new();
            while let Some(step) = next(&bundle, to).unwrap() {
                changes.push(step.what.to_string());
                bundle = Bundle::new("main", step.config).unwrap();
                assert!(changes.len() < 10, "{changes:?}");
            }
            changes
        }
    }

    #[test]
    fn a_channel_that_is_as_desired_needs_no_change() {
        let world = World::new();
        let desired = world.desired(2, &[world.consenter(7050)]);

        assert_eq!(world.changes(&desired, &desired), [""; 0]);
    }

    #[test]
    fn members_and_settings_change_at_once_and_orderers_one_by_one() {
        let world = World::new();
        let consenters: Vec<Consenter> = (7050..7053).map(|port| world.consenter(port)).collect();
        let from = world.desired(1, &consenters[..1]);
        let mut to = world.desired(3, &consenters);
        to.batch.timeout = Duration::from_secs(1);
        to.batch.max_message_count = 10;
        to.members[0].anchor_peers = vec![("peer1.bank".to_owned(), 7051)];

        let changes = world.changes(&from, &to);

        assert_eq!(
            changes,
            [
                "move the anchor peers of BankMSP, admit TaxMSP, admit AuditMSP, change the batch size, change the batch timeout",
                "give the orderer at localhost:7051 a vote",
                "give the orderer at localhost:7052 a vote",
            ]
        );
    }

    #[test]
    fn majorities_are_counted_among_those_who_write_for_as_long_as_somebody_only_reads() {
        let world = World::new();
        let plain = world.desired(2, &[world.consenter(7050)]);
        let mut watched = world.desired(3, &[world.consenter(7050)]);
        watched.members[2].reads_only = true;

        assert_eq!(
            world.changes(&plain, &watched),
            ["admit AuditMSP, count majorities among those who write"]
        );
        assert_eq!(
            world.changes(&watched, &plain),
            ["count majorities among those who write, dismiss AuditMSP"]
        );
        assert_eq!(world.changes(&watched, &watched), [""; 0]);
    }

    #[test]
    fn a_member_leaves_and_orderers_lose_their_votes_one_by_one() {
        let world = World::new();
        let consenters: Vec<Consenter> = (7050..7053).map(|port| world.consenter(port)).collect();

        let changes = world.changes(&world.desired(2, &consenters), &world.desired(1, &consenters[..1]));

        assert_eq!(
            changes,
            [
                "dismiss TaxMSP",
                "take the vote of the orderer at localhost:7051",
                "take the vote of the orderer at localhost:7052",
            ]
        );
    }
}

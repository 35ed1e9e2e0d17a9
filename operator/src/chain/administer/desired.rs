//! What a channel's configuration should become next. Pure: a configuration and a wish in, a configuration out.

use entente_fabric::config::genesis::Organization;
use entente_fabric::config::{Bundle, ConfigError, consenters as raft, edit};
use entente_fabric::proto::common::{Block, Config};
use entente_fabric::proto::etcdraft::Consenter;

use crate::chain::plan::BatchPlan;
use crate::trouble::{Result, Trouble};

/// What a channel's configuration should say.
pub struct Desired {
    /// The members, with their anchor peers. Named by MSP id.
    pub members: Vec<Organization>,
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
        let endpoints: Vec<String> = known.into_iter().filter(|known| *known != endpoint(old)).collect();
        let config = edit::remove_consenter(&bundle.config, &old.host, old.port)?;
        let config = edit::set_orderer_endpoints(&config, &desired.ordering, &endpoints)?;
        return Ok(Some(Step {
            config,
            what: What::Dismiss(old.clone()),
        }));
    }
    if known != desired.endpoints {
        let config = edit::set_orderer_endpoints(&bundle.config, &desired.ordering, &desired.endpoints)?;
        let what = What::Settings(vec!["change the orderers' addresses".to_owned()]);
        return Ok(Some(Step { config, what }));
    }
    Ok(None)
}

/// The orderers that a config block gives a vote.
pub fn consenters(block: &Block) -> Result<Vec<Consenter>, ConfigError> {
    let bundle = Bundle::from_block(block)?;
    let orderer = bundle
        .orderer
        .ok_or_else(|| ConfigError("the block has no ordering service".to_owned()))?;
    Ok(raft::raft_metadata(&orderer)?.consenters)
}

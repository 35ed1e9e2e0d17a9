//! What an installation decides about its audit.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use entente_api::{names, units};

/// Options of the audit.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Audit")]
pub struct AuditArgs {
    /// Keep rows of the audit for so many days, where the tenant does not say otherwise; for ever when absent
    #[arg(
        long,
        env = "ENTENTE_AUDIT_RETENTION_DAYS",
        value_name = "DAYS",
        value_parser = clap::value_parser!(u32).range(1..=36_500)
    )]
    pub audit_retention_days: Option<u32>,
    /// Anchor the heads of all tenants' audits with a contract of the template `evidence` on a chain of the installation's
    /// own tenant
    #[arg(long, env = "ENTENTE_AUDIT_ANCHOR", value_name = "CHAIN/CHANNEL/CONTRACT")]
    pub audit_anchor: Option<AnchorPlace>,
    /// How often heads that have moved are anchored
    #[arg(
        long,
        env = "ENTENTE_AUDIT_ANCHOR_EVERY",
        default_value = "1h",
        value_name = "DURATION",
        value_parser = units::duration
    )]
    pub audit_anchor_every: Duration,
}

impl Default for AuditArgs {
    fn default() -> AuditArgs {
        AuditArgs {
            audit_retention_days: None,
            audit_anchor: None,
            audit_anchor_every: Duration::from_secs(3600),
        }
    }
}

/// Where heads are anchored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorPlace {
    pub chain: String,
    pub channel: String,
    pub contract: String,
}

impl std::fmt::Display for AnchorPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.chain, self.channel, self.contract)
    }
}

impl FromStr for AnchorPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<AnchorPlace, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let [chain, channel, contract] = parts[..] else {
            return Err("write CHAIN/CHANNEL/CONTRACT, such as platform/main/evidence".to_owned());
        };
        names::check_label(chain).map_err(|reason| format!("the chain: {reason}"))?;
        names::check_contract(contract).map_err(|reason| format!("the contract: {reason}"))?;
        if channel.is_empty() {
            return Err("the channel has no name".to_owned());
        }
        Ok(AnchorPlace {
            chain: chain.to_owned(),
            channel: channel.to_owned(),
            contract: contract.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_three_parts() {
        let place = AnchorPlace {
            chain: "platform".to_owned(),
            channel: "main".to_owned(),
            contract: "evidence".to_owned(),
        };

        assert_eq!("platform/main/evidence".parse(), Ok(place));
        for wrong in [
            "platform",
            "platform/main",
            "platform//evidence",
            "Platform/main/evidence",
        ] {
            assert!(wrong.parse::<AnchorPlace>().is_err(), "{wrong}");
        }
    }
}

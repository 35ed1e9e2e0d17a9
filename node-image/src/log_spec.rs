//! Fabric's logging specification: `[<logger>[,<logger>…]=]<level>[:…]`, for example `warning:gateway=debug`
//! (`common/flogging/loggerlevels.go` of fabric-lib-go).

use std::collections::BTreeMap;
use std::fmt;

/// The level of each logger, and of all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSpec {
    default: Level,
    loggers: BTreeMap<String, Level>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Payload,
    Debug,
    Info,
    Warn,
    Error,
    Panic,
    Fatal,
}

impl Level {
    fn parse(name: &str) -> Option<Level> {
        Some(match name.to_ascii_lowercase().as_str() {
            "payload" => Level::Payload,
            "debug" => Level::Debug,
            "info" | "notice" => Level::Info,
            "warning" | "warn" => Level::Warn,
            "error" | "critical" => Level::Error,
            "dpanic" | "panic" => Level::Panic,
            "fatal" => Level::Fatal,
            _ => return None,
        })
    }

    /// The level by the name that stock prints.
    fn name(self) -> &'static str {
        match self {
            Level::Payload => "payload",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
            Level::Panic => "panic",
            Level::Fatal => "fatal",
        }
    }

    fn filter(self) -> &'static str {
        match self {
            Level::Payload => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            // This node never panics on purpose and has no level above errors.
            Level::Error | Level::Panic | Level::Fatal => "error",
        }
    }
}

/// A specification that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid logging specification '{spec}': {reason}")]
pub struct InvalidSpec {
    spec: String,
    reason: String,
}

impl LogSpec {
    pub fn parse(spec: &str) -> Result<LogSpec, InvalidSpec> {
        let invalid = |reason: String| InvalidSpec {
            spec: spec.to_owned(),
            reason,
        };
        let mut parsed = LogSpec {
            default: Level::Info,
            loggers: BTreeMap::new(),
        };
        for field in spec.split(':').filter(|field| !field.is_empty()) {
            let bad = || invalid(format!("bad segment '{field}'"));
            match field.split_once('=') {
                None => parsed.default = Level::parse(field).ok_or_else(bad)?,
                Some((names, level)) => {
                    let level = Level::parse(level).ok_or_else(bad)?;
                    if names.is_empty() {
                        return Err(invalid(format!("no logger specified in segment '{field}'")));
                    }
                    for name in names.split(',') {
                        if !is_logger(name.strip_suffix('.').unwrap_or(name)) {
                            return Err(invalid(format!("bad logger name '{name}'")));
                        }
                        parsed.loggers.insert(name.to_owned(), level);
                    }
                }
            }
        }
        Ok(parsed)
    }

    /// The same as directives of a `tracing` filter. Loggers that this node does not have are left out.
    pub fn directives(&self) -> String {
        let of_loggers = self.loggers.iter().flat_map(|(name, level)| {
            targets(name.strip_suffix('.').unwrap_or(name))
                .into_iter()
                .map(|target| format!("{target}={}", level.filter()))
        });
        std::iter::once(self.default.filter().to_owned())
            .chain(of_loggers)
            .collect::<Vec<_>>()
            .join(",")
    }
}

/// Loggers sorted, then the default: what stock answers to a question for its specification.
impl fmt::Display for LogSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, level) in &self.loggers {
            write!(f, "{name}={}:", level.name())?;
        }
        f.write_str(self.default.name())
    }
}

fn is_logger(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_#-".contains(c));
    name.split('.').all(part)
}

/// Where this node does what the stock logger reports about.
fn targets(logger: &str) -> Vec<&'static str> {
    let first = logger.split('.').next().unwrap_or(logger);
    match first {
        "peer" | "nodeCmd" => vec!["entente_peer"],
        "gateway" => vec!["entente_peer::gateway"],
        "endorser" => vec!["entente_peer::endorser"],
        "chaincode" | "chaincodeCmd" => vec!["entente_peer::chaincode"],
        "lifecycle" => vec!["entente_peer::lifecycle"],
        "cscc" | "qscc" => vec!["entente_peer::system"],
        "aclmgmt" => vec!["entente_peer::acl"],
        "deliveryClient" | "deliverclient" | "committer" => vec!["entente_peer::channels"],
        "validator" | "vscc" | "validation" => vec!["entente_peer::validate"],
        "kvledger" | "lockbasedtxmgr" | "statebasedval" | "ledgermgmt" | "fsblkstorage" | "blkstorage" => {
            vec!["entente_ledger"]
        }
        "common" | "deliver" => vec!["entente_ledger::deliver"],
        "orderer" => match logger.split('.').nth(1) {
            Some("consensus") => vec!["entente_orderer::raft"],
            _ => vec!["entente_orderer"],
        },
        "msp" | "policies" | "cauthdsl" | "channelconfig" => vec!["entente_fabric"],
        "comm" | "grpc" => vec!["entente_fabric::tls", "tonic", "h2", "hyper"],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specification_reads_and_prints_as_stock_does() {
        let printed = |spec| LogSpec::parse(spec).map(|spec| spec.to_string());

        assert_eq!(printed("info").unwrap(), "info");
        assert_eq!(printed("").unwrap(), "info");
        assert_eq!(printed("WARNING").unwrap(), "warn");
        assert_eq!(printed("gossip=warning:info").unwrap(), "gossip=warn:info");
        assert_eq!(
            printed("msp,gateway=debug:chaincode=error:warn").unwrap(),
            "chaincode=error:gateway=debug:msp=debug:warn"
        );
        assert_eq!(printed("a.b.=debug").unwrap(), "a.b.=debug:info");
    }

    #[test]
    fn a_wrong_specification_says_where() {
        let error = |spec| LogSpec::parse(spec).unwrap_err().to_string();

        assert_eq!(
            error("loud"),
            "invalid logging specification 'loud': bad segment 'loud'"
        );
        assert_eq!(
            error("a=loud:info"),
            "invalid logging specification 'a=loud:info': bad segment 'a=loud'"
        );
        assert_eq!(
            error("=info"),
            "invalid logging specification '=info': no logger specified in segment '=info'"
        );
        assert_eq!(
            error("a b=info"),
            "invalid logging specification 'a b=info': bad logger name 'a b'"
        );
    }

    #[test]
    fn loggers_become_the_modules_that_do_their_work() {
        let spec = LogSpec::parse("gateway=debug:gossip=error:orderer.consensus.etcdraft=payload:warn").unwrap();

        assert_eq!(
            spec.directives(),
            "warn,entente_peer::gateway=debug,entente_orderer::raft=trace"
        );
    }
}

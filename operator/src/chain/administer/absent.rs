//! Orderers that have a vote in a channel and know nothing of it. Pure: who votes and what the orderers say in, what to
//! do about it out.

use entente_fabric::proto::etcdraft::Consenter;

use crate::network::Node;
use crate::trouble::{Result, Trouble};

/// What the channel needs before anything else of it can change.
#[derive(Debug, PartialEq)]
pub enum Absent<'a> {
    /// Nothing: all that vote take part, or do not answer.
    Nobody,
    /// These have never been in it: a crash between their votes and their joining has left them so.
    Unjoined(Vec<&'a Node>),
    /// This one was in it before, and has lost its volume. It has forgotten for whom it voted and what it had promised to
    /// keep, so it must not take part as the one it was: its vote is taken, and it comes back with a new one.
    Forgetful(Consenter),
}

/// Looks at who votes. `strangers` are the orderers that say that they have not joined, `served` the names of those that
/// have been in the channel before.
pub fn absent<'a>(voters: &[Consenter], strangers: &[&'a Node], served: &[String]) -> Result<Absent<'a>> {
    let stranger = |voter: &Consenter| {
        let endpoint = format!("{}:{}", voter.host, voter.port);
        let found = strangers.iter().find(|node| node.addresses.external == endpoint);
        found.map(|node| (voter.clone(), *node))
    };
    let (forgetful, unjoined): (Vec<_>, Vec<_>) = voters
        .iter()
        .filter_map(stranger)
        .partition(|(_, node)| served.contains(&node.id.name));
    let left = voters.len() - forgetful.len();
    if left * 2 <= voters.len() && !forgetful.is_empty() {
        let names: Vec<&str> = forgetful.iter().map(|(_, node)| node.id.name.as_str()).collect();
        return Err(lost(format!(
            "{} have lost their volumes, and the other {left} of {} orderers are no majority",
            names.join(" and "),
            voters.len()
        )));
    }
    Ok(match (forgetful.into_iter().next(), unjoined.is_empty()) {
        (Some((voter, _)), _) => Absent::Forgetful(voter),
        (None, false) => Absent::Unjoined(unjoined.into_iter().map(|(_, node)| node).collect()),
        (None, true) => Absent::Nobody,
    })
}

/// What is wrong when no orderer can tell the configuration: nothing special, or that all who knew it have forgotten it.
pub fn all_forgotten(channel: &str, strangers: &[&Node], served: &[String]) -> Option<Trouble> {
    let forgotten = |name: &String| strangers.iter().any(|node| node.id.name == *name);
    let all = !served.is_empty() && served.iter().all(forgotten);
    all.then(|| {
        lost(format!(
            "no orderer has the blocks of channel {channel} any more: their volumes are empty"
        ))
    })
}

fn lost(cause: String) -> Trouble {
    Trouble::failed(cause).with_hint("Restore the volume of an orderer from a backup; peers keep what they have.")
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use super::*;
    use crate::substrate::{Addresses, Listen, NodeId};

    fn voter(number: u32) -> Consenter {
        Consenter {
            host: format!("orderer{number}"),
            port: 7050,
            ..Consenter::default()
        }
    }

    fn node(number: u32) -> Node {
        let name = format!("orderer{number}");
        let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listen = Listen {
            services: nobody,
            operations: nobody,
            admin: nobody,
            chaincode: nobody,
        };
        Node {
            addresses: Addresses {
                listen,
                external: format!("{name}:7050"),
                operations: format!("{name}:9443"),
                admin: format!("{name}:7053"),
                hosts: vec![name.clone()],
            },
            id: NodeId {
                namespace: "hebei".to_owned(),
                chain: "ledger".to_owned(),
                name,
            },
            outside: None,
        }
    }

    fn names(numbers: &[u32]) -> Vec<String> {
        numbers.iter().map(|number| format!("orderer{number}")).collect()
    }

    #[test]
    fn one_that_never_joined_joins_and_one_that_has_forgotten_loses_its_vote_first() {
        let voters: Vec<Consenter> = (0..3).map(voter).collect();
        let (first, second, elsewhere) = (node(0), node(1), node(7));

        assert_eq!(absent(&voters, &[], &names(&[0, 1, 2])), Ok(Absent::Nobody));
        assert_eq!(absent(&voters, &[&elsewhere], &names(&[0, 1, 2])), Ok(Absent::Nobody));
        assert_eq!(
            absent(&voters, &[&first, &second], &names(&[])),
            Ok(Absent::Unjoined(vec![&first, &second]))
        );
        assert_eq!(
            absent(&voters, &[&first, &second], &names(&[1, 2])),
            Ok(Absent::Forgetful(voter(1)))
        );
    }

    #[test]
    fn a_majority_that_has_forgotten_everything_is_not_replaced() {
        let voters: Vec<Consenter> = (0..3).map(voter).collect();
        let (first, second) = (node(0), node(1));

        let trouble = absent(&voters, &[&first, &second], &names(&[0, 1, 2])).unwrap_err();

        assert_eq!(
            trouble.cause,
            "orderer0 and orderer1 have lost their volumes, and the other 1 of 3 orderers are no majority"
        );
        assert_eq!(all_forgotten("main", &[&first, &second], &names(&[0, 1, 2])), None);
        let alone = all_forgotten("main", &[&first], &names(&[0]));
        assert_eq!(
            alone.map(|trouble| trouble.cause).as_deref(),
            Some("no orderer has the blocks of channel main any more: their volumes are empty")
        );
    }
}

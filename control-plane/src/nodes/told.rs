//! What one node tells by its metrics.

use std::collections::BTreeMap;

use entente_operator::scrape;

/// Sums of samples, by metric and then by channel; a metric that knows no channels stands under the empty one.
///
/// What else a metric tells apart (codes, contracts) is added up here, but for transactions: those that are valid and those
/// that are not are told apart under names of their own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    sums: BTreeMap<String, BTreeMap<String, f64>>,
}

/// Under this name stand the transactions that were refused.
pub const INVALID: &str = "ledger_transaction_count/invalid";
const TRANSACTIONS: &str = "ledger_transaction_count";
/// Under this name stand the messages that an orderer did not take.
pub const REFUSED: &str = "broadcast_processed_count/refused";
const PROCESSED: &str = "broadcast_processed_count";

impl Told {
    /// Reads a text in the Prometheus format.
    pub fn read(text: &str) -> Told {
        let mut told = Told::default();
        for sample in scrape::samples(text) {
            let channel = sample.label("channel").unwrap_or_default();
            // OpenMetrics, which native nodes write, has counters end so; stock nodes do not.
            let name = match sample.name {
                "process_cpu_seconds_total" => sample.name,
                name => name.strip_suffix("_total").unwrap_or(name),
            };
            told.add(name, channel, sample.value);
            if name == TRANSACTIONS && sample.label("validation_code").is_some_and(|code| code != "VALID") {
                told.add(INVALID, channel, sample.value);
            }
            if name == PROCESSED && sample.label("status").is_some_and(|status| status != "SUCCESS") {
                told.add(REFUSED, channel, sample.value);
            }
        }
        told
    }

    fn add(&mut self, name: &str, channel: &str, value: f64) {
        let by_channel = self.sums.entry(name.to_owned()).or_default();
        *by_channel.entry(channel.to_owned()).or_default() += value;
    }

    /// A metric of one channel.
    pub fn of(&self, name: &str, channel: &str) -> Option<f64> {
        self.sums.get(name)?.get(channel).copied()
    }

    /// A metric by channels.
    pub fn by_channel(&self, name: &str) -> impl Iterator<Item = (&str, f64)> {
        let all = self.sums.get(name).into_iter().flatten();
        all.map(|(channel, value)| (channel.as_str(), *value))
    }

    /// A metric of the process.
    pub fn process(&self, name: &str) -> Option<f64> {
        self.of(name, "")
    }

    /// Blocks of a channel: what a peer says, or what an orderer has agreed on.
    pub fn height(&self, channel: &str) -> Option<u64> {
        let ordered = || Some(self.of("consensus_etcdraft_committed_block_number", channel)? + 1.0);
        let height = self.of("ledger_blockchain_height", channel).or_else(ordered)?;
        // Whole numbers, which a double holds exactly far beyond any chain.
        (height >= 0.0).then_some(height as u64)
    }

    /// Whether it leads the ordering of a channel. `None`: it orders no such channel.
    pub fn leads(&self, channel: &str) -> Option<bool> {
        Some(self.of("consensus_etcdraft_is_leader", channel)? >= 1.0)
    }

    /// Channels that it has.
    pub fn channels(&self) -> Vec<&str> {
        let mut names: Vec<&str> = ["ledger_blockchain_height", "consensus_etcdraft_is_leader"]
            .into_iter()
            .flat_map(|name| self.by_channel(name))
            .map(|(channel, _)| channel)
            .filter(|channel| !channel.is_empty())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_both_engines_are_added_up_by_channel() {
        let stock = "ledger_transaction_count{chaincode=\"a:1\",channel=\"main\",transaction_type=\"ENDORSER_TRANSACTION\",validation_code=\"VALID\"} 5\n\
            ledger_transaction_count{chaincode=\"a:1\",channel=\"main\",transaction_type=\"ENDORSER_TRANSACTION\",validation_code=\"MVCC_READ_CONFLICT\"} 2\n";
        let native = stock.replace("ledger_transaction_count{", "ledger_transaction_count_total{");

        for text in [stock.to_owned(), native] {
            let told = Told::read(&text);
            assert_eq!(
                (told.of(TRANSACTIONS, "main"), told.of(INVALID, "main")),
                (Some(7.0), Some(2.0))
            );
        }
    }

    #[test]
    fn a_height_is_a_peers_own_or_what_an_orderer_has_agreed_on() {
        let peer = Told::read("ledger_blockchain_height{channel=\"main\"} 9\n");
        let orderer = Told::read(
            "consensus_etcdraft_committed_block_number{channel=\"main\"} 8\nconsensus_etcdraft_is_leader{channel=\"main\"} 1\n",
        );

        assert_eq!((peer.height("main"), orderer.height("main")), (Some(9), Some(9)));
        assert_eq!((peer.leads("main"), orderer.leads("main")), (None, Some(true)));
        assert_eq!((peer.channels(), peer.height("audit")), (vec!["main"], None));
    }
}

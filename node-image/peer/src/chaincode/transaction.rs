//! One simulated transaction, as every contract that takes part in it sees it.

use std::sync::Arc;

use entente_fabric::config::Bundle;
use entente_fabric::policy::SignedData;
use entente_fabric::proto::protos::SignedProposal;
use entente_ledger::LedgerError;
use entente_ledger::simulate::{SimulationResults, Simulator};
use entente_ledger::state::View;
use parking_lot::Mutex;

use crate::channels::Channel;
use crate::endorser::unpack::Unpacked;
use crate::failure::Failure;

/// A channel with the configuration that this transaction is checked against.
#[derive(Clone)]
pub struct Place {
    pub channel: Arc<Channel>,
    pub bundle: Arc<Bundle>,
}

impl Place {
    pub fn new(channel: Arc<Channel>) -> Place {
        Place {
            bundle: channel.bundle(),
            channel,
        }
    }
}

/// A transaction under simulation. Cheap to clone; clones share the simulator.
#[derive(Clone)]
pub struct Transaction {
    pub id: Arc<str>,
    /// Empty for what concerns the peer alone.
    pub channel_id: Arc<str>,
    /// `None` when there is no channel.
    pub place: Option<Place>,
    pub proposal: Arc<Unpacked>,
    /// `None` for transactions that never read or write state. The inner `None` comes when the results are taken: a
    /// contract that answers too late finds no ledger any more.
    simulator: Option<Arc<Mutex<Option<Simulator>>>>,
}

impl Transaction {
    /// A transaction on `place`, or on the peer itself.
    pub fn new(proposal: Arc<Unpacked>, place: Option<Place>, simulator: Option<Simulator>) -> Transaction {
        Transaction {
            id: proposal.tx_id().into(),
            channel_id: place.as_ref().map_or("", |place| &place.channel.id).into(),
            place,
            proposal,
            simulator: simulator.map(|simulator| Arc::new(Mutex::new(Some(simulator)))),
        }
    }

    /// The same request on another channel, where it may read but where nothing of it is kept.
    pub fn on_other_channel(&self, place: Place) -> Result<Transaction, Failure> {
        let simulator = place.channel.ledger.simulator(&self.id)?;
        Ok(Transaction::new(self.proposal.clone(), Some(place), Some(simulator)))
    }

    pub fn has_simulator(&self) -> bool {
        self.simulator
            .as_ref()
            .is_some_and(|simulator| simulator.lock().is_some())
    }

    /// Reads or writes through the simulator.
    pub fn simulate<T>(&self, act: impl FnOnce(&mut Simulator) -> Result<T, LedgerError>) -> Result<T, Failure> {
        let mut guard = match &self.simulator {
            Some(simulator) => simulator.lock(),
            None => return Err(Failure::new("invalid channel-less operation")),
        };
        let simulator = guard.as_mut().ok_or_else(|| Failure::new("no ledger context"))?;
        Ok(act(simulator)?)
    }

    /// Reads the state that is simulated on, without a trace in the read set.
    pub fn view<T>(&self, read: impl FnOnce(&View) -> Result<T, LedgerError>) -> Result<T, Failure> {
        self.simulate(|simulator| read(simulator.view()))
    }

    /// Ends the simulation; `None` when there was none.
    pub fn finish(&self) -> Result<Option<SimulationResults>, Failure> {
        let Some(simulator) = self.simulator.as_ref().and_then(|simulator| simulator.lock().take()) else {
            return Ok(None);
        };
        Ok(Some(simulator.finish()?))
    }

    /// Ends the simulation without a result, so that late requests of a contract find nothing.
    pub fn abandon(&self) {
        if let Some(simulator) = &self.simulator {
            simulator.lock().take();
        }
    }

    pub fn signed_proposal(&self) -> &SignedProposal {
        &self.proposal.signed
    }

    /// What policies evaluate: the creator's signature over the proposal.
    pub fn signed_data(&self) -> SignedData {
        self.proposal.signed_data()
    }

    /// The configuration of the transaction's channel.
    pub fn place(&self) -> Result<&Place, Failure> {
        self.place
            .as_ref()
            .ok_or_else(|| Failure::new("could not get channelconfig for channel ''"))
    }
}

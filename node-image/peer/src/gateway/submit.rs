//! Submit: hands a signed transaction to the ordering service (`internal/pkg/gateway/submit.go`).

use entente_fabric::proto::common::{Envelope, Status as OrdererStatus};
use entente_fabric::proto::gateway::SubmitRequest;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use rand::seq::SliceRandom as _;
use tonic::{Code, Status};
use tracing::debug;

use super::Core;
use super::failure::{text, unknown_channel, with_details};
use super::orderers::{Orderer, status_name};

/// A BFT orderer that has received the transaction from another client or orderer already says this.
const ALREADY_THERE: &str = "failed to submit request: request already exists";

impl Core {
    pub(super) async fn submit(&self, request: SubmitRequest) -> Result<(), Status> {
        let transaction = request
            .prepared_transaction
            .ok_or_else(|| Status::invalid_argument("a prepared transaction is required"))?;
        if transaction.signature.is_empty() {
            return Err(Status::invalid_argument("prepared transaction must be signed"));
        }
        let channel = self
            .channels
            .get(&request.channel_id)
            .ok_or_else(|| Status::failed_precondition(unknown_channel(&request.channel_id)))?;
        let bundle = channel.bundle();
        let Some(ordering) = &bundle.orderer else {
            return Err(Status::not_found(format!(
                "failed to create block deliverer for channel `{}`, missing OrdererConfig",
                channel.id
            )));
        };
        let (orderers, named) = self.orderers.of(&bundle, &self.tls);
        if orderers.is_empty() {
            return Err(Status::unavailable("no orderer nodes available"));
        }
        match ordering.consensus_type.as_str() {
            "BFT" => self.to_quorum(orderers, named, &transaction).await,
            _ => self.to_one(orderers, &transaction).await,
        }
    }

    /// One orderer's word is enough; they are tried in random order, those that are silent last.
    async fn to_one(&self, mut orderers: Vec<Orderer>, transaction: &Envelope) -> Result<(), Status> {
        orderers.shuffle(&mut rand::rng());
        orderers.sort_by_key(|orderer| orderer.pulse.is_silent());
        orderers
            .iter()
            .filter(|orderer| orderer.pulse.is_silent())
            .for_each(|orderer| orderer.pulse.knock_again());
        let mut details = Vec::new();
        for orderer in orderers {
            let address = &orderer.endpoint.address;
            let response = match self.broadcast(&orderer, transaction).await {
                Ok(response) => response,
                Err(status) => {
                    debug!(
                        address,
                        reason = status.message(),
                        "an orderer did not take the transaction"
                    );
                    details.push(orderer.detail(&text(&status)));
                    continue;
                }
            };
            if response.status == OrdererStatus::Success as i32 {
                return Ok(());
            }
            let (status, info) = (status_name(&response), &response.info);
            if (400..500).contains(&response.status) {
                return Err(Status::aborted(format!(
                    "received unsuccessful response from orderer: status={status}, info={info}"
                )));
            }
            debug!(address, status, info, "an orderer did not take the transaction");
            details.push(orderer.detail(&format!(
                "received unsuccessful response from orderer: status={status}, info={info}"
            )));
        }
        Err(with_details(
            Code::Unavailable,
            "no orderers could successfully process transaction",
            details,
        ))
    }

    /// All orderers get it, and so many must take it that one correct orderer is among them.
    async fn to_quorum(&self, orderers: Vec<Orderer>, named: usize, transaction: &Envelope) -> Result<(), Status> {
        let quorum = bft_quorum(named);
        let mut answers = orderers
            .iter()
            .map(|orderer| async move {
                let response = self
                    .broadcast(orderer, transaction)
                    .await
                    .map_err(|status| text(&status))?;
                let unavailable = response.status == OrdererStatus::ServiceUnavailable as i32;
                if response.status == OrdererStatus::Success as i32 || unavailable && response.info == ALREADY_THERE {
                    return Ok(());
                }
                let (status, info) = (status_name(&response), &response.info);
                Err(format!(
                    "received unsuccessful response from orderer: status={status}, info={info}"
                ))
            })
            .enumerate()
            .map(|(index, answer)| async move { (index, answer.await) })
            .collect::<FuturesUnordered<_>>();
        let (mut taken, mut details) = (0, Vec::new());
        while let Some((index, answer)) = answers.next().await {
            match answer {
                Ok(()) => taken += 1,
                Err(reason) => details.push(orderers[index].detail(&reason)),
            }
            if taken >= quorum {
                return Ok(());
            }
            if details.len() + quorum > orderers.len() {
                break;
            }
        }
        Err(with_details(
            Code::Unavailable,
            "insufficient number of orderers could successfully process transaction to satisfy quorum requirement",
            details,
        ))
    }

    async fn broadcast(
        &self,
        orderer: &Orderer,
        transaction: &Envelope,
    ) -> Result<entente_fabric::proto::orderer::BroadcastResponse, Status> {
        tokio::time::timeout(self.broadcast_timeout, orderer.broadcast(transaction.clone()))
            .await
            .unwrap_or_else(|_| Err(Status::deadline_exceeded("context deadline exceeded")))
    }
}

/// So many of `n` orderers, f of which may lie, that any two such sets share a correct one.
fn bft_quorum(n: usize) -> usize {
    let f = n.saturating_sub(1) / 3;
    (n + f + 1).div_ceil(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quorum_overlaps_in_a_correct_orderer() {
        assert_eq!([1, 4, 5, 6, 7, 10].map(bft_quorum), [1, 3, 4, 4, 5, 7]);
    }
}

//! One peer's services, as one identity uses them: the gateway for contracts, `qscc` for blocks and transactions.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use entente_fabric::client::connect::{ConnectOptions, connect};
use entente_fabric::client::{CallError, Caller, deliver, gateway, qscc};
use entente_fabric::crypto::Signer;
use entente_fabric::proposal::Invocation;
use entente_fabric::proto::common::{self, BlockchainInfo};
use entente_fabric::proto::protos::{ProcessedTransaction, TxValidationCode};
use entente_fabric::tls::TlsClient;
use futures::{Stream, StreamExt as _};
use tonic::transport::Channel;

use super::BlockRef;
use super::call::{Call, Done};
use super::explain::{self, Phase};
use crate::rest::codes::Code;
use crate::rest::problem::Problem;

const EVALUATE_WITHIN: Duration = Duration::from_secs(30);
const ENDORSE_WITHIN: Duration = Duration::from_secs(30);
const SUBMIT_WITHIN: Duration = Duration::from_secs(15);
const COMMIT_WITHIN: Duration = Duration::from_secs(60);

/// Connections that are kept; more are made anew.
const MOST_CONNECTIONS: usize = 256;

/// Blocks as they arrive. A failure is the last item.
pub type Blocks = Pin<Box<dyn Stream<Item = Result<common::Block, Problem>> + Send>>;

/// Connections to peers, by endpoint and whom is trusted there.
#[derive(Clone, Default)]
pub struct Peers {
    open: Arc<Mutex<HashMap<(String, String), Channel>>>,
}

impl Peers {
    /// The peer at `endpoint`, dialled when there is no connection yet. A connection that was lost restores itself.
    pub async fn get(&self, endpoint: &str, tls_root: &str, signer: Arc<dyn Signer>) -> Result<Peer, Problem> {
        let key = (endpoint.to_owned(), tls_root.to_owned());
        let known = self
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        if let Some(connection) = known {
            return Ok(Peer { connection, signer });
        }
        let tls = TlsClient::trusting_pem(tls_root.as_bytes()).map_err(Problem::internal)?;
        let connection = connect(endpoint, Some(&tls), &ConnectOptions::default())
            .await
            .map_err(|error| {
                Problem::new(Code::NodeUnreachable, format!("The peer cannot be reached: {error}"))
                    .with_retry_after(1)
            })?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MOST_CONNECTIONS {
            open.clear();
        }
        open.insert(key, connection.clone());
        Ok(Peer { connection, signer })
    }
}

/// One peer, as one identity uses it.
pub struct Peer {
    connection: Channel,
    signer: Arc<dyn Signer>,
}

impl Peer {
    pub async fn evaluate(&self, channel: &str, call: &Call, targets: &[String]) -> Result<Vec<u8>, Problem> {
        let invocation = invocation(channel, call);
        let answer = gateway::evaluate(&self.connection, &invocation, targets, &*self.signer);
        let response = within(EVALUATE_WITHIN, answer)
            .await
            .map_err(|error| explain::call(Phase::Evaluate, &error, ""))?;
        Ok(response.payload)
    }

    pub async fn submit(&self, channel: &str, call: &Call, endorsers: &[String]) -> Result<Done, Problem> {
        let (peer, signer) = (&self.connection, &*self.signer);
        let invocation = invocation(channel, call);
        let endorsed = within(ENDORSE_WITHIN, gateway::endorse(peer, &invocation, endorsers, signer))
            .await
            .map_err(|error| explain::call(Phase::Endorse, &error, ""))?;
        let id = endorsed.transaction_id.as_str();
        within(SUBMIT_WITHIN, gateway::submit(peer, &endorsed))
            .await
            .map_err(|error| explain::call(Phase::Submit, &error, id))?;
        let committed = within(COMMIT_WITHIN, gateway::commit_status(peer, channel, id, signer))
            .await
            .map_err(|error| explain::call(Phase::Commit, &error, id))?;
        if committed.code != TxValidationCode::Valid {
            return Err(explain::invalid(committed.code, id, committed.block));
        }
        Ok(Done {
            transaction_id: id.to_owned(),
            block_number: committed.block,
            result: endorsed.response.payload,
        })
    }

    pub async fn info(&self, channel: &str) -> Result<BlockchainInfo, Problem> {
        self.read(
            "channel",
            channel,
            qscc::chain_info(&self.connection, channel, &*self.signer),
        )
        .await
    }

    pub async fn block(&self, channel: &str, reference: &BlockRef) -> Result<common::Block, Problem> {
        let (peer, signer) = (&self.connection, &*self.signer);
        let number = match reference {
            BlockRef::Hash(hash) => {
                let asked = qscc::block_by_hash(peer, channel, hash, signer);
                return self.read("block", &hex::encode(hash), asked).await;
            }
            BlockRef::Number(number) => *number,
            BlockRef::Newest => self.info(channel).await?.height.saturating_sub(1),
        };
        // Fabric reads the largest number as "the newest".
        if number == u64::MAX {
            return Err(Problem::not_found("block", &number.to_string()));
        }
        self.read(
            "block",
            &number.to_string(),
            qscc::block_by_number(peer, channel, number, signer),
        )
        .await
    }

    /// Every block from `start`, waiting for those to come.
    pub fn follow(&self, channel: &str, start: u64) -> Result<Blocks, Problem> {
        let blocks = deliver::from_peer(
            &self.connection,
            channel,
            deliver::from(start),
            Caller::new(&*self.signer),
        )
        .map_err(|error| explain::call(Phase::Evaluate, &error, ""))?;
        let explained = |one: Result<_, _>| one.map_err(|error| explain::call(Phase::Evaluate, &error, ""));
        Ok(Box::pin(blocks.map(explained)))
    }

    pub async fn transaction(&self, channel: &str, id: &str) -> Result<ProcessedTransaction, Problem> {
        let asked = qscc::transaction_by_id(&self.connection, channel, id, &*self.signer);
        self.read("transaction", id, asked).await
    }

    pub async fn block_of(&self, channel: &str, id: &str) -> Result<common::Block, Problem> {
        let asked = qscc::block_by_transaction(&self.connection, channel, id, &*self.signer);
        self.read("transaction", id, asked).await
    }

    async fn read<T>(
        &self,
        noun: &str,
        name: &str,
        asked: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, Problem> {
        within(EVALUATE_WITHIN, asked).await.map_err(|error| match error {
            CallError::NotFound { .. } => Problem::not_found(noun, name),
            other => explain::call(Phase::Evaluate, &other, ""),
        })
    }
}

fn invocation(channel: &str, call: &Call) -> Invocation {
    let mut invocation = Invocation::new(channel, &call.contract, &call.function);
    invocation.args.extend(call.arguments.iter().cloned());
    invocation.transient = call.transient.clone();
    invocation
}

async fn within<T>(deadline: Duration, asked: impl Future<Output = Result<T, CallError>>) -> Result<T, CallError> {
    let late = || CallError::TimedOut(format!("the peer has not answered for {} s", deadline.as_secs()));
    tokio::time::timeout(deadline, asked)
        .await
        .unwrap_or_else(|_| Err(late()))
}

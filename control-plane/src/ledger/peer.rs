//! One peer's services, as one identity uses them: the gateway for contracts, `qscc` for blocks and transactions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use entente_fabric::client::MAX_MESSAGE_BYTES;
use entente_fabric::client::connect::{ConnectOptions, connect};
use entente_fabric::crypto::{self, Signer};
use entente_fabric::envelope::transaction_id;
use entente_fabric::proto::common::{
    self, BlockchainInfo, ChannelHeader, Envelope, Header, HeaderType, SignatureHeader,
};
use entente_fabric::proto::gateway::gateway_client::GatewayClient;
use entente_fabric::proto::gateway::{
    CommitStatusRequest, EndorseRequest, ErrorDetail, EvaluateRequest, SignedCommitStatusRequest, SubmitRequest,
};
use entente_fabric::proto::google::rpc;
use entente_fabric::proto::protos::{
    ChaincodeHeaderExtension, ChaincodeId, ChaincodeInput, ChaincodeInvocationSpec, ChaincodeProposalPayload,
    ChaincodeSpec, ProcessedTransaction, Proposal, SignedProposal, TxValidationCode,
};
use entente_fabric::tls::TlsClient;
use prost::Message;
use tonic::Request;
use tonic::transport::Channel;

use super::BlockRef;
use super::call::{Call, Done};
use super::explain::{self, Detail, Failure, Phase};
use super::view;
use crate::rest::codes::Code;
use crate::rest::problem::Problem;

const EVALUATE_WITHIN: Duration = Duration::from_secs(30);
const ENDORSE_WITHIN: Duration = Duration::from_secs(30);
const SUBMIT_WITHIN: Duration = Duration::from_secs(15);
const COMMIT_WITHIN: Duration = Duration::from_secs(60);

/// Connections that are kept; more are made anew.
const MOST_CONNECTIONS: usize = 256;

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
        let channel = match known {
            Some(channel) => channel,
            None => {
                let tls = TlsClient::trusting_pem(tls_root.as_bytes()).map_err(Problem::internal)?;
                let options = ConnectOptions::default();
                let channel = connect(endpoint, Some(&tls), &options).await.map_err(|error| {
                    Problem::new(Code::NodeUnreachable, format!("The peer cannot be reached: {error}"))
                        .with_retry_after(1)
                })?;
                let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
                if open.len() >= MOST_CONNECTIONS {
                    open.clear();
                }
                open.insert(key, channel.clone());
                channel
            }
        };
        let gateway = GatewayClient::new(channel)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES);
        Ok(Peer { gateway, signer })
    }
}

/// One peer, as one identity uses it.
pub struct Peer {
    gateway: GatewayClient<Channel>,
    signer: Arc<dyn Signer>,
}

struct Prepared {
    transaction_id: String,
    proposal: SignedProposal,
}

impl Peer {
    pub async fn evaluate(&self, channel: &str, call: &Call, targets: Vec<String>) -> Result<Vec<u8>, Problem> {
        let prepared = self.prepare(channel, call)?;
        self.evaluated(channel, prepared, targets)
            .await
            .map_err(|status| explain::failure(Phase::Evaluate, &failure(&status), ""))
    }

    async fn evaluated(
        &self,
        channel: &str,
        prepared: Prepared,
        targets: Vec<String>,
    ) -> Result<Vec<u8>, tonic::Status> {
        let request = EvaluateRequest {
            transaction_id: prepared.transaction_id,
            channel_id: channel.to_owned(),
            proposed_transaction: Some(prepared.proposal),
            target_organizations: targets,
        };
        let answer = self.gateway.clone().evaluate(within(EVALUATE_WITHIN, request)).await?;
        Ok(answer.into_inner().result.unwrap_or_default().payload)
    }

    pub async fn submit(&self, channel: &str, call: &Call, endorsers: Vec<String>) -> Result<Done, Problem> {
        let Prepared {
            transaction_id: id,
            proposal,
        } = self.prepare(channel, call)?;
        let failed = |phase| {
            let id = id.clone();
            move |status: tonic::Status| explain::failure(phase, &failure(&status), &id)
        };
        let mut gateway = self.gateway.clone();
        let request = EndorseRequest {
            transaction_id: id.clone(),
            channel_id: channel.to_owned(),
            proposed_transaction: Some(proposal),
            endorsing_organizations: endorsers,
        };
        let endorsed = gateway
            .endorse(within(ENDORSE_WITHIN, request))
            .await
            .map_err(failed(Phase::Endorse))?;
        let mut envelope = endorsed.into_inner().prepared_transaction.unwrap_or_default();
        let result = result_of(&envelope);
        envelope.signature = self.signer.sign(&envelope.payload).map_err(Problem::internal)?;

        let request = SubmitRequest {
            transaction_id: id.clone(),
            channel_id: channel.to_owned(),
            prepared_transaction: Some(envelope),
        };
        gateway
            .submit(within(SUBMIT_WITHIN, request))
            .await
            .map_err(failed(Phase::Submit))?;

        let request = CommitStatusRequest {
            transaction_id: id.clone(),
            channel_id: channel.to_owned(),
            identity: self.signer.identity().to_vec(),
        }
        .encode_to_vec();
        let signature = self.signer.sign(&request).map_err(Problem::internal)?;
        let request = SignedCommitStatusRequest { request, signature };
        let status = gateway
            .commit_status(within(COMMIT_WITHIN, request))
            .await
            .map_err(failed(Phase::Commit))?;
        let status = status.into_inner();
        if status.result != TxValidationCode::Valid as i32 {
            return Err(explain::invalid(status.result, &id, status.block_number));
        }
        Ok(Done {
            transaction_id: id,
            block_number: status.block_number,
            result,
        })
    }

    pub async fn info(&self, channel: &str) -> Result<BlockchainInfo, Problem> {
        self.query(channel, "GetChainInfo", &[], || Problem::not_found("channel", channel))
            .await
    }

    pub async fn block(&self, channel: &str, reference: &BlockRef) -> Result<common::Block, Problem> {
        let missing = |name: String| move || Problem::not_found("block", &name);
        match reference {
            BlockRef::Number(number) => {
                let text = number.to_string();
                self.query(channel, "GetBlockByNumber", text.clone().as_bytes(), missing(text))
                    .await
            }
            BlockRef::Hash(hash) => {
                self.query(channel, "GetBlockByHash", hash, missing(hex::encode(hash)))
                    .await
            }
            BlockRef::Newest => {
                let newest = self.info(channel).await?.height.saturating_sub(1);
                Box::pin(self.block(channel, &BlockRef::Number(newest))).await
            }
        }
    }

    pub async fn transaction(&self, channel: &str, id: &str) -> Result<ProcessedTransaction, Problem> {
        let missing = || Problem::not_found("transaction", id);
        self.query(channel, "GetTransactionByID", id.as_bytes(), missing).await
    }

    pub async fn block_of(&self, channel: &str, id: &str) -> Result<common::Block, Problem> {
        let missing = || Problem::not_found("transaction", id);
        self.query(channel, "GetBlockByTxID", id.as_bytes(), missing).await
    }

    /// Asks the query system chaincode (`core/scc/qscc/query.go`).
    async fn query<T: Message + Default>(
        &self,
        channel: &str,
        function: &str,
        argument: &[u8],
        missing: impl FnOnce() -> Problem,
    ) -> Result<T, Problem> {
        let mut arguments = vec![channel.as_bytes().to_vec()];
        arguments.extend((!argument.is_empty()).then(|| argument.to_vec()));
        let call = Call {
            contract: "qscc".to_owned(),
            function: function.to_owned(),
            arguments,
            ..Call::default()
        };
        let prepared = self.prepare(channel, &call)?;
        let bytes = self.evaluated(channel, prepared, Vec::new()).await.map_err(|status| {
            let problem = explain::failure(Phase::Evaluate, &failure(&status), "");
            // qscc fails with status 500 for what it does not have, in words that differ with each function.
            if problem.code() == Code::ContractError {
                missing()
            } else {
                problem
            }
        })?;
        T::decode(&*bytes).map_err(Problem::internal)
    }

    fn prepare(&self, channel: &str, call: &Call) -> Result<Prepared, Problem> {
        let nonce = crypto::nonce();
        let id = transaction_id(&nonce, self.signer.identity());
        let contract = ChaincodeId {
            name: call.contract.clone(),
            ..ChaincodeId::default()
        };
        let channel_header = ChannelHeader {
            r#type: HeaderType::EndorserTransaction as i32,
            timestamp: Some(std::time::SystemTime::now().into()),
            channel_id: channel.to_owned(),
            tx_id: id.clone(),
            extension: ChaincodeHeaderExtension {
                chaincode_id: Some(contract.clone()),
            }
            .encode_to_vec(),
            ..ChannelHeader::default()
        };
        let signature_header = SignatureHeader {
            creator: self.signer.identity().to_vec(),
            nonce,
        };
        let header = Header {
            channel_header: channel_header.encode_to_vec(),
            signature_header: signature_header.encode_to_vec(),
        };
        let arguments = std::iter::once(call.function.as_bytes().to_vec()).chain(call.arguments.iter().cloned());
        let spec = ChaincodeSpec {
            chaincode_id: Some(contract),
            input: Some(ChaincodeInput {
                args: arguments.collect(),
                ..ChaincodeInput::default()
            }),
            ..ChaincodeSpec::default()
        };
        let payload = ChaincodeProposalPayload {
            input: ChaincodeInvocationSpec {
                chaincode_spec: Some(spec),
            }
            .encode_to_vec(),
            transient_map: call.transient.clone(),
        };
        let proposal = Proposal {
            header: header.encode_to_vec(),
            payload: payload.encode_to_vec(),
            extension: Vec::new(),
        };
        let proposal_bytes = proposal.encode_to_vec();
        let signature = self.signer.sign(&proposal_bytes).map_err(Problem::internal)?;
        Ok(Prepared {
            transaction_id: id,
            proposal: SignedProposal {
                proposal_bytes,
                signature,
            },
        })
    }
}

/// What the contract answered, out of the transaction that was made of the endorsements.
fn result_of(envelope: &Envelope) -> Vec<u8> {
    match view::transaction(envelope, 0, None).result {
        Some(view::Bytes::Text(text)) => text.into_bytes(),
        Some(view::Bytes::Base64(text)) => {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD
                .decode(text)
                .unwrap_or_default()
        }
        None => Vec::new(),
    }
}

fn within<T>(deadline: Duration, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(deadline);
    request
}

/// A gRPC status with the details that gateways attach to it.
fn failure(status: &tonic::Status) -> Failure {
    let attached = rpc::Status::decode(status.details()).unwrap_or_default();
    let details = attached
        .details
        .iter()
        .filter_map(|any| ErrorDetail::decode(&*any.value).ok());
    Failure {
        code: status.code(),
        message: status.message().to_owned(),
        details: details
            .map(|detail| Detail {
                address: detail.address,
                msp_id: detail.msp_id,
                message: detail.message,
            })
            .collect(),
    }
}

//! Calling a chaincode by name, for a client or for another contract.

use std::pin::Pin;
use std::sync::Arc;

use entente_fabric::proto::protos::{
    ChaincodeEvent, ChaincodeInput, ChaincodeMessage, ChaincodeSpec, Response, chaincode_message::Type,
};
use prost::Message as _;

use super::Contracts;
use super::context::Context;
use super::stream::Call;
use super::transaction::{Place, Transaction};
use crate::failure::{Failure, decode};
use crate::system;

/// Holds, in a contract's namespace, the version that was last initialised. No contract can write it: the shims refuse
/// keys that begin with U+0000 U+10FFFF.
const INITIALIZED_KEY: &str = "\u{0}\u{10FFFF}initialized";

/// A contract's answer and the event that it set.
pub type Answer = (Response, Option<ChaincodeEvent>);

type Invocation<'a> = Pin<Box<dyn Future<Output = Result<ChaincodeMessage, Failure>> + Send + 'a>>;

impl Contracts {
    /// Runs a proposal's chaincode and reads its final message.
    pub async fn execute(self: &Arc<Self>, transaction: &Transaction, name: &str) -> Result<Answer, Failure> {
        let tx_id = &transaction.id;
        // What a client writes into the decorations never reaches a contract.
        let input = ChaincodeInput {
            decorations: Default::default(),
            ..transaction.proposal.input.clone()
        };
        let message = self
            .invoke(transaction, name, &input)
            .await
            .map_err(|failure| failure.within(format_args!("failed to execute transaction {tx_id}")))?;
        match message.r#type() {
            Type::Completed => {
                let response = decode::<Response>(&message.payload).map_err(|failure| {
                    failure.within(format_args!("failed to unmarshal response for transaction {tx_id}"))
                })?;
                let event = message.chaincode_event.map(|event| ChaincodeEvent {
                    // A contract must not speak in another's name.
                    chaincode_id: name.to_owned(),
                    tx_id: tx_id.to_string(),
                    ..event
                });
                Ok((response, event))
            }
            Type::Error => {
                let text = String::from_utf8_lossy(&message.payload);
                Err(Failure(format!("transaction returned with failure: {text}")))
            }
            other => {
                let kind = other as i32;
                Err(Failure(format!(
                    "unexpected response type {kind} for transaction {tx_id}"
                )))
            }
        }
    }

    /// Calls `name` in `transaction`. Boxed, because contracts call contracts.
    fn invoke<'a>(
        self: &'a Arc<Self>,
        transaction: &'a Transaction,
        name: &'a str,
        input: &'a ChaincodeInput,
    ) -> Invocation<'a> {
        Box::pin(async move {
            if system::is_system(name) {
                let response = self.system.invoke(name, transaction, input).await;
                return Ok(ChaincodeMessage {
                    r#type: Type::Completed as i32,
                    payload: response.encode_to_vec(),
                    txid: transaction.id.to_string(),
                    channel_id: transaction.channel_id.to_string(),
                    ..Default::default()
                });
            }
            let (package_id, is_init) = self
                .check_invocation(transaction, name, input)
                .map_err(|failure| failure.within("invalid invocation"))?;
            let stream = self
                .launches
                .stream(&package_id, self, self.limits.startup_timeout)
                .await?;
            stream
                .execute(
                    Call {
                        transaction,
                        namespace: name,
                        input,
                        is_init,
                    },
                    self.limits.execute_timeout,
                )
                .await
                .map_err(|failure| failure.within("error sending"))
        })
    }

    /// Finds the package of a contract, and enforces that a contract whose definition demands it is initialised once,
    /// and first.
    fn check_invocation(
        &self,
        transaction: &Transaction,
        name: &str,
        input: &ChaincodeInput,
    ) -> Result<(String, bool), Failure> {
        let callable = self.system.lifecycle.callable(transaction, name).map_err(|failure| {
            let channel = &transaction.channel_id;
            failure.within(format_args!(
                "[channel {channel}] failed to get chaincode container info for {name}"
            ))
        })?;
        let needs_init = callable.init_required && {
            let initialized = transaction
                .simulate(|simulator| simulator.get_state(name, INITIALIZED_KEY))
                .map_err(|failure| failure.within("could not get 'initialized' key"))?;
            initialized.unwrap_or_default() != callable.version.as_bytes()
        };
        if !input.is_init {
            return match needs_init {
                true => Err(Failure(format!(
                    "chaincode '{name}' has not been initialized for this version, must call as init first"
                ))),
                false => Ok((callable.package_id, false)),
            };
        }
        if !callable.init_required {
            return Err(Failure(format!(
                "chaincode '{name}' does not require initialization but called as init"
            )));
        }
        if !needs_init {
            return Err(Failure(format!(
                "chaincode '{name}' is already initialized but called as init"
            )));
        }
        transaction
            .simulate(|simulator| simulator.set_state(name, INITIALIZED_KEY, callable.version.as_bytes()))
            .map_err(|failure| failure.within("could not set 'initialized' key"))?;
        Ok((callable.package_id, true))
    }

    /// INVOKE_CHAINCODE: a contract calls another one. On its own channel both share the read and write set; on another
    /// one nothing of what is called is kept.
    pub(super) async fn called_by(
        self: Arc<Self>,
        context: &Context,
        message: &ChaincodeMessage,
    ) -> Result<Vec<u8>, Failure> {
        let caller = &context.transaction;
        if !caller.has_simulator() {
            return Err(Failure::new("could not get valid transaction"));
        }
        let spec = decode::<ChaincodeSpec>(&message.payload).map_err(|failure| failure.within("unmarshal failed"))?;
        let target = spec.chaincode_id.unwrap_or_default().name;
        let (name, channel) = parse_name(&target);
        let channel = if channel.is_empty() {
            &caller.channel_id
        } else {
            channel
        };
        if !system::is_system(name) {
            self.acl
                .check("peer/ChaincodeToChaincode", channel, &caller.signed_data())?;
        }
        let callee = if *channel == *caller.channel_id {
            caller.clone()
        } else {
            let found = self.channels.get(channel);
            let found = found.ok_or_else(|| Failure(format!("failed to find ledger for channel: {channel}")))?;
            caller.on_other_channel(Place::new(found))?
        };
        let input = ChaincodeInput {
            decorations: Default::default(),
            ..spec.input.unwrap_or_default()
        };
        let answer = self
            .invoke(&callee, name, &input)
            .await
            .map_err(|failure| failure.within("execute failed"))?;
        Ok(answer.encode_to_vec())
    }
}

/// Splits `name:version/channel`, where version and channel may be absent. The version is not used.
fn parse_name(target: &str) -> (&str, &str) {
    let (name, channel) = target.split_once('/').unwrap_or((target, ""));
    (name.split_once(':').map_or(name, |(name, _)| name), channel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_called_contract_may_be_named_with_version_and_channel() {
        let parsed = ["aux", "aux:1.0", "aux/other", "aux:1.0/other/x"].map(parse_name);

        assert_eq!(parsed, [("aux", ""), ("aux", ""), ("aux", "other"), ("aux", "other/x")]);
    }
}

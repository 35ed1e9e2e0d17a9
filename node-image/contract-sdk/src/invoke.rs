//! Calling another contract.

use entente_fabric::proto::protos::chaincode_message::Type;
use entente_fabric::proto::protos::{ChaincodeId, ChaincodeInput, ChaincodeMessage, ChaincodeSpec, Response};
use prost::Message as _;

use crate::context::Context;
use crate::error::ContractError;

/// Fabric's threshold: what answers with less has succeeded.
const ERROR_THRESHOLD: i32 = 400;

impl Context {
    /// Calls a function of another contract. On the same channel (`None`, or its name) its reads and writes become part
    /// of this transaction; on another one it can only read. A contract cannot call itself.
    pub async fn invoke(
        &self,
        contract: &str,
        function: &str,
        arguments: &[&[u8]],
        channel: Option<&str>,
    ) -> Result<Vec<u8>, ContractError> {
        let name = match channel {
            Some(channel) => format!("{contract}/{channel}"),
            None => contract.to_owned(),
        };
        let args = std::iter::once(function.as_bytes()).chain(arguments.iter().copied());
        let input = ChaincodeInput {
            args: args.map(<[u8]>::to_vec).collect(),
            ..Default::default()
        };
        let spec = ChaincodeSpec {
            chaincode_id: Some(ChaincodeId {
                name,
                ..Default::default()
            }),
            input: Some(input),
            ..Default::default()
        };
        let answer = self.call.ask(Type::InvokeChaincode, spec.encode_to_vec()).await?;
        let answer = ChaincodeMessage::decode(&answer[..])?;
        if answer.r#type() != Type::Completed {
            let reason = String::from_utf8_lossy(&answer.payload);
            return Err(ContractError::Ledger(format!(
                "calling {function} of {contract}: {reason}"
            )));
        }
        let response = Response::decode(&answer.payload[..])?;
        if response.status >= ERROR_THRESHOLD {
            return Err(ContractError::Refused(format!(
                "{contract} refused {function}: {}",
                response.message
            )));
        }
        Ok(response.payload)
    }
}

//! Whether the contract answers, asked through the own gateway of each member that runs it, as its clients will.

use std::time::Duration;

use entente_api::contract::ContractStatus;
use entente_fabric::client::{CallError, Code, gateway};
use entente_fabric::proposal::Invocation;
use futures::future::try_join_all;
use tokio::time::Instant;
use tonic::Code as Grpc;

use super::lifecycle::Agreed;
use crate::chain::plan::ChannelPlan;
use crate::context::Context;
use crate::dial::patiently;
use crate::network::{Network, Party};
use crate::report::Report;
use crate::trouble::{Result, Trouble, in_words};

const STEP: &str = "probe";
const PATIENCE: Duration = Duration::from_secs(60);
/// A contract that comes up answers within moments; after that, people want to know what is wrong.
const QUIET: Duration = Duration::from_secs(2);
/// A function that every contract on an official contract API has; others answer that they do not know it, which also
/// is an answer.
const QUESTION: &str = "org.hyperledger.fabric:GetMetadata";

pub async fn contract(
    context: &Context,
    network: &Network,
    channel: &ChannelPlan,
    agreed: &Agreed,
    report: &Report<ContractStatus>,
) -> Result<()> {
    let mut members = network.members_of(channel);
    let runs_it = |member: &Party| agreed.approvers.contains(&member.name);
    members.retain(|member| member.regulator || runs_it(member));
    let runners = members.iter().filter(|member| runs_it(member));
    let msp_ids: Vec<String> = runners.map(|member| member.msp_id().to_owned()).collect();
    let began = Instant::now();
    let asked = members.into_iter().map(|member| {
        let msp_ids = &msp_ids;
        patiently(PATIENCE, move || async move {
            let answer = answered(context, &channel.name, &agreed.definition.name, member, msp_ids).await;
            answer.inspect_err(|trouble| {
                if began.elapsed() > QUIET {
                    report.not_yet(STEP, trouble);
                }
            })
        })
    });
    report
        .step(
            STEP,
            "asking the contract through every member's gateway",
            try_join_all(asked),
        )
        .await?;
    Ok(())
}

/// Asks the gateway of a member for endorsements by every organization that runs the contract; nothing is submitted. It must know
/// a peer of each that has the contract, which takes stock nodes some rounds of gossip. Of a regulator's it is enough
/// that its gateway finds somebody who evaluates.
async fn answered(
    context: &Context,
    channel: &str,
    contract: &str,
    member: &Party,
    msp_ids: &[String],
) -> Result<()> {
    let Some(node) = member.nodes.first() else {
        return Ok(());
    };
    let peer = member.connect(context, node).await?;
    let question = Invocation::new(channel, contract, QUESTION);
    let answer = match member.regulator {
        true => gateway::evaluate(&peer, &question, &[], member.signer())
            .await
            .map(drop),
        false => gateway::endorse(&peer, &question, msp_ids, member.signer())
            .await
            .map(drop),
    };
    match answer {
        Ok(()) => Ok(()),
        Err(error) if is_answer(&error) => Ok(()),
        Err(error) => {
            let words = in_words(&error);
            Err(Trouble::waiting(format!(
                "{} gets no answer from the contract yet: {words}",
                node.id.name
            )))
        }
    }
}

/// Whether the contract itself has refused: it runs and is reached. A gateway passes on a contract's own refusal as
/// `Aborted` with the words "chaincode response"; everything else is about finding or reaching it.
fn is_answer(error: &CallError) -> bool {
    match error {
        CallError::Refused {
            code: Code::Grpc(Grpc::Unknown | Grpc::Aborted),
            message,
            details,
        } => {
            let said = details
                .iter()
                .map(|detail| detail.message.as_str())
                .chain([message.as_str()]);
            said.into_iter().any(|words| words.contains("chaincode response"))
        }
        _ => false,
    }
}

//! What of a status is worth telling people as it happens: steps that were done or failed, conditions that flipped, nodes
//! that died. Pure: two statuses in, news out; the same status again is no news.

use entente_api::condition::{Progress, State, Step, StepState, kind, reason};
use entente_api::member::NodeStatus;

use crate::registry::{News, Weight};
use crate::report::Status;

/// What has happened between two statuses of one resource, in order.
pub fn between<S: Status>(before: &S, after: &S) -> Vec<News> {
    let mut news = steps(before.progress(), after.progress());
    news.extend(nodes(before.own_nodes(), after.own_nodes()));
    news.extend(standing(before.progress(), after.progress()));
    news
}

fn steps(before: &Progress, after: &Progress) -> Vec<News> {
    let own = after.steps.iter().filter(|step| is_own(&step.name));
    own.filter_map(|step| ended(before.step(&step.name), step)).collect()
}

/// A chain's status also shows the steps of its members and contracts, which tell of them themselves.
fn is_own(step: &str) -> bool {
    !step.starts_with("member/") && !step.starts_with("contract/")
}

fn ended(before: Option<&Step>, step: &Step) -> Option<News> {
    let was = before.map(|step| step.state);
    match step.state {
        StepState::Succeeded if was != Some(StepState::Succeeded) => {
            let reason = done(step)?;
            Some(news(Weight::Normal, reason, &step.name, &step.message))
        }
        StepState::Failed
            if was != Some(StepState::Failed) || before.is_none_or(|step_before| step_before.cause != step.cause) =>
        {
            let cause = step.cause.as_deref().unwrap_or(&step.message);
            let hint = step.hint.as_ref().map(|hint| format!(" {hint}")).unwrap_or_default();
            let message = format!("{}: {cause}.{hint}", step.name);
            Some(news(Weight::Warning, "StepFailed", &step.name, &message))
        }
        _ => None,
    }
}

/// The word for a step that was done; `None` for those that only look.
fn done(step: &Step) -> Option<&'static str> {
    let last = step.name.rsplit('/').next().unwrap_or_default();
    Some(match (step.name.split('/').next().unwrap_or_default(), last) {
        ("organizations" | "authorities", _) => "AuthoritiesPrepared",
        ("orderers", _) => "OrderersRunning",
        ("peers", _) => "PeersRunning",
        ("channel", "join-orderers") => "OrderersJoined",
        // Every pass compares; only what is then changed is said in other words.
        ("channel", "configure") if !step.message.starts_with("comparing") => "ChannelConfigured",
        ("join", _) => "PeersJoined",
        ("service", _) => "ServiceStarted",
        ("install", _) => "Installed",
        ("approve", _) => "Approved",
        ("commit", _) => "Committed",
        ("enrol", _) => "Enrolled",
        ("suspend", _) => "NodesStopped",
        ("remove", _) => "Removed",
        _ => return None,
    })
}

fn nodes(before: &[NodeStatus], after: &[NodeStatus]) -> Vec<News> {
    let mut news = Vec::new();
    for node in after {
        let Some(old) = before.iter().find(|old| old.name == node.name) else {
            continue;
        };
        let because = |node: &NodeStatus| {
            node.reason
                .as_ref()
                .map(|reason| format!(": {reason}"))
                .unwrap_or_default()
        };
        if node.restarts > old.restarts {
            let message = format!(
                "{} was restarted ({} times by now){}",
                node.name,
                node.restarts,
                because(node)
            );
            news.push(self::news(Weight::Warning, "NodeRestarted", &node.name, &message));
        } else if node.state == State::Failed && (old.state != State::Failed || old.reason != node.reason) {
            let message = format!("{} does not run{}", node.name, because(node));
            news.push(self::news(Weight::Warning, "NodeFailing", &node.name, &message));
        } else if node.state == State::Ready && old.state == State::Failed {
            let message = format!("{} runs again", node.name);
            news.push(self::news(Weight::Normal, "NodeRunning", &node.name, &message));
        }
    }
    news
}

/// What became of it as a whole.
fn standing(before: &Progress, after: &Progress) -> Option<News> {
    let message = |progress: &Progress| progress.condition(kind::READY).map(|ready| ready.message.clone());
    let said = message(after).unwrap_or_default();
    let news = |weight, reason| Some(news(weight, reason, kind::READY, &said));
    match after.state {
        State::Rejected if before.state != State::Rejected || message(before) != message(after) => {
            news(Weight::Warning, reason::INVALID)
        }
        _ if after.awaits_approval() && message(before) != message(after) => {
            news(Weight::Normal, reason::AWAITING_APPROVAL)
        }
        State::Suspended if before.state != State::Suspended => news(Weight::Normal, reason::SUSPENDED),
        State::Deleting if before.state != State::Deleting => news(Weight::Normal, reason::DELETING),
        State::Degraded if before.is_ready() && !after.is_ready() => news(Weight::Warning, reason::DEGRADED),
        _ if after.is_ready() && !before.is_ready() => news(Weight::Normal, reason::READY),
        _ => None,
    }
}

fn news(weight: Weight, reason: &str, action: &str, message: &str) -> News {
    News {
        weight,
        reason: reason.to_owned(),
        action: action.to_owned(),
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use entente_api::chain::ChainStatus;
    use entente_api::time::Time;

    use super::*;

    fn step(name: &str, state: StepState, cause: Option<&str>) -> Step {
        Step {
            name: name.to_owned(),
            state,
            message: format!("doing {name}"),
            cause: cause.map(str::to_owned),
            ..Step::default()
        }
    }

    fn status(steps: Vec<Step>, ready: Option<bool>) -> ChainStatus {
        let mut status = ChainStatus::default();
        status.progress.steps = steps;
        if let Some(ready) = ready {
            let word = if ready { reason::READY } else { reason::DEGRADED };
            status.progress.state = if ready { State::Ready } else { State::Degraded };
            status
                .progress
                .set_condition(kind::READY, ready, word, "orderer1 does not run", Time::now());
        }
        status
    }

    fn told(before: &ChainStatus, after: &ChainStatus) -> Vec<String> {
        let news = between(before, after);
        news.into_iter()
            .map(|news| format!("{:?} {} {}", news.weight, news.reason, news.message))
            .collect()
    }

    #[test]
    fn what_was_done_or_failed_is_told_once() {
        use StepState::{Failed, Running, Succeeded};
        let begun = status(vec![step("orderers", Running, None)], None);
        let failed = status(
            vec![
                step("orderers", Failed, Some("no disk")),
                step("member/bank/peers", Succeeded, None),
            ],
            None,
        );
        let done = status(
            vec![step("orderers", Succeeded, None), step("probe", Succeeded, None)],
            Some(true),
        );

        assert_eq!(told(&ChainStatus::default(), &begun), [""; 0]);
        assert_eq!(told(&begun, &failed), ["Warning StepFailed orderers: no disk."]);
        assert_eq!(told(&failed, &failed), [""; 0]);
        assert_eq!(
            told(&failed, &done),
            [
                "Normal OrderersRunning doing orderers",
                "Normal Ready orderer1 does not run"
            ]
        );
    }

    #[test]
    fn who_is_awaited_is_told_when_that_changes() {
        let awaiting = |message: &str| {
            let mut status = status(Vec::new(), None);
            let progress = &mut status.progress;
            progress.set_condition(kind::READY, false, reason::AWAITING_APPROVAL, message, Time::now());
            status
        };
        let (both, one) = (awaiting("awaiting bank-b, bank-c"), awaiting("awaiting bank-c"));

        assert_eq!(
            told(&ChainStatus::default(), &both),
            ["Normal AwaitingApproval awaiting bank-b, bank-c"]
        );
        assert_eq!(told(&both, &both), [""; 0]);
        assert_eq!(told(&both, &one), ["Normal AwaitingApproval awaiting bank-c"]);
    }

    #[test]
    fn a_node_that_dies_and_what_that_means_are_told() {
        let orderer = |state, restarts| NodeStatus {
            name: "orderer1".to_owned(),
            role: "orderer".to_owned(),
            state,
            restarts,
            reason: (state == State::Failed).then(|| "it ended with signal 9".to_owned()),
            ..NodeStatus::default()
        };
        let mut well = status(Vec::new(), Some(true));
        well.nodes = vec![orderer(State::Ready, 0)];
        let mut ill = status(Vec::new(), Some(false));
        ill.nodes = vec![orderer(State::Failed, 1)];

        assert_eq!(
            told(&well, &ill),
            [
                "Warning NodeRestarted orderer1 was restarted (1 times by now): it ended with signal 9",
                "Warning Degraded orderer1 does not run"
            ]
        );
        assert_eq!(told(&ill, &well)[0], "Normal NodeRunning orderer1 runs again");
    }
}

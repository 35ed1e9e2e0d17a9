//! A status while it is being earned: steps and facts are put down as they happen, and written beside the work, so that
//! whoever watches sees each step begin and end.

use std::convert::Infallible;
use std::future::Future;

use entente_api::condition::{Progress, State, Step, StepState, kind, reason};
use entente_api::member::NodeStatus;
use entente_api::time::Time;
use entente_api::{chain, contract, identity, member, node_release, organization, tenant};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::trouble::{Kind, Result, Trouble};

/// How many times as long as a write took, no other follows; what changes meanwhile is in the next one.
const BREATHER: u32 = 4;

/// A status type.
pub trait Status: Clone + Default + PartialEq + serde::Serialize + Send + Sync + 'static {
    fn progress(&self) -> &Progress;
    fn progress_mut(&mut self) -> &mut Progress;
    /// Nodes that this resource itself runs.
    fn own_nodes(&self) -> &[NodeStatus] {
        &[]
    }
}

macro_rules! statuses {
    ($($status:ty { $($nodes:item)* })*) => { $(
        impl Status for $status {
            fn progress(&self) -> &Progress { &self.progress }
            fn progress_mut(&mut self) -> &mut Progress { &mut self.progress }
            $($nodes)*
        }
    )* };
}

statuses! {
    chain::ChainStatus {
        // In the order of roles; peers are their members'.
        fn own_nodes(&self) -> &[NodeStatus] {
            let orderers = self.nodes.iter().take_while(|node| node.role == "orderer").count();
            &self.nodes[..orderers]
        }
    }
    contract::ContractStatus {}
    identity::IdentityStatus {}
    member::MemberStatus {
        fn own_nodes(&self) -> &[NodeStatus] {
            &self.nodes
        }
    }
    node_release::NodeReleaseStatus {}
    organization::OrganizationStatus {}
    tenant::TenantStatus {}
}

/// The status of one resource during one pass over it.
pub struct Report<S> {
    status: Mutex<S>,
    changed: Notify,
}

impl<S: Status> Report<S> {
    /// Goes on with the status of the passes before. A new generation begins with no steps.
    pub fn resume(previous: Option<&S>, generation: i64) -> Report<S> {
        let mut status = previous.cloned().unwrap_or_default();
        let was_ready = status.progress().is_ready();
        let progress = status.progress_mut();
        if progress.observed_generation != Some(generation) {
            progress.observed_generation = Some(generation);
            progress.steps.clear();
            progress.state = if was_ready {
                State::Updating
            } else {
                State::Provisioning
            };
            let message = "work on this version of the spec has begun";
            progress.set_condition(kind::READY, false, reason::PROVISIONING, message, Time::now());
        }
        Report {
            status: Mutex::new(status),
            changed: Notify::new(),
        }
    }

    /// Begins with no steps when the chain above has a new plan. `seen` is where the status keeps the fingerprint of the
    /// plan that it was last in line with.
    pub fn follow(&self, plan: &Option<String>, seen: impl Fn(&mut S) -> &mut Option<String>) {
        self.edit(|status| {
            if seen(status).is_some() && seen(status) != plan {
                *seen(status) = None;
                status.progress_mut().steps.clear();
            }
        });
    }

    pub fn snapshot(&self) -> S {
        self.status.lock().clone()
    }

    /// Puts facts into the status.
    pub fn edit(&self, change: impl FnOnce(&mut S)) {
        let changed = {
            let mut status = self.status.lock();
            let before = status.clone();
            change(&mut status);
            *status != before
        };
        if changed {
            self.changed.notify_one();
        }
    }

    /// Runs one step. A step that has succeeded for this generation keeps its times when it is only checked again.
    pub async fn step<T>(&self, name: &str, message: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.edit(|status| begin(status.progress_mut(), name, message, Time::now()));
        let outcome = work.await;
        self.edit(|status| end(status.progress_mut(), name, outcome.as_ref().err(), Time::now()));
        outcome
    }

    /// Runs `work` and calls `write` with the status each time it has changed meanwhile. A write that fails is left to
    /// the one at the end of the pass.
    pub async fn while_writing<T, F>(&self, work: impl Future<Output = T>, write: impl Fn(S) -> F) -> T
    where
        F: Future<Output = ()>,
    {
        tokio::select! {
            biased;
            outcome = work => outcome,
            never = self.write_changes(write) => match never {},
        }
    }

    async fn write_changes<F: Future<Output = ()>>(&self, write: impl Fn(S) -> F) -> Infallible {
        loop {
            self.changed.notified().await;
            let began = Instant::now();
            write(self.snapshot()).await;
            // A registry that takes long to write to is written to less often.
            tokio::time::sleep(began.elapsed() * BREATHER).await;
        }
    }

    /// Says more exactly what a step is doing.
    pub fn say(&self, name: &str, message: &str) {
        self.edit(|status| {
            if let Some(step) = status.progress_mut().steps.iter_mut().find(|step| step.name == name) {
                message.clone_into(&mut step.message);
            }
        });
    }

    /// Says why a step that goes on trying has not succeeded yet.
    pub fn not_yet(&self, name: &str, trouble: &Trouble) {
        let waiting = Trouble {
            kind: Kind::Waiting,
            ..trouble.clone()
        };
        self.edit(|status| end(status.progress_mut(), name, Some(&waiting), Time::now()));
    }

    /// The status at the end of a pass.
    pub fn conclude(&self, outcome: &Result<()>, now: Time) -> S {
        let mut status = self.snapshot();
        conclude(status.progress_mut(), outcome, now);
        status
    }
}

fn begin(progress: &mut Progress, name: &str, message: &str, now: Time) {
    let step = match progress.steps.iter_mut().position(|step| step.name == name) {
        Some(index) => &mut progress.steps[index],
        None => {
            progress.steps.push(Step {
                name: name.to_owned(),
                ..Step::default()
            });
            progress.steps.last_mut().expect("it was pushed just now")
        }
    };
    message.clone_into(&mut step.message);
    match step.state {
        StepState::Succeeded | StepState::Running => {}
        StepState::Pending | StepState::Failed => {
            step.state = StepState::Running;
            step.start_time = step.start_time.or(Some(now));
            step.end_time = None;
            step.attempt += 1;
        }
    }
}

fn end(progress: &mut Progress, name: &str, trouble: Option<&Trouble>, now: Time) {
    let Some(step) = progress.steps.iter_mut().find(|step| step.name == name) else {
        return;
    };
    match trouble {
        None if step.state == StepState::Succeeded => {}
        None => {
            step.state = StepState::Succeeded;
            step.end_time = Some(now);
            step.cause = None;
            step.hint = None;
        }
        Some(trouble) if matches!(trouble.kind, Kind::Waiting | Kind::AwaitingApproval) => {
            step.state = StepState::Running;
            step.cause = Some(trouble.cause.clone());
            step.hint.clone_from(&trouble.hint);
        }
        Some(trouble) => {
            step.state = StepState::Failed;
            step.end_time = Some(now);
            step.cause = Some(trouble.cause.clone());
            step.hint.clone_from(&trouble.hint);
        }
    }
}

fn conclude(progress: &mut Progress, outcome: &Result<()>, now: Time) {
    let was_ready = progress.is_ready();
    let trouble = match outcome {
        Ok(()) => {
            progress.state = State::Ready;
            progress.set_condition(kind::ACCEPTED, true, reason::ACCEPTED, "the spec is accepted", now);
            progress.set_condition(kind::READY, true, reason::READY, "it is as the spec asks", now);
            return;
        }
        Err(trouble) => trouble,
    };
    let accepted = trouble.kind != Kind::Rejected;
    let (why, message) = match accepted {
        true => (reason::ACCEPTED, "the spec is accepted"),
        false => (reason::INVALID, trouble.cause.as_str()),
    };
    progress.set_condition(kind::ACCEPTED, accepted, why, message, now);
    let (state, why) = match trouble.kind {
        Kind::Rejected => (State::Rejected, reason::INVALID),
        Kind::Suspended => (State::Suspended, reason::SUSPENDED),
        // What ran before goes on.
        Kind::AwaitingApproval if was_ready => (State::Updating, reason::AWAITING_APPROVAL),
        Kind::AwaitingApproval => (going_on(progress.state), reason::AWAITING_APPROVAL),
        _ if was_ready || progress.state == State::Degraded => (State::Degraded, reason::DEGRADED),
        Kind::Waiting => (going_on(progress.state), reason::WAITING),
        Kind::Failed => (State::Failed, reason::FAILED),
    };
    progress.state = state;
    progress.set_condition(kind::READY, false, why, &trouble.cause, now);
}

fn going_on(state: State) -> State {
    match state {
        State::Updating | State::Degraded => state,
        _ => State::Provisioning,
    }
}

#[cfg(test)]
mod tests {
    use entente_api::organization::OrganizationStatus;

    use super::*;

    fn report() -> Report<OrganizationStatus> {
        Report::resume(None, 1)
    }

    fn states(status: &OrganizationStatus) -> Vec<(&str, StepState, u32)> {
        status
            .progress
            .steps
            .iter()
            .map(|step| (step.name.as_str(), step.state, step.attempt))
            .collect()
    }

    #[tokio::test]
    async fn a_step_that_failed_is_counted_and_one_that_succeeded_is_left_alone() {
        let report = report();
        let failed: Result<()> = report
            .step("ca", "making authorities", async { Err(Trouble::failed("no disk")) })
            .await;
        report.step("ca", "making authorities", async { Ok(()) }).await.unwrap();
        let first = report.snapshot();
        report.step("ca", "making authorities", async { Ok(()) }).await.unwrap();

        assert!(failed.is_err());
        assert_eq!(states(&first), [("ca", StepState::Succeeded, 2)]);
        assert_eq!(report.snapshot(), first);
    }

    #[tokio::test]
    async fn what_waits_is_running_and_says_for_what() {
        let report = report();
        let waiting: Result<()> = report
            .step("join", "joining", async { Err(Trouble::waiting("no leader yet")) })
            .await;

        let status = report.conclude(&waiting, Time::now());

        assert_eq!(states(&status), [("join", StepState::Running, 1)]);
        assert_eq!(status.progress.steps[0].cause.as_deref(), Some("no leader yet"));
        assert_eq!(status.progress.state, State::Provisioning);
        assert_eq!(status.progress.condition(kind::READY).unwrap().message, "no leader yet");
    }

    #[tokio::test]
    async fn what_rests_is_not_ready_and_not_failing() {
        let report = report();
        report.conclude(&Ok(()), Time::now());

        let status = report.conclude(&Err(Trouble::suspended()), Time::now());

        let ready = status.progress.condition(kind::READY).unwrap();
        assert_eq!(status.progress.state, State::Suspended);
        assert_eq!(
            (ready.status.as_str(), ready.reason.as_str()),
            ("False", reason::SUSPENDED)
        );
    }

    #[tokio::test]
    async fn what_people_must_decide_goes_on_and_says_who_is_awaited() {
        let report = report();
        let awaiting = || Err::<(), _>(Trouble::awaiting_approval("1 of 2 approvals: awaiting bank-b"));
        let step = report.step("approve", "approving", async { awaiting() }).await;

        let status = report.conclude(&step, Time::now());

        assert!(status.progress.awaits_approval());
        assert_eq!(states(&status), [("approve", StepState::Running, 1)]);
        assert_eq!(status.progress.state, State::Provisioning);
        let upgrade = Report::resume(Some(&report.conclude(&Ok(()), Time::now())), 2);
        assert_eq!(
            upgrade.conclude(&awaiting(), Time::now()).progress.state,
            State::Updating
        );
    }

    #[tokio::test]
    async fn a_rejected_spec_is_a_state_and_a_new_generation_begins_afresh() {
        let report = report();
        report.step("ca", "making authorities", async { Ok(()) }).await.unwrap();
        let rejected = report.conclude(&Err(Trouble::rejected("spec.mspId", "it cannot change")), Time::now());

        let next = Report::resume(Some(&rejected), 2).snapshot();

        assert_eq!(rejected.progress.state, State::Rejected);
        assert_eq!(rejected.progress.condition(kind::ACCEPTED).unwrap().status, "False");
        assert_eq!(states(&next), []);
        assert_eq!(next.progress.observed_generation, Some(2));
    }
}

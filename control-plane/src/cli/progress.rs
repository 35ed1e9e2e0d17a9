//! Shows how an operation goes: a line for each step when it is done, with the time that it took.

use std::time::Duration;

use entente_api::condition::{Step, StepState};
use serde_json::Value;
use tokio::time::Instant;

use super::client::Client;
use super::console::Console;
use super::error::CliError;
use super::table::harmless;
use crate::operation::{Operation, OperationState, OperationStep};

/// What has been shown of one operation.
#[derive(Debug, Default)]
pub struct Shown {
    done: Vec<String>,
    failed: Vec<(String, u32)>,
    awaited: Vec<String>,
}

impl Shown {
    /// The lines that are news.
    pub fn news(&mut self, operation: &Operation) -> Vec<String> {
        operation.steps.iter().filter_map(|step| self.line(step)).collect()
    }

    fn line(&mut self, step: &OperationStep) -> Option<String> {
        match step.state {
            StepState::Succeeded if !self.done.contains(&step.name) => {
                self.done.push(step.name.clone());
                let took = seconds(step)
                    .map(|seconds| format!("{seconds:>7.2} s"))
                    .unwrap_or_else(|| " ".repeat(9));
                Some(format!("  {took}  {}", title(step)))
            }
            StepState::Failed if !self.failed.contains(&(step.name.clone(), step.attempt)) => {
                self.failed.push((step.name.clone(), step.attempt));
                let cause = step.cause.as_deref().unwrap_or(&step.message);
                let mut line = format!("   trying again  {}: {}", step.name, harmless(cause));
                if let Some(hint) = &step.hint {
                    line.push_str(&format!("\n                 {}", harmless(hint)));
                }
                Some(line)
            }
            // People decide on it, so it may take them longer than anybody wants to look on.
            StepState::Running if step.name.rsplit('/').next() == Some("approve") => {
                let cause = step.cause.clone().filter(|cause| !self.awaited.contains(cause))?;
                let line = format!("        waiting  {}: {}", step.name, harmless(&cause));
                self.awaited.push(cause);
                Some(line)
            }
            _ => None,
        }
    }
}

fn title(step: &OperationStep) -> String {
    if step.message.is_empty() {
        step.name.clone()
    } else {
        format!("{}: {}", step.name, harmless(&step.message))
    }
}

fn seconds(step: &Step) -> Option<f64> {
    let took = step.end_time?.get() - step.start_time?.get();
    Some(took.as_seconds_f64().max(0.0))
}

/// The operation that an answer names.
pub fn of(answer: &Value) -> Result<Operation, CliError> {
    serde_json::from_value(answer["operation"].clone()).map_err(CliError::output)
}

/// Follows an operation to its end, and shows it.
///
/// # Errors
/// When it does not succeed, or not within `timeout`.
pub async fn follow(
    client: &Client,
    mut operation: Operation,
    timeout: Duration,
    console: &mut Console,
) -> Result<Operation, CliError> {
    let deadline = Instant::now() + timeout;
    let mut shown = Shown::default();
    loop {
        for line in shown.news(&operation) {
            console.note(&line);
        }
        if operation.state.is_terminal() {
            return ended(operation);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(CliError::Timeout {
                what: timeout_text(&operation),
            });
        }
        operation = client
            .wait(&operation.id, operation.revision, left.min(Duration::from_secs(60)))
            .await?;
    }
}

/// From the request to the end, as the platform measured it.
pub fn took(operation: &Operation) -> String {
    let Some(end) = operation.end_time else {
        return String::new();
    };
    let seconds = (end.get() - operation.create_time.get()).as_seconds_f64();
    format!(" after {seconds:.2} s")
}

fn ended(operation: Operation) -> Result<Operation, CliError> {
    let target = format!("{} \"{}\"", operation.target.kind, operation.target.name);
    match operation.state {
        OperationState::Succeeded => Ok(operation),
        _ => {
            let error = operation.error.unwrap_or_else(|| crate::operation::OperationError {
                code: String::new(),
                detail: "no reason was given".to_owned(),
                hint: None,
            });
            Err(CliError::Failed {
                message: format!("{target}: {}", error.detail),
                hint: error.hint,
            })
        }
    }
}

fn timeout_text(operation: &Operation) -> String {
    let mut text = format!(
        "{} \"{}\" is not ready yet ({} of {} steps done)",
        operation.target.kind, operation.target.name, operation.progress.done, operation.progress.total
    );
    if let Some(error) = &operation.error {
        text.push_str(&format!("; {}", harmless(&error.detail)));
    }
    text.push_str(&format!(
        ".\nhint: It goes on by itself; look again with: entente get operation {}",
        operation.id
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{OperationKind, Target};
    use entente_api::time::Time;

    fn time(milliseconds: i64) -> Option<Time> {
        chrono::DateTime::from_timestamp_millis(milliseconds).map(Time::from)
    }

    #[test]
    fn each_step_is_shown_once_when_it_is_done() {
        let target = Target::new("Chain", "ledger", "u", 1);
        let mut operation = Operation::start(OperationKind::Create, target, Time::now());
        let step = |name: &str, state, end| Step {
            name: name.to_owned(),
            state,
            start_time: time(1000),
            end_time: time(end),
            attempt: 1,
            cause: Some("no leader".to_owned()),
            ..Step::default()
        };
        operation.steps = vec![
            step("nodes", StepState::Succeeded, 1420).into(),
            step("join", StepState::Failed, 1500).into(),
        ];
        let mut shown = Shown::default();

        let first = shown.news(&operation);
        let second = shown.news(&operation);
        operation.steps[1].state = StepState::Succeeded;
        let third = shown.news(&operation);

        assert_eq!(first, ["     0.42 s  nodes", "   trying again  join: no leader"]);
        assert_eq!(second, [""; 0]);
        assert_eq!(third, ["     0.50 s  join"]);
    }
}

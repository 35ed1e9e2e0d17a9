//! `entente audit`: reads the platform's audit, and checks it here, without believing the platform.

use std::io::BufRead as _;
use std::path::Path;

use super::args::{AuditCommand, AuditExportArgs, AuditVerifyArgs};
use super::client::Client;
use super::console::Console;
use super::error::CliError;
use crate::audit::AuditEvent;
use crate::audit::chain::Verifier;

pub async fn export(client: &Client, args: &AuditExportArgs, console: &mut Console) -> Result<(), CliError> {
    let path = format!("/v1/audit-events:export?format={}", args.format.as_str());
    console.print(&client.text(&path).await?)
}

/// Checks an export in a file, which needs no platform.
pub fn verify_file(file: &Path, args: &AuditVerifyArgs, console: &mut Console) -> Result<(), CliError> {
    let cannot = |error| CliError::failed(format!("{} cannot be read: {error}", file.display()));
    let lines = std::io::BufReader::new(std::fs::File::open(file).map_err(cannot)?).lines();
    let mut check = Check::new(args)?;
    for (index, line) in lines.enumerate() {
        let line = line.map_err(cannot)?;
        let event = serde_json::from_str(&line).map_err(|error| {
            CliError::failed(format!(
                "{}, line {}: no row of an audit: {error}",
                file.display(),
                index + 1
            ))
        })?;
        check.take(&event)?;
    }
    check.end(console)
}

pub async fn verify(client: &Client, args: &AuditVerifyArgs, console: &mut Console) -> Result<(), CliError> {
    let mut check = Check::new(args)?;
    for row in client.list("/v1/audit-events").await? {
        let event = serde_json::from_value(row)
            .map_err(|error| CliError::failed(format!("a row of the audit cannot be read: {error}")))?;
        check.take(&event)?;
    }
    check.end(console)
}

/// A verification, and the head that must be on the way.
struct Check {
    verifier: Verifier,
    head: Option<(i64, String)>,
}

impl Check {
    fn new(args: &AuditVerifyArgs) -> Result<Check, CliError> {
        let head = args.head.as_deref().map(|head| {
            let parts = head
                .split_once(':')
                .and_then(|(seq, hash)| Some((seq.parse().ok()?, hash.to_owned())));
            parts.ok_or_else(|| CliError::usage(format!("--head \"{head}\" is not of the form ROW:HASH")))
        });
        Ok(Check {
            verifier: Verifier::default(),
            head: head.transpose()?,
        })
    }

    fn take(&mut self, event: &AuditEvent) -> Result<(), CliError> {
        self.verifier.take(event).map_err(broken)?;
        match &self.head {
            Some((seq, hash)) if *seq == event.seq && *hash != event.hash => Err(broken(format!(
                "row {seq} is not the one that was known: everything up to it may have been written anew"
            ))),
            _ => Ok(()),
        }
    }

    fn end(self, console: &mut Console) -> Result<(), CliError> {
        if let Some((known, _)) = &self.head {
            self.verifier.reaches(*known).map_err(broken)?;
        }
        match self.verifier.head() {
            (0, _) => console.line("The audit has no rows."),
            (seq, hash) => {
                console.line(&format!("{seq} rows, none edited, missing or out of order."))?;
                console.line(&format!("head {seq}:{hash}"))?;
                console.note(
                    "Keep the head elsewhere: --head proves later that nothing up to it was changed or cut off.",
                );
                Ok(())
            }
        }
    }
}

fn broken(reason: impl std::fmt::Display) -> CliError {
    CliError::Failed {
        message: format!("the audit is broken: {reason}"),
        hint: Some("Somebody has changed the platform's tables. Compare them with a backup.".to_owned()),
    }
}

/// Which command of `entente audit` needs no platform.
pub fn file(command: &AuditCommand) -> Option<(&Path, &AuditVerifyArgs)> {
    match command {
        AuditCommand::Verify(args) => args.file.as_deref().map(|file| (file, args)),
        AuditCommand::Export(_) => None,
    }
}

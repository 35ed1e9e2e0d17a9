//! `entente audit`: reads the platform's audit, and checks it here, without believing the platform.

use std::collections::BTreeMap;
use std::io::BufRead as _;
use std::path::Path;

use serde_json::Value;

use super::args::{AuditCommand, AuditExportArgs, AuditVerifyArgs};
use super::client::Client;
use super::console::Console;
use super::error::CliError;
use crate::audit::chain::Verifier;
use crate::audit::{AuditEvent, anchor};

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
    // Before the rows: what is anchored meanwhile is of no later row than the last one that is read.
    for anchor in client.list("/v1/audit-anchors").await? {
        let (seq, hash) = (anchor["seq"].as_i64(), anchor["hash"].as_str());
        let read = seq.zip(hash).map(|(seq, hash)| (seq, hash.to_owned()));
        check.anchors.extend(read);
    }
    let last = check.anchors.last_key_value().map(|(seq, _)| *seq);
    for row in client.list("/v1/audit-events").await? {
        let event = serde_json::from_value(row)
            .map_err(|error| CliError::failed(format!("a row of the audit cannot be read: {error}")))?;
        check.take(&event)?;
    }
    check.end(console)?;
    match last {
        Some(seq) => on_chain(client, seq, console).await,
        None => Ok(()),
    }
}

/// Asks the chain for the last head that is anchored there. The digest is made here, of what the rows were compared with.
async fn on_chain(client: &Client, seq: i64, console: &mut Console) -> Result<(), CliError> {
    let anchor = client.get(&format!("/v1/audit-anchors/{seq}")).await?;
    let text = |pointer: &str| anchor.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let digest = anchor::digest(text("/tenant"), seq, text("/hash"));
    let is_there = anchor["onChain"]["valid"] == true && text("/onChain/record/digest") == digest;
    if !is_there {
        let reason = match text("/onChain/reason") {
            "" => "it holds another digest",
            reason => reason,
        };
        return Err(broken(format!("the chain does not vouch for row {seq}: {reason}")));
    }
    console.line(&format!(
        "anchored {seq} in block {} of {}/{}, transaction {}",
        anchor["onChain"]["blockNumber"],
        text("/chain"),
        text("/channel"),
        text("/transactionId")
    ))
}

/// A verification, and the heads that must be on the way.
struct Check {
    verifier: Verifier,
    head: Option<(i64, String)>,
    /// Rows that are anchored on a chain, and their hashes there.
    anchors: BTreeMap<i64, String>,
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
            anchors: BTreeMap::new(),
        })
    }

    fn take(&mut self, event: &AuditEvent) -> Result<(), CliError> {
        self.verifier.take(event).map_err(broken)?;
        let seq = event.seq;
        if self.anchors.get(&seq).is_some_and(|hash| *hash != event.hash) {
            return Err(broken(format!(
                "row {seq} is not the one that was anchored: everything up to it may have been written anew"
            )));
        }
        match &self.head {
            Some((seq, hash)) if *seq == event.seq && *hash != event.hash => Err(broken(format!(
                "row {seq} is not the one that was known: everything up to it may have been written anew"
            ))),
            _ => Ok(()),
        }
    }

    fn end(self, console: &mut Console) -> Result<(), CliError> {
        self.verifier.begins_where_it_may().map_err(broken)?;
        let known = self.head.as_ref().map(|(seq, _)| *seq);
        for known in known.into_iter().chain(self.anchors.keys().copied()) {
            self.verifier.reaches(known).map_err(broken)?;
        }
        let begin = self.verifier.begin().map_or(0, |(seq, _)| seq);
        if let Some((known, hash)) = &self.head
            && *known <= begin
            && self.verifier.begin() != Some((*known, hash))
        {
            return Err(CliError::Failed {
                message: format!("row {known} is no longer kept: the rows up to {begin} were kept long enough"),
                hint: Some("Give the head of a later row.".to_owned()),
            });
        }
        match self.verifier.head() {
            (0, _) => console.line("The audit has no rows."),
            (seq, hash) => {
                console.line(&format!("{} rows, none edited, missing or out of order.", seq - begin))?;
                if begin > 0 {
                    console.line(&format!("The rows up to {begin} were kept long enough, and are gone."))?;
                }
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

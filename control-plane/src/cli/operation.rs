//! `entente operation`.

use serde_json::json;

use super::args::OperationCommand;
use super::client::Client;
use super::console::Console;
use super::error::CliError;
use super::progress;
use crate::operation::Operation;
use crate::uri::segment;

pub async fn run(client: &Client, command: &OperationCommand, console: &mut Console) -> Result<(), CliError> {
    let OperationCommand::Retry { id, wait } = command;
    let accepted = client
        .post(&format!("/v1/operations/{}:retry", segment(id)), &json!({}))
        .await?;
    if wait.no_wait {
        return console.line(&format!("operation/{id} is tried again"));
    }
    let operation: Operation = serde_json::from_value(accepted).map_err(CliError::output)?;
    progress::follow(client, operation, wait.timeout, console).await?;
    console.line(&format!("operation/{id} succeeded"))
}

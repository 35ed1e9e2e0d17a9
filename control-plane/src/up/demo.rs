//! The demo consortium: applied to an empty installation over the REST API, as anybody else would.

use std::time::Duration;

use serde_json::Value;

use crate::cli::client::Client;
use crate::cli::{CliError, Console, manifest, progress};
use crate::operation::Operation;

/// What `entente apply -f examples/demo.yaml` would apply.
const DEMO: &str = include_str!("../../../examples/demo.yaml");

/// A directory of 67 institutions in six sectors.
const ALLIANCE: &str = include_str!("../../../examples/alliance.json");

/// Name of the demo's chain.
pub const CHAIN: &str = "transfer-payments";

const READY_WITHIN: Duration = Duration::from_secs(300);

/// Applies the demo and shows each step with its time as it happens.
pub async fn provision(client: &Client, console: &mut Console) -> Result<(), CliError> {
    console.line("Provisioning the demo consortium (examples/demo.yaml):")?;
    let directory: Value = serde_json::from_str(ALLIANCE).map_err(CliError::output)?;
    client.put("/v1/admin/alliance", &directory).await?;
    for manifest in manifest::parse(DEMO, "examples/demo.yaml")? {
        let path = format!("/v1/{}/{}", manifest.kind.plural, manifest.name);
        let answer = client.put(&path, &manifest.body).await?;
        let Some(operation) = answer.get("operation").filter(|operation| !operation.is_null()) else {
            continue;
        };
        let operation: Operation = serde_json::from_value(Value::clone(operation)).map_err(CliError::output)?;
        let ended = progress::follow(client, operation, READY_WITHIN, console).await?;
        console.line(&format!(
            "  {} \"{}\" is ready{}.",
            manifest.kind.kind,
            manifest.name,
            progress::took(&ended)
        ))?;
    }
    Ok(())
}

//! `entente version`.

use serde_json::json;

use super::args::Output;
use super::client::Client;
use super::console::Console;
use super::error::CliError;
use super::output;

/// Shows both versions; that of the platform only when there is one that answers.
pub async fn run(client: Option<&Client>, format: Output, console: &mut Console) -> Result<(), CliError> {
    let own = env!("CARGO_PKG_VERSION");
    let platform = match client {
        Some(client) => client
            .get("/v1/version")
            .await
            .ok()
            .and_then(|answer| answer["version"].as_str().map(str::to_owned)),
        None => None,
    };
    if matches!(format, Output::Json | Output::Yaml) {
        return output::value(&json!({"client": own, "platform": platform}), format, console);
    }
    console.line(&format!("client    {own}"))?;
    console.line(&format!(
        "platform  {}",
        platform.as_deref().unwrap_or("none that answers")
    ))
}

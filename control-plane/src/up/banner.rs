//! What is printed around the proof: where things are, and what to try.

use super::data::Data;
use super::demo;
use super::first;
use super::platform::Platform;
use crate::cli::client::Client;
use crate::cli::{CliError, Console};

/// Says what has started, and where.
pub fn started(platform: &Platform, data: &Data, console: &mut Console) -> Result<(), CliError> {
    let version = env!("CARGO_PKG_VERSION");
    console.line(&format!(
        "Entente {version} on {}, data in {}",
        platform.url(),
        data.layout.root.display()
    ))
}

/// Says how to go on.
pub async fn how_to_go_on(
    client: &Client,
    platform: &Platform,
    data: &Data,
    console: &mut Console,
) -> Result<(), CliError> {
    let root = data.layout.root.display();
    let program = std::env::current_exe().ok();
    let program = program.as_deref().map_or_else(|| "entente".to_owned(), shown);
    let has_demo = client.get(&format!("/v1/chains/{}", demo::CHAIN)).await.is_ok();
    let commands = if has_demo {
        format!(
            "  {program} get chains\n  {program} tx evaluate {} evidence List\n  {program} chain connect {} --out my-app",
            demo::CHAIN,
            demo::CHAIN
        )
    } else {
        format!("  {program} apply -f examples/ten-lines.yaml\n  {program} get chains\n  {program} get nodes")
    };
    // Gone once it has done its service.
    let sign_in = match data.layout.password() {
        file if file.exists() => format!("user   {}, one-time password in {}\n", first::EMAIL, file.display()),
        _ => String::new(),
    };
    let url = platform.url();
    console.line(&format!(
        "\nopen   {url}/ in a browser\nAPI    {url}/v1 (described by /v1/openapi.json)\ntoken  {}\n{sign_in}\nTry, in another terminal with ENTENTE_DATA={root}:\n{commands}\n\nCtrl-C stops everything; the next start continues.",
        data.layout.token().display(),
    ))
}

/// The path as it can be typed from here.
fn shown(program: &std::path::Path) -> String {
    let here = std::env::current_dir().ok();
    let relative = here.as_deref().and_then(|here| program.strip_prefix(here).ok());
    relative.unwrap_or(program).display().to_string()
}

//! `entente logs`.

use futures::StreamExt as _;

use super::args::LogsArgs;
use super::client::Client;
use super::console::Console;
use super::error::CliError;
use super::get;
use crate::uri::segment;

pub async fn run(client: &Client, args: &LogsArgs, console: &mut Console) -> Result<(), CliError> {
    let (chain, node) = match args.node.split_once('/') {
        Some((chain, node)) => (chain.to_owned(), node),
        None => (get::chain(client, args.chain.as_deref()).await?, args.node.as_str()),
    };
    let path = format!(
        "/v1/chains/{}/nodes/{}/logs?tail={}",
        segment(&chain),
        segment(node),
        args.tail
    );
    if !args.follow {
        return console.print(&client.text(&path).await?);
    }
    let path = format!("{path}&follow=true");
    let mut lines = std::pin::pin!(client.events(&path).await?);
    while let Some(line) = lines.next().await {
        console.line(&line?)?;
    }
    Ok(())
}

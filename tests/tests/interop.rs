//! Native and stock nodes in one network, administered with the stock tools.
//!
//! Whatever the engines, the peers of a channel must agree on every verdict and on every commit hash.

use std::path::Path;

use entente_fabric::block;
use entente_fabric::proto::common::{Block, BlockMetadataIndex};
use entente_tests::by_hand::{Network, Setup};
use entente_tests::{clients, executables};
use prost::Message as _;

#[tokio::test]
async fn stock_peers_follow_a_channel_of_native_orderers() {
    both_peers_agree(
        "stock_peers_follow_a_channel_of_native_orderers",
        18000,
        "native",
        ["stock", "stock"],
        1,
    )
    .await;
}

#[tokio::test]
async fn a_native_peer_follows_a_channel_of_stock_orderers_beside_a_stock_peer() {
    let name = "a_native_peer_follows_a_channel_of_stock_orderers_beside_a_stock_peer";
    both_peers_agree(name, 18100, "stock", ["native", "stock"], 1).await;
}

#[tokio::test]
async fn native_and_stock_peers_share_a_channel_of_native_orderers() {
    let name = "native_and_stock_peers_share_a_channel_of_native_orderers";
    both_peers_agree(name, 18200, "native", ["stock", "native"], 2).await;
}

#[tokio::test]
async fn the_stock_tools_administer_a_network_of_native_nodes() {
    let name = "the_stock_tools_administer_a_network_of_native_nodes";
    both_peers_agree(name, 18300, "native", ["native", "native"], 1).await;
}

/// Sets a network up, runs the client tests through the gateway of `organization`, and compares both peers' chains.
async fn both_peers_agree(test: &str, ports: u16, orderers: &str, peers: [&str; 2], organization: u8) {
    let Some(stock) = executables::stock_fabric_or_skip(test) else {
        return;
    };
    let work = tempfile::tempdir().expect("a temporary folder");
    let notes = clients::folder("js-contract").expect("the JavaScript contract is installed");
    let serve = format!(
        "{}/node_modules/.bin/fabric-chaincode-node server --chaincode-address=$CHAINCODE_SERVER_ADDRESS --chaincode-id=$CHAINCODE_ID",
        notes.display()
    );
    let setup = Setup {
        stock: &stock,
        work: work.path(),
        ports,
        orderers: [orderers; 3],
        peers,
        contract: "notes",
        serve: &format!("cd {} && exec {serve}", notes.display()),
        first: &["put", "first", "x"],
    };
    let network = Network::start(&setup).await.expect("the network starts");

    let connection = network.connection(organization);
    clients::until_endorsed("gateway", &connection)
        .await
        .expect("both organizations endorse");
    clients::node_tests("gateway", "gateway.test.mjs", &connection)
        .await
        .expect("the client's tests pass");

    let chains = [
        chain(&network, &stock, 1, ports, work.path()).await,
        chain(&network, &stock, 2, ports, work.path()).await,
    ];
    let verdicts = chains
        .each_ref()
        .map(|blocks| blocks.iter().map(verdict).collect::<Vec<_>>());
    assert!(verdicts[0].len() > 10, "{} blocks", verdicts[0].len());
    assert_eq!(verdicts[0], verdicts[1]);
    network.end().await.expect("the network ends");
}

/// What a peer has decided about a block: number, validation codes, commit hash.
fn verdict(block: &Block) -> (u64, Vec<u8>, String) {
    let number = block.header.as_ref().expect("a block has a header").number;
    let codes = block::metadata(block, BlockMetadataIndex::TransactionsFilter).to_vec();
    (
        number,
        codes,
        hex::encode(block::metadata(block, BlockMetadataIndex::CommitHash)),
    )
}

/// All blocks of a peer, up to the height that peer 1 had when asked first.
async fn chain(network: &Network, stock: &Path, organization: u8, ports: u16, work: &Path) -> Vec<Block> {
    let info = network
        .peer(stock, 1, ports, &["channel", "getinfo", "-c", "main"])
        .await
        .expect("peer 1 tells its height");
    let info: serde_json::Value =
        serde_json::from_str(info.trim().trim_start_matches("Blockchain info: ")).expect("the height is in JSON");
    let height = info["height"].as_u64().expect("a height is a number");

    let mut blocks = Vec::new();
    for number in 0..height {
        let file = work.join(format!("{organization}-{number}.pb"));
        let path = file.to_str().expect("the folder's name is UTF-8");
        network
            .peer(
                stock,
                organization,
                ports,
                &["channel", "fetch", &number.to_string(), "-c", "main", path],
            )
            .await
            .expect("the block is delivered");
        let bytes = std::fs::read(&file).expect("the block was written");
        blocks.push(Block::decode(&*bytes).expect("a block"));
    }
    blocks
}

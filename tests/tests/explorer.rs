//! What can be found on a ledger over REST: blocks as they come, transactions by what they are, keys and their history.
//! On both engines.

use std::time::Duration;

use entente_tests::executables;
use entente_tests::platform::Platform;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);
const CHANNEL: &str = "/v1/chains/ledger/channels/main";

#[tokio::test]
async fn a_native_ledger_is_explored() {
    a_ledger_is_explored("native").await;
}

#[tokio::test]
async fn a_stock_ledger_is_explored() {
    if executables::stock_fabric_or_skip("a_stock_ledger_is_explored").is_some() {
        a_ledger_is_explored("fabric").await;
    }
}

fn digest(n: u8) -> String {
    format!("{n:02x}").repeat(32)
}

async fn a_ledger_is_explored(engine: &str) {
    let mut platform = Platform::start().await.expect("the platform starts");
    let chain = json!({
        "engine": engine,
        "ordering": {"replicas": 1},
        "members": [{"organization": "bank", "peers": 1}],
        "contracts": [{"name": "evidence", "template": "evidence"}],
    });
    platform
        .create_chain("ledger", chain)
        .await
        .expect("the chain is ready");
    let get = async |path: &str| platform.get(&format!("{CHANNEL}{path}")).await.expect(path);
    let certify = async |n, text| {
        let done = platform
            .submit("ledger", "evidence", "Certify", &[&digest(n), text])
            .await;
        done.expect("committed")
    };

    let before = get("/transactions").await;
    let seen = before["index"]["height"].as_u64().expect("a height");
    assert_eq!(before["index"], json!({"indexed": seen, "height": seen}));
    let mut events = follow(&platform, seen - 1).await;
    let first = certify(1, "first").await;
    let second = certify(2, "second").await;

    let followed = [events.next().await, events.next().await].map(|event| event["number"].clone());
    assert_eq!(followed, [first["blockNumber"].clone(), second["blockNumber"].clone()]);

    let id = first["transactionId"].as_str().expect("an id");
    let made = get("/transactions?function=Certify&creator=BankMSP&code=VALID").await;
    assert_eq!(
        ids(&made["items"], "id"),
        [second["transactionId"].clone(), first["transactionId"].clone()]
    );
    assert_eq!(get("/transactions?contract=nothing").await["items"], json!([]));

    let shown = get(&format!("/transactions/{id}")).await;
    assert_eq!(
        (&shown["index"], &shown["endorsedBy"][0]["mspId"]),
        (&json!(0), &json!("BankMSP"))
    );
    let effects = shown["effects"].as_array().expect("effects");
    let own = effects
        .iter()
        .find(|one| one["contract"] == "evidence")
        .expect("what it did");
    let write = &own["writes"][0];
    let key = write["key"].as_str().expect("a key");

    let found = get(&format!("/search?q={}", &id[..12])).await;
    assert_eq!(ids(&found["items"], "transactionId"), [first["transactionId"].clone()]);
    let found = get(&format!("/search?q={}", first["blockNumber"])).await;
    assert_eq!(
        found["items"][0],
        json!({"type": "block", "blockNumber": first["blockNumber"]})
    );
    let found = get(&format!("/search?q={}", escaped(key))).await;
    assert_eq!(found["items"][0]["key"], write["key"], "{found}");

    let found = get(&format!("/search?q={}", &digest(1)[..10])).await;
    let parts = json!(["evidence", digest(1)]);
    assert!(
        found["items"]
            .as_array()
            .expect("hits")
            .iter()
            .any(|hit| hit["parts"] == parts),
        "{found}"
    );
    let sought = escaped(&json!(["evidence", &digest(1)[..10]]).to_string());
    let listed = get(&format!("/contracts/evidence/keys?parts={sought}")).await;
    assert_eq!(
        (&listed["items"][0]["parts"], listed["items"].as_array().map(Vec::len)),
        (&parts, Some(1))
    );

    let keys = get("/contracts/evidence/keys").await;
    assert!(ids(&keys["items"], "key").contains(&write["key"]), "{keys}");
    let history = get(&format!("/contracts/evidence/key-history?key={}", escaped(key))).await;
    assert_eq!(history["items"].as_array().expect("items").len(), 1, "{history}");
    let newest = &history["items"][0];
    assert_eq!(
        [&newest["transactionId"], &newest["value"], &newest["isDelete"]],
        [&first["transactionId"], &write["value"], &json!(false)]
    );

    the_nodes_tell_how_they_are(&platform).await;

    let counted = get("/statistics").await;
    let by_contract = counted["byContract"].as_array().expect("counts");
    assert!(
        by_contract.contains(&json!({"name": "evidence", "count": 2})),
        "{counted}"
    );

    let genesis = get("/blocks/0").await;
    let changes = genesis["configChanges"].as_array().expect("the first configuration");
    assert!(
        changes
            .iter()
            .any(|one| one["path"] == "Channel/Orderer/BatchTimeout" && one["before"] == Value::Null)
    );
    let block = get(&format!("/blocks/{}", first["blockNumber"])).await;
    assert_eq!(
        (&block["configChanges"], &block["invalidCount"]),
        (&Value::Null, &json!(0))
    );
    assert!(block["signers"][0]["mspId"].is_string(), "{block}");

    let wrong = platform
        .get(&format!("{CHANNEL}/search?q="))
        .await
        .expect_err("nothing to look for");
    assert!(
        wrong.to_string().contains("\"q\"") || wrong.to_string().contains("q:"),
        "{wrong}"
    );
    drop(events);
    assert!(platform.interrupt().await.expect("the platform ends").success());
}

fn ids(items: &Value, field: &str) -> Vec<Value> {
    let items = items.as_array().into_iter().flatten();
    items.map(|item| item[field].clone()).collect()
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

async fn the_nodes_tell_how_they_are(platform: &Platform) {
    let get = async |path: &str| platform.get(&format!("/v1/chains/ledger{path}")).await.expect(path);
    let names = |metrics: &Value| -> Vec<String> {
        let all = metrics["metrics"].as_array().into_iter().flatten();
        all.filter_map(|metric| metric["name"].as_str().map(str::to_owned))
            .collect()
    };

    let peer = names(&get("/nodes/peer0-bank/metrics").await);
    let orderer = names(&get("/nodes/orderer0/metrics").await);
    let detail = get("/nodes/orderer0").await;
    let health = get("/health").await;

    for name in [
        "ledgerHeight",
        "transactions",
        "blockProcessing",
        "proposals",
        "endorsements",
        "cpu",
    ] {
        assert!(peer.iter().any(|known| known == name), "{name}: {peer:?}");
    }
    for name in ["broadcasts", "orderedBlock", "leader", "activeNodes", "residentMemory"] {
        assert!(orderer.iter().any(|known| known == name), "{name}: {orderer:?}");
    }
    assert_eq!(detail["channels"][0]["leader"], true, "{detail:#}");
    assert_eq!(health["state"], "ok", "{health:#}");
}

/// The blocks of the channel behind block `last`, as they come.
struct Events {
    answer: reqwest::Response,
    read: String,
}

async fn follow(platform: &Platform, last: u64) -> Events {
    let answer = entente_tests::platform::http_client()
        .get(format!("{}{CHANNEL}/events", platform.url()))
        .bearer_auth(platform.token().expect("a token"))
        .header("Last-Event-ID", last.to_string())
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    Events {
        answer,
        read: String::new(),
    }
}

impl Events {
    async fn next(&mut self) -> Value {
        let next = async {
            loop {
                if let Some((event, rest)) = self.read.clone().split_once("\n\n") {
                    self.read = rest.to_owned();
                    let data = event.lines().find_map(|line| line.strip_prefix("data: "));
                    if let Some(data) = data {
                        return serde_json::from_str(data).expect("JSON");
                    }
                    continue;
                }
                let more = self.answer.chunk().await.expect("it can be read").expect("more events");
                self.read.push_str(&String::from_utf8_lossy(&more));
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("a block in time")
    }
}

//! A chain that organizations of two tenants share, on real nodes: each tenant reads it through its own peers, sees its own
//! nodes, and runs as many of them as it likes.

use std::time::Duration;

use entente_tests::platform::Platform;
use reqwest::Method;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(180);

/// The owner of the tenant `bank`, signed in.
struct Bank {
    http: reqwest::Client,
    url: String,
    cookie: String,
    csrf: String,
}

impl Bank {
    async fn new(platform: &Platform) -> Bank {
        let post = async |path: &str, body: Value| platform.call(Method::POST, path, Some(body)).await.expect(path);
        let email = "owner@bank.example";
        let password = "a staple of the bank entirely";
        let tenant = json!({"name": "bank", "spec": {}});
        platform
            .change(Method::POST, "/v1/admin/tenants", Some(tenant))
            .await
            .expect("a tenant");
        let invitation = json!({"email": email, "role": "owner"});
        let invited = post("/v1/admin/tenants/bank/invitations", invitation).await;
        let acceptance = json!({"token": invited["token"], "displayName": "Li Wei", "password": password});
        let http = entente_tests::platform::http_client();
        let accepted = http
            .post(format!("{}/v1/invitations:accept", platform.url()))
            .json(&acceptance)
            .send()
            .await
            .expect("an answer");
        assert!(accepted.status().is_success(), "{accepted:?}");
        let session = http
            .post(format!("{}/v1/session", platform.url()))
            .json(&json!({"email": email, "password": password}))
            .send()
            .await
            .expect("an answer");
        let cookies = session.headers().get_all("set-cookie").iter();
        let pairs: Vec<String> = cookies
            .filter_map(|cookie| Some(cookie.to_str().ok()?.split(';').next()?.to_owned()))
            .collect();
        let session: Value = session.json().await.expect("a session");
        Bank {
            http,
            url: platform.url(),
            cookie: pairs.join("; "),
            csrf: session["csrfToken"].as_str().expect("a token").to_owned(),
        }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .header("cookie", &self.cookie)
            .header("x-csrf-token", &self.csrf);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body:#}");
        body
    }

    /// Asks until the answer is as it should be.
    async fn until(&self, what: &str, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        entente_tests::wait::until(what, PATIENCE, async || {
            let (_, body) = self.call(Method::GET, path, None).await;
            is_so(&body).then_some(body)
        })
        .await
    }
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().into_iter().flatten();
    items.filter_map(|item| item["name"].as_str()).collect()
}

#[tokio::test]
async fn two_tenants_share_a_chain_and_each_sees_its_own() {
    let platform = Platform::start().await.expect("the platform starts");
    let bank = Bank::new(&platform).await;
    let organization = json!({"name": "teller", "spec": {}});
    let (status, made) = bank.call(Method::POST, "/v1/organizations", Some(organization)).await;
    assert_eq!(status, 202, "{made:#}");
    let chain = json!({
        "ordering": {"replicas": 1},
        "members": [{"organization": "treasury"}, {"organization": "teller", "namespace": "bank"}],
        "contracts": [{"name": "evidence", "template": "evidence"}],
    });
    platform
        .create_chain("ledger", chain)
        .await
        .expect("the chain is ready");
    let (hidden, _) = bank.call(Method::GET, "/v1/chains/ledger.default", None).await;
    let spec = json!({"chain": "ledger", "chainNamespace": "default", "organization": "teller"});
    let member = json!({"name": "in-ledger", "spec": spec});
    let (joined, answer) = bank.call(Method::POST, "/v1/members", Some(member)).await;
    assert_eq!((hidden, joined), (404, 202), "{answer:#}");

    let seen = "/v1/chains/ledger.default";
    let channel = format!("{seen}/channels/main");
    bank.until(
        "the bank's peer to be on the channel",
        &format!("{channel}/info"),
        |info| info["height"].is_u64(),
    )
    .await;
    let call = json!({"function": "Certify", "arguments": ["ab".repeat(32), "from the bank"]});
    let submit = format!("{channel}/contracts/evidence:submit");
    let done = entente_tests::wait::until("the bank to submit a transaction", PATIENCE, async || {
        let (status, body) = bank.call(Method::POST, &submit, Some(call.clone())).await;
        (status == 200).then_some(body)
    })
    .await;

    let chains = bank.get("/v1/chains").await;
    assert_eq!(
        (names(&chains), &chains["items"][0]["owner"]),
        (vec!["ledger.default"], &json!("default"))
    );
    let own = platform.get("/v1/chains/ledger/nodes").await.expect("nodes");
    assert_eq!(names(&bank.get(&format!("{seen}/nodes")).await), ["peer0-teller"]);
    assert_eq!(names(&own), ["orderer0", "peer0-treasury"]);
    let id = done["transactionId"].as_str().expect("an id");
    assert_eq!(bank.get(&format!("{channel}/transactions/{id}")).await["code"], "VALID");
    let found = bank.get(&format!("{channel}/search?q={}", "ab".repeat(8))).await;
    let parts = found["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|hit| hit["parts"].clone());
    assert!(
        parts.clone().any(|parts| parts == json!(["evidence", "ab".repeat(32)])),
        "{found:#}"
    );
    let profile = bank.get(&format!("{seen}/connection-profile")).await;
    assert_eq!(profile["client"]["organization"], "teller");
    let health = bank.get(&format!("{seen}/health")).await;
    assert_eq!(health["state"], "ok", "{health:#}");
    let (refused, problem) = bank
        .call(Method::PATCH, seen, Some(json!({"spec": {"suspended": true}})))
        .await;
    assert_eq!((refused, &problem["code"]), (403, &json!("forbidden")));

    a_tenant_runs_as_many_peers_as_it_likes(&bank, seen).await;
    a_node_tells_about_itself(&platform).await;
}

#[tokio::test]
async fn an_organization_of_another_tenant_decides_on_contracts_itself() {
    let platform = Platform::start().await.expect("the platform starts");
    let bank = Bank::new(&platform).await;
    let organization = json!({"name": "teller", "spec": {}});
    bank.call(Method::POST, "/v1/organizations", Some(organization)).await;
    let spec = json!({
        "chain": "ledger", "chainNamespace": "default", "organization": "teller", "contractApproval": "manual",
    });
    let member = json!({"name": "in-ledger", "spec": spec});
    let (joined, answer) = bank.call(Method::POST, "/v1/members", Some(member)).await;
    assert_eq!(joined, 202, "{answer:#}");
    let chain = json!({
        "ordering": {"replicas": 1},
        "members": [{"organization": "treasury"}, {"organization": "teller", "namespace": "bank"}],
        "contracts": [{"name": "evidence", "template": "evidence"}],
    });
    platform
        .create_chain("ledger", chain)
        .await
        .expect("the chain is ready, whoever is awaited");

    // A majority of two is both.
    let theirs = "/v1/chains/ledger.default/channels/main/contracts/evidence";
    let awaited = bank
        .until("the bank to be asked", theirs, |seen| {
            seen["awaitsApproval"] == true && seen["proposal"]["needed"] == 2
        })
        .await;
    assert_eq!(
        awaited["members"],
        json!([{"organization": "teller", "contractApproval": "manual", "mayDecide": true}])
    );
    let vote = |reason: &str| json!({"organization": "teller", "definition": awaited["proposal"]["digest"], "reason": reason});
    let own = "/v1/chains/ledger/channels/main/contracts/evidence";
    let by_the_owner = platform
        .call(Method::POST, &format!("{own}:approve"), Some(vote("for them")))
        .await;
    assert!(by_the_owner.is_err(), "{by_the_owner:?}");
    let (rejected, answer) = bank
        .call(
            Method::POST,
            &format!("{theirs}:reject"),
            Some(vote("we have not read it")),
        )
        .await;
    assert_eq!(rejected, 200, "{answer:#}");
    entente_tests::wait::until("the rejection to be shown with its reason", PATIENCE, async || {
        let seen = platform.get(own).await.expect("the contract");
        let teller = seen["proposal"]["organizations"][1].clone();
        (teller["standing"] == "rejected" && teller["reason"] == "we have not read it").then_some(())
    })
    .await;
    let (approved, answer) = bank
        .call(Method::POST, &format!("{theirs}:approve"), Some(vote("by now we have")))
        .await;
    assert_eq!(approved, 200, "{answer:#}");
    let agreed = bank
        .until("the contract to be ready", theirs, |seen| seen["state"] == "ready")
        .await;
    assert_eq!(
        (
            &agreed["sequence"],
            &agreed["proposal"]["committed"],
            &agreed["members"][0]["decision"]["by"]
        ),
        (&json!(1), &json!(true), &json!("owner@bank.example"))
    );
    platform
        .submit("ledger", "evidence", "Certify", &[&"cd".repeat(32), "endorsed by both"])
        .await
        .expect("a transaction");
}

async fn a_tenant_runs_as_many_peers_as_it_likes(bank: &Bank, seen: &str) {
    let nodes = format!("{seen}/nodes");
    for (peers, expected) in [(2, vec!["peer0-teller", "peer1-teller"]), (1, vec!["peer0-teller"])] {
        let patch = json!({"spec": {"peers": peers}});
        let (status, answer) = entente_tests::wait::until("the member to take a change", PATIENCE, async || {
            let answer = bank
                .call(Method::PATCH, "/v1/members/in-ledger", Some(patch.clone()))
                .await;
            (answer.0 != 409).then_some(answer)
        })
        .await;
        assert_eq!(status, 202, "{answer:#}");
        bank.until("as many peers as were asked for", &nodes, |list| {
            let ready = list["items"]
                .as_array()
                .into_iter()
                .flatten()
                .all(|node| node["state"] == "ready");
            names(list) == expected && ready
        })
        .await;
        for node in &expected {
            bank.until("the peer to have every block", &format!("{nodes}/{node}"), |node| {
                node["channels"][0]["lag"] == 0 && node["channels"][0]["name"] == "main"
            })
            .await;
        }
    }
}

async fn a_node_tells_about_itself(platform: &Platform) {
    let peer = platform
        .get("/v1/chains/ledger/nodes/peer0-treasury")
        .await
        .expect("a peer");
    let orderer = platform
        .get("/v1/chains/ledger/nodes/orderer0")
        .await
        .expect("an orderer");
    let metrics = platform
        .get("/v1/chains/ledger/nodes/peer0-treasury/metrics")
        .await
        .expect("metrics");
    let health = platform.get("/v1/chains/ledger/health").await.expect("health");

    assert!(peer["usage"]["memoryBytes"].as_u64() > Some(1 << 20), "{peer:#}");
    assert!(peer["usage"]["diskBytes"].as_u64() > Some(1 << 10), "{peer:#}");
    assert!(
        peer["usage"]["cpuSeconds"].is_f64() && peer["certificateDaysLeft"].is_i64(),
        "{peer:#}"
    );
    assert_eq!(peer["events"][0]["reason"], "Started", "{peer:#}");
    let holds = peer["conditions"].as_array().into_iter().flatten();
    assert!(
        holds.clone().count() == 4 && holds.clone().all(|it| it["status"] == "True"),
        "{peer:#}"
    );
    assert_eq!(
        (&orderer["channels"][0]["leader"], &orderer["channels"][0]["lag"]),
        (&json!(true), &json!(0))
    );
    let named: Vec<&str> = metrics["metrics"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|metric| metric["name"].as_str())
        .collect();
    assert!(named.contains(&"ledgerHeight"), "{metrics:#}");
    let layers: Vec<(&str, &str)> = health["layers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|layer| Some((layer["layer"].as_str()?, layer["state"].as_str()?)))
        .collect();
    let all = ["network", "data", "consensus", "contract", "application"];
    assert_eq!(layers, all.map(|layer| (layer, "ok")), "{health:#}");
}

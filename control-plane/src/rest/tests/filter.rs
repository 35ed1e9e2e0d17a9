//! Lists of what was looked for.

use serde_json::json;

use super::{TestApp, problem, ready};

async fn names(app: &TestApp, query: &str) -> Vec<String> {
    let page = app.get(&format!("/v1/chains?{query}")).await.json();
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_list_gives_what_was_looked_for_alone() {
    let app = TestApp::with_chain().await;
    app.report("ledger", ready(1)).await;
    let spec = json!({"displayName": "Transfer Payments", "members": [{"organization": "bank"}]});
    app.post(
        "/v1/chains",
        json!({"name": "west", "labels": {"env": "production"}, "spec": spec}),
    )
    .await;
    app.post(
        "/v1/chains",
        json!({"name": "east", "labels": {"env": "test"}, "spec": {"members": [{"organization": "bank"}]}}),
    )
    .await;

    assert_eq!(names(&app, "").await, ["east", "ledger", "west"]);
    assert_eq!(names(&app, "q=EDGE").await, ["ledger"]);
    assert_eq!(names(&app, "q=transfer").await, ["west"]);
    assert_eq!(names(&app, "q=tion").await, ["west"]);
    assert_eq!(names(&app, "q=nothing").await, [""; 0]);
    assert_eq!(names(&app, "state=ready").await, ["ledger"]);
    assert_eq!(names(&app, "label=env").await, ["east", "west"]);
    assert_eq!(names(&app, "label=env%3Dtest").await, ["east"]);
    assert_eq!(names(&app, "label=env&q=west&state=pending").await, ["west"]);
}

#[tokio::test]
async fn a_page_token_is_for_the_list_that_it_came_of() {
    let app = TestApp::with_chain().await;
    app.post(
        "/v1/chains",
        json!({"name": "east", "labels": {"env": "test"}, "spec": {"members": [{"organization": "bank"}]}}),
    )
    .await;
    let first = app.get("/v1/chains?pageSize=1").await.json();
    let token = first["nextPageToken"].as_str().unwrap();

    let other = app.get(&format!("/v1/chains?q=e&pageToken={token}")).await;
    let unknown = app.get("/v1/chains?state=lost").await;

    assert_eq!(other.problem(), problem(400, "invalid_parameter"));
    assert_eq!(unknown.problem(), problem(400, "invalid_parameter"));
}

#[tokio::test]
async fn organizations_are_found_by_level_region_and_sector() {
    let app = TestApp::new().await;
    for (name, level, region, sector) in [
        ("province-finance", "province", "Hebei", "government"),
        ("tax-bureau", "city", "Hebei", "government"),
        ("city-bank", "city", "Hebei", "bank"),
        ("other-bank", "city", "Zhejiang", "bank"),
    ] {
        let spec = json!({"level": level, "region": region, "sector": sector});
        let made = app.post("/v1/organizations", json!({"name": name, "spec": spec})).await;
        assert_eq!(made.status, 202, "{}", made.text);
    }
    let found = async |query: &str| -> Vec<String> {
        let answer = app.get(&format!("/v1/organizations?{query}")).await.json();
        let items = answer["items"].as_array().unwrap().iter();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    };

    assert_eq!(found("level=city&region=Hebei").await, ["city-bank", "tax-bureau"]);
    assert_eq!(found("sector=bank").await, ["city-bank", "other-bank"]);
    assert_eq!(found("sector=bank&q=other").await, ["other-bank"]);
    assert_eq!(found("region=Yunnan").await, Vec::<String>::new());
    let first = app.get("/v1/organizations?level=city&pageSize=2").await.json();
    let token = first["nextPageToken"].as_str().unwrap();
    assert_eq!(
        found(&format!("level=city&pageSize=2&pageToken={token}")).await,
        ["tax-bureau"]
    );
    let foreign = app
        .get(&format!("/v1/organizations?level=county&pageToken={token}"))
        .await;
    let wrong = app.get("/v1/organizations?level=village").await;
    assert_eq!((foreign.problem().0, wrong.problem().0), (400, 400));
}

#[tokio::test]
async fn contracts_are_found_by_chain_and_identities_by_organization() {
    let app = TestApp::with_chain().await;
    let chain = json!({"name": "vault", "spec": {"members": [{"organization": "bank"}]}});
    app.post("/v1/chains", chain).await;
    app.post("/v1/organizations", json!({"name": "audit", "spec": {}}))
        .await;
    for chain in ["ledger", "vault"] {
        let spec = json!({"chain": chain, "name": "proof", "template": "evidence"});
        let made = app
            .post("/v1/contracts", json!({"name": format!("{chain}-proof"), "spec": spec}))
            .await;
        assert_eq!(made.status, 202, "{}", made.text);
    }
    let made = app
        .post(
            "/v1/identities",
            json!({"name": "till", "spec": {"organization": "audit"}}),
        )
        .await;
    assert_eq!(made.status, 202, "{}", made.text);
    let found = async |list: &str| -> Vec<String> {
        let answer = app.get(&format!("/v1/{list}")).await.json();
        let items = answer["items"].as_array().unwrap().iter();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    };

    assert_eq!(found("contracts?chain=vault").await, ["vault-proof"]);
    assert_eq!(found("contracts?chain=vault&q=ledger").await, [""; 0]);
    assert_eq!(found("identities?organization=audit").await, ["till"]);
    assert_eq!(found("identities?organization=bank").await, [""; 0]);
}

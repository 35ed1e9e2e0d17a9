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

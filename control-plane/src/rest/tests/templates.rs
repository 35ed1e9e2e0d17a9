//! The catalogue of business templates, and what a contract or a chain may name.

use axum::http::Method;
use entente_api::NodeRelease;
use entente_operator::registry::Scope;
use serde_json::{Value, json};

use super::{TestApp, ledger, problem};

#[tokio::test]
async fn a_template_is_told_about_in_the_callers_language() {
    let app = TestApp::new().await;
    let told = async |language: &str| {
        let headers = [("accept-language", language)];
        let answer = app.call(Method::GET, "/v1/templates/evidence", &headers, None).await;
        assert_eq!(answer.headers["vary"], "accept-language");
        (answer.headers["content-language"].clone(), answer.json())
    };

    let (english, template) = told("en").await;
    let (chinese, vorlage) = told("zh-CN").await;

    assert_eq!((english, chinese), ("en".parse().unwrap(), "zh-CN".parse().unwrap()));
    assert_eq!(
        (&template["title"], &vorlage["title"]),
        (&json!("Evidence of documents"), &json!("文档存证"))
    );
    assert_eq!(
        template["parameters"],
        json!([
            {
                "name": "LONGEST_NOTE", "title": "Longest note", "type": "integer", "default": "1024",
                "meaning": "How many characters a note or a reason may have. 0 keeps notes off the ledger.",
                "rule": "must be a whole number from 0 to 65536", "minimum": 0, "maximum": 65536,
            },
            {
                "name": "LOG_LEVEL", "title": "Log level", "type": "choice", "default": "info",
                "meaning": "How much the contract's service writes into its log.",
                "rule": "must be one of error, warn, info, debug, trace",
                "values": ["error", "warn", "info", "debug", "trace"],
            },
        ])
    );
    let functions = |template: &Value| -> Vec<(Value, Value)> {
        let functions = template["functions"].as_array().unwrap().iter();
        functions
            .map(|it| (it["name"].clone(), it["readsOnly"].clone()))
            .collect()
    };
    let expected = [
        ("Certify", false),
        ("Revoke", false),
        ("Get", true),
        ("History", true),
        ("List", true),
    ];
    assert_eq!(
        functions(&template),
        expected.map(|(name, reads)| (json!(name), json!(reads)))
    );
    assert_eq!(
        vorlage["functions"][0]["arguments"][0],
        json!({
            "name": "digest", "meaning": "文档的 SHA-256 摘要：64 个十六进制字符。", "required": true,
            "schema": {"type": "string", "description": "SHA-256 of the document: 64 hexadecimal characters."},
        })
    );
}

#[tokio::test]
async fn templates_are_listed_and_an_unknown_one_is_not_found() {
    let app = TestApp::new().await;

    let list = app.get("/v1/templates").await.json();
    let unknown = app.get("/v1/templates/escrow").await;

    let names: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["evidence"]);
    assert_eq!(unknown.problem(), problem(404, "not_found"));
}

#[tokio::test]
async fn a_contract_names_a_template_that_there_is_with_settings_that_it_takes() {
    let app = TestApp::with_chain().await;
    let contract = |template: &str, settings: Value| {
        let spec = json!({"chain": "ledger", "template": template, "settings": settings});
        json!({"name": "notes", "spec": spec})
    };
    let details = |answer: &super::Answer| -> Vec<String> {
        assert_eq!(answer.problem(), problem(422, "validation_failed"));
        let errors = answer.json()["errors"].as_array().unwrap().clone();
        let line = |error: &Value| {
            format!(
                "{}: {}",
                error["pointer"].as_str().unwrap(),
                error["detail"].as_str().unwrap()
            )
        };
        errors.iter().map(line).collect()
    };

    let checked = app
        .post("/v1/contracts?validateOnly=true", contract("escrow", json!({})))
        .await;
    let posted = app
        .post("/v1/contracts", contract("evidence", json!({"LONGEST_NOTE": "x"})))
        .await;
    let fine = app
        .post("/v1/contracts", contract("evidence", json!({"LONGEST_NOTE": "9"})))
        .await;
    let patched = app
        .patch("/v1/contracts/notes", json!({"spec": {"settings": {"COLOUR": "red"}}}))
        .await;
    let put = app
        .put(
            "/v1/contracts/notes",
            json!({"spec": {"chain": "ledger", "template": "escrow"}}),
        )
        .await;

    assert_eq!(
        details(&checked),
        ["/spec/template: there is no template \"escrow\"; there is evidence"]
    );
    assert_eq!(
        details(&posted),
        ["/spec/settings/LONGEST_NOTE: must be a whole number from 0 to 65536, not \"x\""]
    );
    assert_eq!(fine.status, 202, "{}", fine.text);
    assert_eq!(
        details(&patched),
        [
            "/spec/settings/COLOUR: the template \"evidence\" has no parameter \"COLOUR\"; it has LONGEST_NOTE, LOG_LEVEL"
        ]
    );
    assert_eq!(details(&put), details(&checked));
}

#[tokio::test]
async fn a_chain_is_made_with_a_release_that_there_is_and_that_has_not_ended() {
    let app = TestApp::new().await;
    let release = |end: &str| json!({"spec": {"engine": "native", "version": "1", "endOfLifeTime": end}});
    for (name, end) in [("old", "2020-01-01T00:00:00Z"), ("new", "2999-01-01T00:00:00Z")] {
        let answer = app.put(&format!("/v1/node-releases/{name}"), release(end)).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
    }
    let chain = |release: &str| {
        let mut chain = ledger();
        chain["spec"]["release"] = json!(release);
        chain
    };

    let unknown = app.post("/v1/chains?validateOnly=true", chain("blue")).await;
    let ended = app.post("/v1/chains", chain("old")).await;
    let fine = app.post("/v1/chains", chain("new")).await;
    // While the chain runs it, it comes to its end.
    let mut ending: NodeRelease = app.registry.get(&Scope::All, "new").await.unwrap().unwrap();
    ending.spec.end_of_life_time = serde_json::from_value(json!("2021-01-01T00:00:00Z")).unwrap();
    app.registry.update(&Scope::All, &ending).await.unwrap();
    let goes_on = app
        .patch(
            "/v1/chains/ledger?validateOnly=true",
            json!({"spec": {"displayName": "L"}}),
        )
        .await;
    let moved = app
        .patch(
            "/v1/chains/ledger?validateOnly=true",
            json!({"spec": {"release": "old"}}),
        )
        .await;

    let detail = |answer: &super::Answer| answer.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(
        detail(&unknown),
        "/spec/release: there is no node release \"blue\"; to choose from: new"
    );
    assert_eq!(
        detail(&ended),
        "/spec/release: the node release \"old\" came to its end of life on 2020-01-01: no chain is moved to it any more; \
         to choose from: new"
    );
    assert_eq!(
        (fine.status.as_u16(), goes_on.status.as_u16()),
        (202, 200),
        "{}",
        goes_on.text
    );
    assert!(
        detail(&moved).ends_with("to choose from: there are none"),
        "{}",
        detail(&moved)
    );
}

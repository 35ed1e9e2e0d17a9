//! The REST API and its document: whoever believes the document is not surprised by a real platform.

use std::path::Path;
use std::process::Output;

use entente_tests::platform::Platform;
use entente_tests::python;
use serde_json::json;
use tokio::process::Command;

/// What may not happen, whatever is sent: a failure of the platform, an answer that the document does not know, an answer
/// without having asked who comes, a method that is nowhere.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
response_headers_conformance,ignored_auth,unsupported_method";
/// Most of what is found at all is found in this time.
const SECONDS: &str = "100";
/// Who waits for an operation is answered late by design, so the time to wait for is not made up; a busy machine may take
/// its time with everything else. Who follows blocks is never done. What reads a ledger says so while the only peer starts, which is restarted on the way.
const SETTINGS: &str = r#"
request-timeout = 60.0

[[operations]]
include-operation-id = "operation_wait"
parameters = { timeout = "100ms" }

[[operations]]
include-operation-id = "block_events"
enabled = false

[[operations]]
include-tag = ["ledger", "channels"]
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503]
"#;

/// The shortest chain that is one of the document's examples: what is tried by name is there.
async fn with_the_examples(platform: &Platform) -> anyhow::Result<()> {
    let chain = json!({
        "ordering": {"replicas": 1},
        "members": [{"organization": "bank", "peers": 1}],
        "contracts": [{"name": "evidence", "template": "evidence"}],
    });
    platform.create_chain("ledger", chain).await?;
    // What is made up on the way must not fill the machine with nodes.
    let room =
        json!({"spec": {"quotas": {"chains": 1, "peers": 1, "organizations": 50, "requestsPerSecond": 100_000}}});
    platform
        .change(reqwest::Method::PATCH, "/v1/admin/tenants/default", Some(room))
        .await?;
    Ok(())
}

#[tokio::test]
async fn every_answer_to_whatever_is_sent_is_one_that_the_document_knows() {
    let test = "every_answer_to_whatever_is_sent_is_one_that_the_document_knows";
    let Some(programs) = python::programs_or_skip(test, "contract")
        .await
        .expect("the cache can be written")
    else {
        return;
    };
    let platform = Platform::start().await.expect("the platform starts");
    with_the_examples(&platform).await.expect("the chain is ready");
    let document = platform.scratch().join("openapi.json");
    let served = platform.get("/v1/openapi.json").await.expect("the document is served");
    std::fs::write(&document, served.to_string()).expect("the folder can be written");
    let settings = platform.scratch().join("schemathesis.toml");
    std::fs::write(&settings, SETTINGS).expect("the folder can be written");

    let run = Command::new(programs.join("schemathesis"))
        .arg("--config-file")
        .arg(&settings)
        .args([
            "--no-color",
            "run",
            "--url",
            &platform.url(),
            "--seed",
            "1",
            "--checks",
            CHECKS,
        ])
        .args([
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            "5",
            "--max-time",
            SECONDS,
        ])
        .args(["--continue-on-failure", "--warnings", "off"])
        .arg("--header")
        .arg(format!("Authorization: Bearer {}", platform.token().expect("a token")))
        .arg(&document)
        .current_dir(platform.scratch())
        .kill_on_drop(true)
        .output()
        .await
        .expect("schemathesis starts");

    assert!(
        run.status.success(),
        "{}\nThe platform says:\n{}",
        said(&run),
        platform.log()
    );
}

fn said(run: &Output) -> String {
    [&run.stdout, &run.stderr]
        .map(|text| String::from_utf8_lossy(text))
        .concat()
}

#[tokio::test]
async fn a_client_generated_from_the_document_works_with_a_platform() {
    let test = "a_client_generated_from_the_document_works_with_a_platform";
    let Some(programs) = python::programs_or_skip(test, "client")
        .await
        .expect("the cache can be written")
    else {
        return;
    };
    let platform = Platform::start().await.expect("the platform starts");
    let document = platform.scratch().join("openapi.json");
    let served = platform.get("/v1/openapi.json").await.expect("the document is served");
    std::fs::write(&document, served.to_string()).expect("the folder can be written");

    let made = Command::new(programs.join("openapi-python-client"))
        .args([
            "generate",
            "--meta",
            "none",
            "--output-path",
            "entente_client",
            "--path",
        ])
        .arg(&document)
        .current_dir(platform.scratch())
        .output()
        .await
        .expect("the generator starts");
    assert!(made.status.success(), "{}", said(&made));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("client/live.py");
    let run = Command::new(programs.join("python"))
        .arg(script)
        .env("PYTHONPATH", platform.scratch())
        .env("SERVER", platform.url())
        .env("TOKEN", platform.token().expect("a token"))
        .kill_on_drop(true)
        .output()
        .await
        .expect("Python starts");

    assert!(
        run.status.success(),
        "{}\nThe platform says:\n{}",
        said(&run),
        platform.log()
    );
}

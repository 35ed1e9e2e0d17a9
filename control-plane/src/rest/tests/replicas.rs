//! Several replicas of the API, each with what a process of its own has, on the same registry and database.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::{Answer, TestApp, ledger, problem};

const KEYED: &[(&str, &str)] = &[("idempotency-key", "k1")];

#[tokio::test]
async fn a_key_that_one_replica_has_answered_the_others_answer_the_same() {
    let first = TestApp::new().await;
    let second = first.replica();

    let created = first.call(Method::POST, "/v1/chains", KEYED, Some(ledger())).await;
    let again = second.call(Method::POST, "/v1/chains", KEYED, Some(ledger())).await;

    assert_eq!(created.status, StatusCode::ACCEPTED, "{}", created.text);
    assert_eq!((again.status, &again.text), (created.status, &created.text));
    assert_eq!(again.headers["idempotency-replayed"], "true");
}

#[tokio::test]
async fn of_replicas_that_are_asked_the_same_at_once_one_does_it() {
    let first = TestApp::new().await;
    let replicas = [first.replica(), first.replica(), first.replica()];

    let asked = replicas
        .iter()
        .map(|replica| replica.call(Method::POST, "/v1/chains", KEYED, Some(ledger())));
    let answers = futures::future::join_all(asked).await;

    for answer in &answers {
        let in_flight = || answer.problem() == problem(409, "idempotency_key_in_flight");
        assert!(answer.status == StatusCode::ACCEPTED || in_flight(), "{}", answer.text);
    }
    let done = |answer: &&Answer| {
        answer.status == StatusCode::ACCEPTED && !answer.headers.contains_key("idempotency-replayed")
    };
    assert_eq!(answers.iter().filter(done).count(), 1);
}

#[tokio::test]
async fn a_tenant_has_as_many_requests_as_one_replica_would_give_it() {
    let first = TestApp::new().await;
    // Nobody shares a file.
    if !first.app.db.is_shared() {
        return;
    }
    let tenant = json!({"name": "default", "spec": {"quotas": {"requestsPerSecond": 1}}});
    first.post("/v1/admin/tenants", tenant).await;
    let replicas = [first.replica(), first.replica(), first.replica()];
    let begun = std::time::Instant::now();

    let mut taken = 0;
    for round in 0..180 {
        taken += u64::from(replicas[round % 3].get("/v1/version").await.status == StatusCode::OK);
    }

    // What was asked for before the tenant was made counts too.
    let (most, least) = (60 + begun.elapsed().as_secs() + 1, 58);
    assert!(
        (least..=most).contains(&taken),
        "{taken} requests in {:?}",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_does_not_notice_that_connections_are_lost_and_who_writes_can_repeat_it() {
    const READS: usize = 60;
    const WRITES: usize = 12;
    let first = TestApp::with_chain().await;
    let second = first.replica();
    let done = AtomicBool::new(false);

    let disconnect = async {
        let mut times = 0;
        while !done.load(Ordering::Relaxed) {
            times += usize::from(first.app.db.disconnect_everybody().await);
            // Between two of them, something gets done.
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        times
    };
    let read = async |replica: &TestApp| {
        for _ in 0..READS {
            let answer = replica.get("/v1/operations").await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        }
    };
    let write = async |replica: &TestApp, prefix: &str| {
        for number in 0..WRITES {
            let name = format!("{prefix}-{number}");
            let key = [("idempotency-key", name.as_str())];
            let body = json!({"name": name, "spec": {}});
            let ask = || replica.call(Method::POST, "/v1/organizations", &key, Some(body.clone()));
            let mut answer = ask().await;
            while answer.status == StatusCode::SERVICE_UNAVAILABLE {
                assert_eq!(answer.problem(), problem(503, "database_unreachable"));
                answer = ask().await;
            }
            // It may have been made by the attempt that was not answered.
            let is_there =
                answer.status == StatusCode::ACCEPTED || answer.problem() == problem(409, "already_exists");
            assert!(is_there, "{}", answer.text);
        }
    };
    let work = async {
        tokio::join!(read(&first), read(&second), write(&first, "a"), write(&second, "b"));
        done.store(true, Ordering::Relaxed);
    };
    let ((), times) = tokio::join!(work, disconnect);

    let made = first.get("/v1/organizations?pageSize=200").await.json();
    assert_eq!(made["items"].as_array().map(Vec::len), Some(2 * WRITES));
    assert!(
        times > 3 || !first.app.db.is_shared(),
        "connections were ended {times} times"
    );
}

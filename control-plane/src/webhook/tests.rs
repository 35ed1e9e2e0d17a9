//! Deliveries to a real receiver on loopback, from the queue that a platform's tables are.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use entente_api::time::Time;
use parking_lot::Mutex;
use serde_json::Value;

use super::address::AddressArgs;
use super::courier::Courier;
use super::{Event, signature};
use crate::access::TenantScope;
use crate::operation::{Operation, OperationKind, OperationState, Target};
use crate::store::webhooks::{self, Webhook};
use crate::store::{Db, operation, testing};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OPEN: AddressArgs = AddressArgs { allows_private: true };

#[derive(Clone, Default)]
struct Receiver {
    answers: Arc<Mutex<Vec<u16>>>,
    taken: Arc<Mutex<Vec<(HeaderMap, String)>>>,
}

impl Receiver {
    /// Answers with these statuses, one after the other, and then with 204.
    async fn start(answers: &[u16]) -> (Receiver, String) {
        // As in `main`: the one provider of the process.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let receiver = Receiver::default();
        receiver.answers.lock().extend(answers.iter().rev());
        let router = Router::new()
            .route("/", post(Receiver::take))
            .with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, router).into_future());
        (receiver, url)
    }

    async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> StatusCode {
        receiver.taken.lock().push((headers, body));
        let status = receiver.answers.lock().pop().unwrap_or(204);
        StatusCode::from_u16(status).unwrap()
    }

    fn count(&self) -> usize {
        self.taken.lock().len()
    }
}

fn scope() -> TenantScope {
    TenantScope::for_background_task("test", "bank")
}

async fn webhook(db: &Db, url: &str, events: &[&str]) -> Webhook {
    let webhook = Webhook {
        id: uuid::Uuid::now_v7().to_string(),
        url: url.to_owned(),
        description: String::new(),
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        is_enabled: true,
        created_by: "li@bank.example".to_owned(),
        create_time: Time::now(),
        failing_since: None,
        disable_reason: None,
    };
    assert!(webhooks::insert(db, &scope(), &webhook, SECRET, 20).await.unwrap());
    webhook
}

async fn test_event(db: &Db, webhook: &Webhook) -> String {
    let event = Event::test(Time::now());
    webhooks::send(db, &scope(), &webhook.id, &event)
        .await
        .unwrap()
        .unwrap()
}

/// State, attempts and status of a delivery.
async fn standing(db: &Db, webhook: &Webhook, id: &str) -> (String, i64, Option<i64>) {
    let delivery = webhooks::delivery(db, &scope(), &webhook.id, id)
        .await
        .unwrap()
        .unwrap();
    (delivery.state, delivery.attempts, delivery.status)
}

#[tokio::test]
async fn an_operation_that_ends_is_told_signed_and_once() {
    let db = testing::fresh().await;
    let (receiver, url) = Receiver::start(&[]).await;
    webhook(&db, &url, &["chain.ready"]).await;
    let started = Operation::start(
        OperationKind::Create,
        Target::new("Chain", "ledger", "uid", 1),
        Time::now(),
    );
    operation::insert(&db, &scope(), &started).await.unwrap();
    let ended = Operation {
        state: OperationState::Succeeded,
        revision: started.revision + 1,
        ..started
    };

    let written = operation::update(&db, &scope(), &ended).await.unwrap();
    let late = operation::update(&db, &scope(), &ended).await.unwrap();
    let courier = Courier::new(db.clone(), OPEN).unwrap();
    let made = [courier.round().await.unwrap(), courier.round().await.unwrap()];

    assert_eq!((written, late, made, receiver.count()), (true, false, [1, 0], 1));
    let (headers, body) = receiver.taken.lock()[0].clone();
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp").parse().unwrap());
    assert_eq!(
        header("webhook-signature"),
        signature::sign(SECRET, &id, timestamp, &body)
    );
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (
            &body["id"],
            &body["type"],
            &body["tenant"],
            &body["data"]["operation"]["target"]["name"]
        ),
        (&id.into(), &"chain.ready".into(), &"bank".into(), &"ledger".into())
    );
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_later_and_by_whoever_runs_then() {
    let db = testing::fresh().await;
    let (receiver, url) = Receiver::start(&[503]).await;
    let webhook = webhook(&db, &url, &["webhook.test"]).await;
    let id = test_event(&db, &webhook).await;

    Courier::new(db.clone(), OPEN).unwrap().round().await.unwrap();

    let delivery = webhooks::delivery(&db, &scope(), &webhook.id, &id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (delivery.state.as_str(), delivery.attempts, delivery.status),
        ("pending", 1, Some(503))
    );
    assert_eq!(delivery.error.as_deref(), Some("the receiver answers 503"));
    assert!(delivery.next_time.get() > Time::now().get() + Duration::from_secs(2));
    assert!(
        webhooks::get(&db, &scope(), &webhook.id)
            .await
            .unwrap()
            .unwrap()
            .failing_since
            .is_some()
    );

    // A platform of later, on the same tables; whoever cannot wait has it made again.
    webhooks::resend(&db, &scope(), &webhook.id, &id, Time::now())
        .await
        .unwrap();
    Courier::new(db.clone(), OPEN).unwrap().round().await.unwrap();

    assert_eq!(
        standing(&db, &webhook, &id).await,
        ("delivered".to_owned(), 1, Some(204))
    );
    assert_eq!(
        webhooks::get(&db, &scope(), &webhook.id)
            .await
            .unwrap()
            .unwrap()
            .failing_since,
        None
    );
    let ids: Vec<String> = receiver
        .taken
        .lock()
        .iter()
        .map(|(headers, _)| headers["webhook-id"].to_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, [id.clone(), id]);
}

#[tokio::test]
async fn several_replicas_deliver_once() {
    let db = testing::fresh().await;
    let (receiver, url) = Receiver::start(&[]).await;
    let webhook = webhook(&db, &url, &["webhook.test"]).await;
    for _ in 0..8 {
        test_event(&db, &webhook).await;
    }
    let courier = Courier::new(db.clone(), OPEN).unwrap();

    let replicas = (0..4).map(|_| {
        let courier = courier.clone();
        async move { while courier.round().await.unwrap() > 0 {} }
    });
    futures::future::join_all(replicas).await;
    while courier.round().await.unwrap() > 0 {}

    let mut ids: Vec<String> = receiver
        .taken
        .lock()
        .iter()
        .map(|(headers, _)| headers["webhook-id"].to_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), receiver.count()), (8, 8));
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_given_up() {
    let db = testing::fresh().await;
    let (receiver, url) = Receiver::start(&[410]).await;
    let webhook = webhook(&db, &url, &["webhook.test"]).await;
    test_event(&db, &webhook).await;
    test_event(&db, &webhook).await;
    let courier = Courier::new(db.clone(), OPEN).unwrap();

    while courier.round().await.unwrap() > 0 {}

    let given_up = webhooks::get(&db, &scope(), &webhook.id).await.unwrap().unwrap();
    assert_eq!((given_up.is_enabled, receiver.count()), (false, 1));
    assert_eq!(
        given_up.disable_reason.as_deref(),
        Some("the receiver answers that it is gone for good (410)")
    );
}

#[tokio::test]
async fn nothing_goes_to_a_private_address() {
    let db = testing::fresh().await;
    let (receiver, url) = Receiver::start(&[]).await;
    let by_name = url.replace("127.0.0.1", "localhost").replace("http:", "https:");
    let mut seen = Vec::new();
    for url in [url.replace("http:", "https:"), by_name] {
        let webhook = webhook(&db, &url, &["webhook.test"]).await;
        let id = test_event(&db, &webhook).await;
        seen.push((webhook, id));
    }

    Courier::new(db.clone(), AddressArgs::default())
        .unwrap()
        .round()
        .await
        .unwrap();

    let mut errors = Vec::new();
    for (webhook, id) in &seen {
        let delivery = webhooks::delivery(&db, &scope(), &webhook.id, id)
            .await
            .unwrap()
            .unwrap();
        errors.push(delivery.error.unwrap_or_default());
    }
    assert_eq!(receiver.count(), 0);
    assert_eq!(errors[0], "is a private address; deliveries go to public ones only");
    assert!(
        errors[1].contains("the name leads to no public address"),
        "{}",
        errors[1]
    );
}

#[tokio::test]
async fn no_more_waits_for_a_webhook_than_is_bounded_and_other_tenants_see_nothing() {
    let db = testing::fresh().await;
    let webhook = webhook(&db, "https://bank.example/", &["webhook.test"]).await;
    let rival = TenantScope::for_background_task("test", "rival");
    let id = test_event(&db, &webhook).await;
    for _ in 1..1000 {
        test_event(&db, &webhook).await;
    }

    let one_more = webhooks::send(&db, &scope(), &webhook.id, &Event::test(Time::now()))
        .await
        .unwrap();
    let foreign = (
        webhooks::get(&db, &rival, &webhook.id).await.unwrap(),
        webhooks::deliveries(&db, &rival, &webhook.id, None, 10).await.unwrap(),
        webhooks::resend(&db, &rival, &webhook.id, &id, Time::now())
            .await
            .unwrap(),
        webhooks::delete(&db, &rival, &webhook.id).await.unwrap(),
    );

    assert_eq!(one_more, None);
    assert_eq!(foreign, (None, Vec::new(), false, false));
    assert!(webhooks::delete(&db, &scope(), &webhook.id).await.unwrap());
    assert_eq!(webhooks::delivery(&db, &scope(), &webhook.id, &id).await.unwrap(), None);
}

//! How long certificates are good, and what becomes of an identity after it was issued.

use chrono::TimeDelta;
use entente_api::time::Time;
use entente_api::{Identity, Organization};
use serde_json::{Value, json};

use super::{TestApp, problem};

fn after(days: i64) -> Time {
    // Not on the very second of a day's end.
    Time::from(Time::now().get() + TimeDelta::days(days) + TimeDelta::minutes(1))
}

/// An identity whose certificate is good for so many days, as the operator would report it.
async fn issued(app: &TestApp, name: &str, days: i64, csr: Option<&str>) {
    let mut identity = Identity::new(name, Default::default());
    identity.spec.organization = "bank".to_owned();
    identity.spec.validity_days = 365;
    identity.spec.certificate_request = csr.map(str::to_owned);
    app.registry.create(&TestApp::scope(), &identity).await.unwrap();
    let status = json!({
        "state": "ready", "observedGeneration": 1, "serialNumber": "1f", "expireTime": after(days), "certificate": "PEM",
    });
    app.registry
        .put_status::<Identity>(&TestApp::scope(), name, &status)
        .await
        .unwrap();
}

async fn names(app: &TestApp, query: &str) -> Vec<String> {
    let answer = app.get(&format!("/v1/certificates{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let items = answer.json()["items"].as_array().unwrap().clone();
    let name = |item: &Value| item["name"].as_str().unwrap().to_owned();
    items.iter().map(name).collect()
}

async fn bank() -> TestApp {
    let app = TestApp::new().await;
    app.registry
        .create(&TestApp::scope(), &Organization::new("bank", Default::default()))
        .await
        .unwrap();
    app
}

#[tokio::test]
async fn what_expires_first_comes_first_with_its_days_and_what_breaks() {
    let app = bank().await;
    issued(&app, "till-2", 100, None).await;
    issued(&app, "till-1", 29, Some("-----BEGIN CERTIFICATE REQUEST-----")).await;
    issued(&app, "till-0", -2, None).await;

    let all = names(&app, "").await;
    let soon = app.get("/v1/certificates?expiresWithin=30d").await.json();

    assert_eq!(all, ["identities/till-0", "identities/till-1", "identities/till-2"]);
    assert_eq!(names(&app, "?expiresWithin=7d").await, ["identities/till-0"]);
    assert_eq!(names(&app, "?type=node").await, Vec::<String>::new());
    assert_eq!(names(&app, "?organization=rival").await, Vec::<String>::new());
    let mut till = soon["items"][1].clone();
    till.as_object_mut().unwrap().remove("expireTime");
    assert_eq!(
        till,
        json!({
            "name": "identities/till-1",
            "type": "identity",
            "organization": "bank",
            "serialNumber": "1f",
            "daysLeft": 29,
            "band": "within30Days",
            "renewal": "manual",
            "impact": "Peers and orderers refuse what \"till-1\" of \"bank\" signs: applications that use it stop.",
        })
    );
    let wrong = app.get("/v1/certificates?expiresWithin=soon").await;
    assert_eq!(wrong.problem(), problem(400, "invalid_parameter"));
}

#[tokio::test]
async fn the_list_goes_on_where_a_page_ended() {
    let app = bank().await;
    for (index, days) in [(0, 3), (1, 2), (2, 1)] {
        issued(&app, &format!("till-{index}"), days, None).await;
    }

    let first = app.get("/v1/certificates?pageSize=2").await.json();
    let token = first["nextPageToken"].as_str().unwrap();
    let rest = names(&app, &format!("?pageSize=2&pageToken={token}")).await;

    assert_eq!(first["items"][0]["name"], "identities/till-2");
    assert_eq!(rest, ["identities/till-0"]);
}

#[tokio::test]
async fn renewing_asks_for_another_certificate_each_time_and_says_what_to_wait_for() {
    let app = bank().await;
    issued(&app, "till-1", 29, None).await;

    let first = app.post("/v1/identities/till-1:renew", json!({})).await;
    let checked = app
        .post("/v1/identities/till-1:renew?validateOnly=true", json!({}))
        .await;
    let absent = app.post("/v1/identities/till-9:renew", json!({})).await;

    let (body, held) = (first.json(), app.get("/v1/identities/till-1").await.json());
    assert_eq!(first.status, 202, "{}", first.text);
    assert_eq!(body["operation"]["target"]["name"], "till-1");
    assert_eq!(body["resource"]["generation"], 2);
    assert!(held["spec"]["renewTime"].is_string());
    assert_eq!((checked.status.as_u16(), held["generation"].as_i64()), (200, Some(2)));
    assert_eq!(absent.problem(), problem(404, "not_found"));
}

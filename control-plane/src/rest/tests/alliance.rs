//! The directory of the alliance, as everybody reads it and the platform's operators write it.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::TestApp;
use crate::access::Role;

const SAMPLE: &str = include_str!("../../../../examples/alliance.json");

async fn seeded() -> TestApp {
    let app = TestApp::new().await;
    let put = app
        .put("/v1/admin/alliance", serde_json::from_str(SAMPLE).unwrap())
        .await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    app
}

fn names(page: &Value) -> Vec<&str> {
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn sixty_seven_institutions_of_six_sectors_are_read_page_by_page() {
    let app = seeded().await;
    app.tenant_named("bank").await;
    let reader = app.person("bank", Role::Auditor).await;
    let mut items: Vec<Value> = Vec::new();
    let mut path = "/v1/alliance?pageSize=20".to_owned();
    loop {
        let page = app.as_person(&reader, Method::GET, &path, None).await.json();
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["nextPageToken"].as_str() {
            Some(token) => path = format!("/v1/alliance?pageSize=20&pageToken={token}"),
            None => break,
        }
    }

    let sectors: std::collections::BTreeSet<&str> =
        items.iter().map(|item| item["sector"].as_str().unwrap()).collect();
    assert_eq!(
        json!({"institutions": items}),
        serde_json::from_str::<Value>(SAMPLE).unwrap()
    );
    assert_eq!((items.len(), sectors.len()), (67, 6));
}

#[tokio::test]
async fn every_filter_narrows_what_is_found() {
    let app = seeded().await;
    let find = async |query: &str| app.get(&format!("/v1/alliance?{query}")).await.json();

    let of_fujian = find("region=Fujian").await;
    assert_eq!(
        names(&of_fujian),
        [
            "sextant-asset-management",
            "spring-tide-bank",
            "straits-side-equity-exchange",
            "tea-road-securities"
        ]
    );
    assert_eq!(names(&find("region=Fujian&sector=bank").await), ["spring-tide-bank"]);
    assert_eq!(
        names(&find("region=Fujian&level=province&text=EXCHANGE").await),
        ["straits-side-equity-exchange"]
    );
    assert_eq!(find("text=%25").await, json!({"items": []}));
    assert_eq!(find("text=100_").await, json!({"items": []}));
    assert_eq!(
        app.get("/v1/alliance?sector=casino").await.problem(),
        (400, "invalid_parameter".to_owned())
    );
    let token = find("sector=bank&pageSize=1").await["nextPageToken"]
        .as_str()
        .unwrap()
        .to_owned();
    let other = app.get(&format!("/v1/alliance?sector=fund&pageToken={token}")).await;
    assert_eq!(other.problem(), (400, "invalid_parameter".to_owned()));
}

#[tokio::test]
async fn a_directory_with_a_name_twice_is_refused_as_a_whole() {
    let app = seeded().await;
    let item = json!({"name": "one", "displayName": "One", "sector": "bank", "region": "Hebei", "level": "city"});

    let refused = app
        .put("/v1/admin/alliance", json!({"institutions": [item, item]}))
        .await;

    assert_eq!(refused.problem(), (422, "validation_failed".to_owned()));
    assert_eq!(refused.json()["errors"][0]["pointer"], "/institutions/1/name");
    assert_eq!(names(&app.get("/v1/alliance?pageSize=200").await.json()).len(), 67);
}

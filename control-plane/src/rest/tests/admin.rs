//! The installation as a whole, as the platform's operators see it.

use axum::http::{Method, StatusCode};
use entente_api::time::Time;
use entente_api::{Chain, Identity};
use entente_operator::metrics::Metrics;
use entente_operator::registry::Scope;
use serde_json::{Value, json};

use super::{TestApp, ledger, ready};
use crate::access::Role;
use crate::operate::sight::Sight;
use crate::store::access::users::{self, User};

/// Asks in the name of a tenant.
async fn post_as(app: &TestApp, tenant: &str, path: &str, body: Value) {
    let answer = app
        .call(Method::POST, path, &[("entente-tenant", tenant)], Some(body))
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
}

async fn report(app: &TestApp, tenant: &str, chain: &str, status: Value) {
    let scope = Scope::namespace(tenant);
    app.registry.put_status::<Chain>(&scope, chain, &status).await.unwrap();
}

/// Two tenants with a chain called alike: one is ready and runs an old release, the other has not been seen yet.
async fn two_tenants() -> TestApp {
    let app = TestApp::new().await;
    for tenant in ["bank", "rival"] {
        app.tenant_named(tenant).await;
        post_as(&app, tenant, "/v1/chains", ledger()).await;
    }
    let old = json!({"name": "native-0-0-1", "spec": {"engine": "native", "version": "0.0.1", "endOfLifeTime": "2020-01-01T00:00:00Z"}});
    assert_eq!(app.post("/v1/node-releases", old).await.status, StatusCode::ACCEPTED);
    let mut status = ready(1);
    status["release"] = json!("native-0-0-1");
    status["engine"] = json!("native");
    status["memberCount"] = json!(1);
    report(&app, "bank", "ledger", status).await;
    app
}

fn names(answer: &Value) -> Vec<String> {
    let items = answer["items"].as_array().unwrap().iter();
    let name = |item: &Value| {
        let word = |field: &str| item[field].as_str().unwrap().to_owned();
        format!("{}/{}", word("tenant"), word("name"))
    };
    items.map(name).collect()
}

#[tokio::test]
async fn the_fleet_shows_each_tenants_chains_by_name_state_and_release_and_nothing_of_their_ledgers() {
    let app = two_tenants().await;

    let fleet = app.get("/v1/admin/fleet").await.json();

    let [bank, rival] = &fleet["items"].as_array().unwrap()[..] else {
        panic!("{fleet}")
    };
    let without_time = |chain: &Value| {
        let mut chain = chain.clone();
        for field in ["uid", "createTime"] {
            assert!(chain[field].is_string(), "{chain}");
            chain.as_object_mut().unwrap().remove(field);
        }
        chain
    };
    assert_eq!(
        without_time(bank),
        json!({
            "tenant": "bank", "name": "ledger", "state": "ready", "suspended": false, "memberCount": 1,
            "release": "native-0-0-1", "engine": "native", "version": "0.0.1",
            "endOfLifeTime": "2020-01-01T00:00:00.000000Z", "isEndOfLife": true,
            "nodes": {"ready": 2, "desired": 4},
        })
    );
    assert_eq!(
        without_time(rival),
        json!({
            "tenant": "rival", "name": "ledger", "state": "pending", "suspended": false, "memberCount": 0,
            "isEndOfLife": false, "nodes": {"ready": 0, "desired": 4},
        })
    );
}

#[tokio::test]
async fn the_fleet_is_filtered_and_paged() {
    let app = two_tenants().await;
    let mut other = ledger();
    other["name"] = json!("other");
    post_as(&app, "bank", "/v1/chains", other).await;
    let filtered = |query: &'static str| {
        let app = &app;
        async move { names(&app.get(&format!("/v1/admin/fleet?{query}")).await.json()) }
    };

    assert_eq!(filtered("tenant=rival").await, ["rival/ledger"]);
    assert_eq!(filtered("release=native-0-0-1").await, ["bank/ledger"]);
    assert_eq!(filtered("state=pending").await, ["bank/other", "rival/ledger"]);
    assert_eq!(filtered("q=OTHER").await, ["bank/other"]);
    assert_eq!(filtered("tenant=rival&state=ready").await, Vec::<String>::new());

    let first = app.get("/v1/admin/fleet?pageSize=2").await.json();
    let token = first["nextPageToken"].as_str().unwrap();
    let rest = app
        .get(&format!("/v1/admin/fleet?pageSize=2&pageToken={token}"))
        .await
        .json();
    assert_eq!(names(&first), ["bank/ledger", "bank/other"]);
    assert_eq!(
        (names(&rest), &rest["nextPageToken"]),
        (vec!["rival/ledger".to_owned()], &Value::Null)
    );
}

#[tokio::test]
async fn operations_of_all_tenants_are_listed_newest_first_and_by_state() {
    let app = two_tenants().await;
    let of = |answer: Value| -> Vec<(String, String)> {
        let items = answer["items"].as_array().unwrap().iter();
        let word = |item: &Value, pointer: &str| item.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        items
            .map(|item| (word(item, "/tenant"), word(item, "/target/name")))
            .collect()
    };
    let pair = |tenant: &str, name: &str| (tenant.to_owned(), name.to_owned());

    let chains = of(app.get("/v1/admin/operations?targetKind=Chain").await.json());
    let pending = of(app
        .get("/v1/admin/operations?targetKind=Chain&state=pending")
        .await
        .json());
    let failed = of(app.get("/v1/admin/operations?state=failed").await.json());
    let one = of(app
        .get("/v1/admin/operations?tenant=bank&targetKind=Chain")
        .await
        .json());

    assert_eq!(chains, [pair("rival", "ledger"), pair("bank", "ledger")]);
    assert_eq!(pending, chains);
    assert_eq!(failed, []);
    assert_eq!(one, [pair("bank", "ledger")]);
}

#[tokio::test]
async fn what_is_used_of_each_quota_is_shown_to_its_tenant_and_of_all_to_the_platforms_operators() {
    let app = two_tenants().await;
    let quotas =
        json!({"spec": {"quotas": {"chains": 2, "organizations": 3, "storage": "100Gi", "requestsPerSecond": 7}}});
    let patched = app.patch("/v1/admin/tenants/bank", quotas).await;
    assert_eq!(patched.status, StatusCode::ACCEPTED, "{}", patched.text);
    let person = app.person("bank", Role::Auditor).await;

    let own = app.as_person(&person, Method::GET, "/v1/usage", None).await.json();
    let all = app.get("/v1/admin/usage").await.json();
    let sought = app.get("/v1/admin/usage?q=RIV").await.json();

    assert_eq!(
        own,
        json!({"tenant": "bank", "suspended": false, "quotas": [
            {"quota": "chains", "limit": 2, "used": 1},
            {"quota": "organizations", "limit": 3, "used": 1},
            {"quota": "peers", "used": 1},
            {"quota": "cpu", "used": 80},
            {"quota": "memory", "used": 128 << 20},
            {"quota": "storage", "limit": 100_u64 << 30, "used": 40_u64 << 30},
            {"quota": "requestsPerSecond", "limit": 7, "used": 0},
        ]})
    );
    let tenants: Vec<&Value> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["tenant"])
        .collect();
    assert_eq!(tenants, ["bank", "rival"]);
    assert_eq!(all["items"][0], own);
    assert_eq!(
        (&sought["items"][0]["tenant"], &sought["items"][1]),
        (&json!("rival"), &Value::Null)
    );
}

#[tokio::test]
async fn how_the_platform_is_tells_of_its_parts_and_of_what_needs_somebody() {
    let mut app = two_tenants().await;
    app.app.operator = Some(Sight::Here {
        metrics: Metrics::default(),
        since: Time::now(),
    });
    let app = app.anew();
    let expired = json!({"expireTime": "2026-01-01T00:00:00Z", "state": "ready"});
    let scope = Scope::namespace("bank");
    app.registry
        .create(&scope, &Identity::new("till-1", Default::default()))
        .await
        .unwrap();
    app.registry
        .put_status::<Identity>(&scope, "till-1", &expired)
        .await
        .unwrap();

    let health = app.get("/v1/admin/health").await.json();

    let codes: Vec<&Value> = health["troubles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["code"])
        .collect();
    assert_eq!(codes, ["certificatesExpired", "renewalsOverdue"], "{health}");
    assert_eq!(
        (&health["certificates"]["expired"], &health["certificates"]["first"][0]),
        (
            &json!(1),
            &json!({
                "tenant": "bank", "name": "identities/till-1", "type": "identity", "band": "expired",
                "expireTime": "2026-01-01T00:00:00.000000Z", "renewal": "automatic",
            })
        )
    );
    assert_eq!(health["replicas"].as_array().unwrap().len(), 1);
    assert_eq!(health["replicas"][0]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(health["operator"]["leader"], "entente");
    assert_eq!(health["webhooks"], json!({"pending": 0, "failing": 0, "disabled": 0}));
    assert_eq!(health["indexes"], json!({"ledgers": 0, "behind": 0, "blocks": 0}));
    assert_eq!(health["auditAnchor"], json!({"unanchoredTenants": 0}));
}

#[tokio::test]
async fn the_installations_safety_is_told_check_by_check_with_what_to_do() {
    let app = TestApp::new().await;
    let mut operator = User::new("admin@bureau.example", "Admin", Some("hash".to_owned()), Time::now());
    operator.is_platform_operator = true;
    operator.must_change_password = true;
    assert!(users::insert(&app.app.db, &operator).await.unwrap());
    let asked = "/v1/admin/security";

    let english = app.get(asked).await.json();
    let chinese = app
        .call(Method::GET, asked, &[("accept-language", "zh-CN")], None)
        .await
        .json();
    let plain = app
        .call(Method::GET, asked, &[("x-forwarded-proto", "http")], None)
        .await
        .json();
    users::set_password(&app.app.db, &operator.id, "another").await.unwrap();
    users::set_factor(&app.app.db, &operator.id, Some("JBSWY3DPEHPK3PXP"), 1)
        .await
        .unwrap();
    let mended = app.get(asked).await.json();

    let check = |answer: &Value, aspect: &str| {
        let mut checks = answer["checks"].as_array().unwrap().iter();
        checks.find(|check| check["aspect"] == aspect).unwrap().clone()
    };
    assert_eq!(english["state"], "failed");
    assert_eq!(english["checks"].as_array().unwrap().len(), 10);
    assert_eq!(
        check(&english, "oneTimePasswords"),
        json!({
            "aspect": "oneTimePasswords",
            "state": "failed",
            "title": "One-time passwords",
            "finding": "Not replaced yet: the password of admin@bureau.example. Whoever reads the first start's log has it.",
            "fix": "Sign in with it once: it must be changed then.",
        })
    );
    assert_eq!(check(&chinese, "oneTimePasswords")["title"], "一次性密码");
    assert_eq!(check(&plain, "apiTransport")["state"], "failed");
    assert_eq!(check(&english, "databaseTransport")["state"], "passed");
    let states = ["oneTimePasswords", "secondFactors"].map(|aspect| check(&mended, aspect)["state"].clone());
    assert_eq!(states, ["passed", "passed"]);
}

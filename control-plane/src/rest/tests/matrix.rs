//! Every operation of the document, tried by everybody, and compared with the table of permissions.

use axum::http::Method;
use entente_api::Member;
use entente_operator::registry::Scope;
use serde_json::{Value, json};

use super::callers::Person;
use super::{Answer, TestApp};
use crate::access::{Action, Role};
use crate::rest::openapi;
use crate::rest::permissions::{self, Access};

/// One operation, as a request that names nothing that exists.
struct Tried {
    id: String,
    method: Method,
    path: String,
    access: Access,
}

fn operations() -> Vec<Tried> {
    let document = openapi::json();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            all.push(Tried {
                id: id.to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.replace('{', "no-").replace('}', ""),
                access: permissions::of(id).1,
            });
        }
    }
    all
}

fn body(tried: &Tried) -> Option<Value> {
    let has_body = matches!(tried.method, Method::POST | Method::PUT | Method::PATCH);
    has_body.then(|| json!({}))
}

/// Whether a caller was refused for who they are.
fn is_refused(answer: &Answer) -> bool {
    answer.status == 403 && answer.problem().1 == "forbidden"
}

#[test]
fn every_operation_has_a_row_and_every_row_an_operation() {
    let mut documented: Vec<String> = operations().into_iter().map(|tried| tried.id).collect();
    documented.sort();

    let table: Vec<&str> = permissions::OPERATIONS.iter().map(|(id, _)| *id).collect();

    assert_eq!(table, documented);
}

#[tokio::test]
async fn each_role_may_what_the_table_says_and_no_more() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    for role in Role::ALL {
        let person = app.person("bank", role).await;
        for tried in operations().iter().filter(|tried| !ends_the_session(tried)) {
            let answer = app
                .as_person(&person, tried.method.clone(), &tried.path, body(tried))
                .await;

            let may = match tried.access {
                Access::May(action) => action.roles().contains(&role),
                Access::Everybody | Access::SignedIn => true,
                Access::Nobody => false,
            };
            // Some are for people, or for keys, alone.
            let is_for_another_kind = tried.id == "token_create";
            assert_eq!(
                is_refused(&answer),
                !may || is_for_another_kind,
                "{role:?} {} {}",
                tried.id,
                answer.text
            );
            assert!(answer.status.as_u16() < 500, "{role:?} {} {}", tried.id, answer.text);
        }
    }
}

fn ends_the_session(tried: &Tried) -> bool {
    ["session_delete", "session_sign_out_everywhere"].contains(&tried.id.as_str())
}

#[tokio::test]
async fn a_key_with_one_scope_may_that_and_no_more() {
    let app = TestApp::new().await;
    let of_tenants = Action::ALL.iter().filter(|action| !action.is_of_the_platform());
    for action in of_tenants {
        let key = app.key(&[action.scope()], None).await;
        let key = key["key"].as_str().unwrap();
        for tried in operations() {
            let answer = app.with_key(key, tried.method.clone(), &tried.path, body(&tried)).await;

            let may = match tried.access {
                Access::May(needed) => needed == *action,
                Access::Everybody | Access::SignedIn => true,
                Access::Nobody => false,
            };
            // A session is a person's.
            let is_for_people =
                tried.id.starts_with("session_") && !matches!(tried.id.as_str(), "session_create" | "session_get");
            // Its body names no such role.
            let expected = !may || (is_for_people && answer.status != 422);
            assert_eq!(is_refused(&answer), expected, "{action:?} {} {}", tried.id, answer.text);
        }
    }
}

#[tokio::test]
async fn what_has_expired_or_is_foreign_opens_nothing() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    let person = app.person("bank", Role::Owner).await;
    let gone = Person {
        cookie: person.cookie.clone(),
        csrf: person.csrf.clone(),
    };
    app.as_person(&person, Method::DELETE, "/v1/session", None).await;
    let key = app.key(&["chains:read"], None).await;
    let withdrawn = key["key"].as_str().unwrap();
    app.delete(&format!("/v1/api-keys/{}", key["id"].as_str().unwrap()))
        .await;
    // A token of another installation: well made, and signed with a key of its own.
    let other = TestApp::new().await;
    let foreign = other.key(&["chains:read"], None).await;
    let foreign = other
        .with_key(foreign["key"].as_str().unwrap(), Method::POST, "/v1/token", None)
        .await
        .json();
    let foreign = foreign["token"].as_str().unwrap();

    for tried in operations().iter().filter(|tried| tried.access != Access::Everybody) {
        let answers = [
            app.as_person(&gone, tried.method.clone(), &tried.path, body(tried))
                .await,
            app.with_key(withdrawn, tried.method.clone(), &tried.path, body(tried))
                .await,
            app.with_key(foreign, tried.method.clone(), &tried.path, body(tried))
                .await,
        ];

        for answer in answers {
            assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{}", tried.id);
        }
    }
}

/// A chain of the installation's own tenant, of which an organization of `bank` is a member when both say so.
pub async fn share_a_chain(app: &TestApp, bank: &Person) {
    let members = json!([{"organization": "treasury"}, {"organization": "teller", "namespace": "bank"}]);
    let made = app
        .post("/v1/chains", json!({"name": "ledger", "spec": {"members": members}}))
        .await;
    assert_eq!(made.status, 202, "{}", made.text);
    let time = "2026-11-21T12:00:00.000000Z";
    let status = json!({
        "observedGeneration": 1, "state": "ready",
        "conditions": [{"type": "Ready", "status": "True", "reason": "Ready", "message": "", "lastTransitionTime": time}],
        "nodes": [{"name": "peer0-treasury", "role": "peer", "organization": "treasury", "endpoint": "127.0.0.1:1"},
            {"name": "peer0-teller", "role": "peer", "organization": "teller", "endpoint": "127.0.0.1:2"}],
        "channels": [{"name": "main", "members": ["treasury", "teller"], "orderers": [], "state": "ready"}],
    });
    app.report("ledger", status).await;
    let organization = json!({"name": "teller", "spec": {}});
    app.as_person(bank, Method::POST, "/v1/organizations", Some(organization))
        .await;
}

/// The bank's own part in it.
pub async fn take_part(app: &TestApp, bank: &Person) {
    let spec = json!({"chain": "ledger", "chainNamespace": "default", "organization": "teller"});
    let member = json!({"name": "in-ledger", "spec": spec});
    let made = app.as_person(bank, Method::POST, "/v1/members", Some(member)).await;
    assert_eq!(made.status, 202, "{}", made.text);
    let nodes =
        json!([{"name": "peer0-teller", "role": "peer", "organization": "teller", "endpoint": "127.0.0.1:2"}]);
    app.registry
        .put_status::<Member>(&Scope::namespace("bank"), "in-ledger", &json!({"nodes": nodes}))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_chain_of_another_tenant_is_read_when_it_is_shared_and_never_changed() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    let bank = app.person("bank", Role::Owner).await;
    share_a_chain(&app, &bank).await;
    let of_a_chain: Vec<Tried> = operations()
        .into_iter()
        .filter(|tried| tried.path.starts_with("/v1/chains/no-"))
        .map(|tried| Tried {
            path: tried
                .path
                .replacen("no-name", "ledger.default", 1)
                .replacen("no-chain", "ledger.default", 1),
            ..tried
        })
        .collect();
    let ask = async |tried: &Tried| {
        let is_put = tried.id == "chain_put";
        let body = body(tried).map(|empty| {
            if is_put {
                json!({"spec": {"members": []}})
            } else {
                empty
            }
        });
        app.as_person(&bank, tried.method.clone(), &tried.path, body).await
    };
    let is_unknown = |answer: &Answer| answer.status == 404 && answer.text.contains("There is no chain");

    // The chain names it; it has not agreed yet.
    for tried in of_a_chain.iter().filter(|tried| tried.id != "chain_put") {
        let answer = ask(tried).await;
        let refused_before = matches!(answer.status.as_u16(), 400 | 422);
        assert!(is_unknown(&answer) || refused_before, "{} {}", tried.id, answer.text);
    }
    take_part(&app, &bank).await;
    for tried in &of_a_chain {
        let answer = ask(tried).await;
        assert!(!is_unknown(&answer), "{} {}", tried.id, answer.text);
        let changes_it = matches!(tried.access, Access::May(Action::WriteChains | Action::DeleteChains));
        assert_eq!(
            is_refused(&answer),
            changes_it || tried.id == "chain_deletable",
            "{} {}",
            tried.id,
            answer.text
        );
    }
}

#[tokio::test]
async fn each_tenant_of_a_shared_chain_sees_its_own_nodes() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    let bank = app.person("bank", Role::Owner).await;
    share_a_chain(&app, &bank).await;
    take_part(&app, &bank).await;
    let names = |list: &Answer| -> Vec<String> {
        let list = list.json()["items"].as_array().unwrap().clone();
        list.iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };

    let chains = app.as_person(&bank, Method::GET, "/v1/chains", None).await;
    let theirs = app
        .as_person(&bank, Method::GET, "/v1/chains/ledger.default/nodes", None)
        .await;
    let own = app.get("/v1/chains/ledger/nodes").await;
    let whole = app.get("/v1/chains/ledger").await.json();
    let change = app
        .as_person(
            &bank,
            Method::PATCH,
            "/v1/chains/ledger.default",
            Some(json!({"spec": {}})),
        )
        .await;

    assert_eq!(
        (names(&chains), &chains.json()["items"][0]["owner"]),
        (vec!["ledger.default".to_owned()], &json!("default"))
    );
    assert_eq!(
        (names(&theirs), names(&own)),
        (vec!["peer0-teller".to_owned()], vec!["peer0-treasury".to_owned()])
    );
    let of_status = whole["status"]["nodes"].as_array().unwrap().iter();
    assert_eq!(
        of_status.map(|node| &node["name"]).collect::<Vec<_>>(),
        ["peer0-treasury"]
    );
    assert_eq!(
        change.json()["hint"],
        "It can be changed there, by these roles: owner, admin, operator. Your own part in it is your Member."
    );
}

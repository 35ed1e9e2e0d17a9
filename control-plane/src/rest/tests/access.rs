//! People come in, and reach what is theirs.

use axum::http::{Method, StatusCode};
use entente_api::Tenant;
use entente_api::time::Time;
use entente_operator::registry::Scope;
use serde_json::json;

use super::callers::PASSWORD;
use super::{Answer, TestApp, ledger};
use crate::access::{Action, Role, second_factor};

#[tokio::test]
async fn somebody_who_was_invited_signs_in_and_works_in_their_tenant() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    let owner = app.person("bank", Role::Owner).await;

    let me = app.as_person(&owner, Method::GET, "/v1/session", None).await.json();
    let made = app.as_person(&owner, Method::POST, "/v1/chains", Some(ledger())).await;
    let out = app.as_person(&owner, Method::DELETE, "/v1/session", None).await;
    let after = app.as_person(&owner, Method::GET, "/v1/session", None).await;

    assert_eq!(
        (&me["name"], &me["tenant"], &me["role"], &me["platformOperator"]),
        (
            &json!("owner@bank.example"),
            &json!("bank"),
            &json!("owner"),
            &json!(false)
        )
    );
    assert_eq!(made.status, StatusCode::ACCEPTED, "{}", made.text);
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert_eq!(after.problem(), (401, "unauthenticated".to_owned()));
    // The chain is the tenant's, and nobody else's.
    assert_eq!(
        app.get("/v1/chains/ledger").await.problem(),
        (404, "not_found".to_owned())
    );
}

#[tokio::test]
async fn another_tenants_things_are_as_if_they_did_not_exist() {
    let app = TestApp::new().await;
    for tenant in ["bank", "rival"] {
        app.tenant_named(tenant).await;
    }
    let (bank, rival) = (
        app.person("bank", Role::Owner).await,
        app.person("rival", Role::Owner).await,
    );
    let made = app
        .as_person(&bank, Method::POST, "/v1/chains", Some(ledger()))
        .await
        .json();
    let operation = made["operation"]["id"].as_str().unwrap();
    let key = json!({"name": "job", "scopes": ["chains:read"], "validDays": 1});
    let key = app
        .as_person(&bank, Method::POST, "/v1/api-keys", Some(key))
        .await
        .json();
    let users = app.as_person(&bank, Method::GET, "/v1/users", None).await.json();

    for path in [
        "/v1/chains/ledger".to_owned(),
        "/v1/chains/ledger/nodes".to_owned(),
        "/v1/chains/ledger/connection-profile?organization=bank".to_owned(),
        format!("/v1/operations/{operation}"),
        format!("/v1/api-keys/{}", key["id"].as_str().unwrap()),
        format!("/v1/users/{}", users["items"][0]["id"].as_str().unwrap()),
    ] {
        let own = app.as_person(&bank, Method::GET, &path, None).await;
        let foreign = app.as_person(&rival, Method::GET, &path, None).await;
        let absent = path.replace("ledger", "nothing");
        let nothing = app.as_person(&rival, Method::GET, &absent, None).await;

        assert_ne!(own.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(foreign.problem(), (404, "not_found".to_owned()), "{path}");
        let words = |answer: &Answer| answer.json()["detail"].as_str().unwrap().replace("nothing", "ledger");
        assert_eq!(words(&foreign), words(&nothing), "{path}");
    }
    let lists = ["/v1/chains", "/v1/operations", "/v1/api-keys", "/v1/invitations"];
    for path in lists {
        let seen = app.as_person(&rival, Method::GET, path, None).await.json();
        assert_eq!(seen["items"], json!([]), "{path}");
    }
    let switched = app
        .as_person(
            &rival,
            Method::POST,
            "/v1/session:switch",
            Some(json!({"tenant": "bank"})),
        )
        .await;
    assert_eq!(switched.problem(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing_with_the_cookie_alone() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    let owner = app.person("bank", Role::Owner).await;

    let cookie = [("cookie", owner.cookie.as_str())];
    let read = app.anonymous(Method::GET, "/v1/chains", &cookie, None).await;
    let written = app.anonymous(Method::POST, "/v1/chains", &cookie, Some(ledger())).await;

    assert_eq!(read.status, StatusCode::OK);
    assert_eq!(written.problem(), (403, "csrf_token_required".to_owned()));
}

#[tokio::test]
async fn who_guesses_has_to_wait_whether_or_not_there_is_an_account() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    app.person("bank", Role::Owner).await;

    for email in ["owner@bank.example", "nobody@bank.example"] {
        for _ in 0..5 {
            let answer = app.sign_in(email, "wrong wrong wrong", None).await;
            assert_eq!(answer.problem(), (401, "sign_in_failed".to_owned()));
            assert_eq!(answer.json()["detail"], "E-mail address or password is wrong.");
        }
        let locked = app.sign_in(email, PASSWORD, None).await;

        assert_eq!(locked.problem(), (429, "sign_in_locked".to_owned()));
        assert!(locked.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() <= 16);
    }
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_each_code_is_good_once() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    let owner = app.person("bank", Role::Owner).await;
    let begun = Some(json!({"password": PASSWORD}));
    let begun = app
        .as_person(&owner, Method::POST, "/v1/session:beginTotp", begun)
        .await
        .json();
    let secret = begun["secret"].as_str().unwrap();
    // The code of the period before is taken, and leaves the one of now for the sign-in.
    let now = u64::try_from(Time::now().get().timestamp()).unwrap();
    let first = Some(json!({"code": second_factor::code(secret, now - 30).unwrap()}));
    let codes = app
        .as_person(&owner, Method::POST, "/v1/session:confirmTotp", first)
        .await
        .json();

    let without = app.sign_in("owner@bank.example", PASSWORD, None).await;
    let code = second_factor::code(secret, now).unwrap();
    let with = app.sign_in("owner@bank.example", PASSWORD, Some(&code)).await;
    let again = app.sign_in("owner@bank.example", PASSWORD, Some(&code)).await;
    let recovery = codes["recoveryCodes"][0].as_str().unwrap();
    let recovered = app.sign_in("owner@bank.example", PASSWORD, Some(recovery)).await;
    let twice = app.sign_in("owner@bank.example", PASSWORD, Some(recovery)).await;

    assert_eq!(without.problem(), (401, "second_factor_required".to_owned()));
    assert_eq!(with.status, StatusCode::OK, "{}", with.text);
    assert_eq!(again.problem(), (401, "sign_in_failed".to_owned()));
    assert_eq!(recovered.status, StatusCode::OK, "{}", recovered.text);
    assert_eq!(twice.problem(), (401, "sign_in_failed".to_owned()));
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    let here = app.person("bank", Role::Owner).await;
    let elsewhere = app.signed_in("owner@bank.example", PASSWORD).await;
    let change = |new: &str| Some(json!({"current": PASSWORD, "new": new}));

    let path = "/v1/session:changePassword";
    let weak = app.as_person(&here, Method::POST, path, change("short")).await;
    let changed = app
        .as_person(&here, Method::POST, path, change("another staple entirely"))
        .await;
    let other = app.as_person(&elsewhere, Method::GET, "/v1/session", None).await;
    let this = app.as_person(&here, Method::GET, "/v1/session", None).await;
    let old = app.sign_in("owner@bank.example", PASSWORD, None).await;

    assert_eq!(weak.json()["errors"][0]["detail"], "must have at least 12 characters");
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.text);
    assert_eq!((other.status.as_u16(), this.status.as_u16()), (401, 200));
    assert_eq!(old.problem(), (401, "sign_in_failed".to_owned()));
}

#[tokio::test]
async fn an_invitation_is_good_for_one_and_for_its_address() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    let path = "/v1/admin/tenants/bank/invitations";
    let invited = app
        .post(path, json!({"email": "li@bank.example", "role": "developer"}))
        .await
        .json();
    let accept = async |email: &str| {
        let body = json!({"token": invited["token"], "email": email, "password": PASSWORD});
        app.anonymous(Method::POST, "/v1/invitations:accept", &[], Some(body))
            .await
    };

    let other = accept("wang@bank.example").await;
    let right = accept("Li@bank.example").await;
    let again = accept("li@bank.example").await;

    assert_eq!(other.problem(), (410, "invitation_invalid".to_owned()));
    assert_eq!(
        right.json(),
        json!({"tenant": "bank", "role": "developer", "email": "li@bank.example"})
    );
    assert_eq!(again.problem(), (410, "invitation_invalid".to_owned()));
}

#[tokio::test]
async fn one_person_works_in_several_tenants() {
    let app = TestApp::new().await;
    for tenant in ["bank", "bureau"] {
        app.tenant_named(tenant).await;
    }
    let person = app.person("bank", Role::Owner).await;
    let invited = app
        .post("/v1/admin/tenants/bureau/invitations", json!({"role": "auditor"}))
        .await
        .json();
    let token = Some(json!({"token": invited["token"]}));
    let joined = app
        .as_person(&person, Method::POST, "/v1/invitations:accept", token)
        .await;
    assert_eq!(joined.status, StatusCode::OK, "{}", joined.text);

    let chosen = Some(json!({"tenant": "bureau"}));
    let switched = app
        .as_person(&person, Method::POST, "/v1/session:switch", chosen)
        .await
        .json();
    let written = app.as_person(&person, Method::POST, "/v1/chains", Some(ledger())).await;
    let headers = [
        ("cookie", person.cookie.as_str()),
        ("x-csrf-token", &person.csrf),
        ("entente-tenant", "bank"),
    ];
    let elsewhere = app
        .anonymous(Method::POST, "/v1/chains", &headers, Some(ledger()))
        .await;

    assert_eq!(
        (&switched["tenant"], &switched["role"]),
        (&json!("bureau"), &json!("auditor"))
    );
    assert_eq!(
        written.json()["detail"],
        "The role auditor does not include chains:write."
    );
    assert_eq!(elsewhere.status, StatusCode::ACCEPTED, "{}", elsewhere.text);
}

#[tokio::test]
async fn the_last_owner_stays_and_an_admin_makes_no_owners() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    let (owner, admin) = (
        app.person("bank", Role::Owner).await,
        app.person("bank", Role::Admin).await,
    );
    let users = app.as_person(&owner, Method::GET, "/v1/users", None).await.json();
    let path = |index: usize| format!("/v1/users/{}", users["items"][index]["id"].as_str().unwrap());
    let (of_admin, of_owner) = (path(0), path(1));

    let leaving = app.as_person(&owner, Method::DELETE, &of_owner, None).await;
    let demoted = app
        .as_person(&owner, Method::PATCH, &of_owner, Some(json!({"role": "auditor"})))
        .await;
    let grabbed = app
        .as_person(&admin, Method::PATCH, &of_admin, Some(json!({"role": "owner"})))
        .await;
    let given = app
        .as_person(&owner, Method::PATCH, &of_admin, Some(json!({"role": "owner"})))
        .await;
    let left = app.as_person(&owner, Method::DELETE, &of_owner, None).await;

    assert_eq!(leaving.problem(), (409, "last_owner".to_owned()));
    assert_eq!(demoted.problem(), (409, "last_owner".to_owned()));
    assert_eq!(grabbed.problem(), (403, "forbidden".to_owned()));
    assert_eq!(given.json()["role"], "owner");
    assert_eq!(left.status, StatusCode::NO_CONTENT);
    assert_eq!(
        app.as_person(&owner, Method::GET, "/v1/chains", None).await.problem(),
        (403, "forbidden".to_owned())
    );
}

#[tokio::test]
async fn nobody_of_a_suspended_tenant_gets_in() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    let owner = app.person("bank", Role::Owner).await;
    let key = json!({"name": "job", "scopes": ["chains:read"], "validDays": 1});
    let key = app
        .as_person(&owner, Method::POST, "/v1/api-keys", Some(key))
        .await
        .json();
    let suspend = async |suspended: bool, generation: i64| {
        let body = json!({"spec": {"suspended": suspended}});
        let answer = app.patch("/v1/admin/tenants/bank", body).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
        let status = super::ready(generation);
        app.registry
            .put_status::<Tenant>(&Scope::All, "bank", &status)
            .await
            .unwrap();
    };
    suspend(true, 2).await;

    let person = app.as_person(&owner, Method::GET, "/v1/chains", None).await;
    let program = app
        .with_key(key["key"].as_str().unwrap(), Method::GET, "/v1/chains", None)
        .await;
    suspend(false, 3).await;
    let back = app.as_person(&owner, Method::GET, "/v1/chains", None).await;

    assert_eq!(person.problem(), (403, "tenant_suspended".to_owned()));
    assert_eq!(program.problem(), (403, "tenant_suspended".to_owned()));
    assert_eq!(back.status, StatusCode::OK);
}

#[tokio::test]
async fn who_may_do_something_is_told_by_their_session() {
    let app = TestApp::new().await;
    app.tenant_named("bank").await;
    for role in Role::ALL {
        let person = app.person("bank", role).await;

        let me = app.as_person(&person, Method::GET, "/v1/session", None).await.json();

        let allowed = Action::ALL.iter().filter(|action| action.roles().contains(&role));
        let allowed: Vec<&str> = allowed.map(|action| action.scope()).collect();
        assert_eq!(me["scopes"], json!(allowed), "{role:?}");
    }
}

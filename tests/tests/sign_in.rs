//! People sign in at an OpenID provider: a real one, a real authorization code flow, the platform's own process.

use std::time::Duration;

use entente_tests::openid::{Browser, Page, Provider};
use entente_tests::platform::Platform;
use entente_tests::wait;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const SECRET: &str = "a secret: with + and %";
const PATIENCE: Duration = Duration::from_secs(60);

struct Scene {
    provider: Provider,
    platform: Platform,
    _secret: tempfile::NamedTempFile,
}

impl Scene {
    /// A platform that knows a provider, which does not run yet.
    async fn new() -> Scene {
        let provider = Provider::new().expect("a free port");
        let secret = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(secret.path(), format!("{SECRET}\n")).expect("the secret is written");
        let platform = Platform::start_with(&[
            ("ENTENTE_OIDC_ISSUER", &provider.issuer()),
            ("ENTENTE_OIDC_CLIENT_ID", "entente"),
            (
                "ENTENTE_OIDC_CLIENT_SECRET_FILE",
                secret.path().to_str().expect("UTF-8"),
            ),
            ("ENTENTE_OIDC_NAME", "Bank of Hebei"),
            ("ENTENTE_OIDC_ADMIT", "mapped"),
            ("ENTENTE_OIDC_ROLES", "heads=default:auditor"),
        ])
        .await
        .expect("the platform starts");
        Scene {
            provider,
            platform,
            _secret: secret,
        }
    }

    async fn start_provider(&mut self) {
        let redirect = format!("{}/v1/sign-in/oidc/callback", self.platform.url());
        self.provider
            .start(&redirect, SECRET)
            .await
            .expect("the provider starts");
    }

    /// Signs in somebody who is invited, or is not.
    async fn arrive(&self, browser: &mut Browser, login: &str) -> Page {
        let back = browser.sign_in(&self.platform.url(), login).await.expect("a way back");
        browser.get(&back).await.expect("an answer")
    }

    async fn session(&self, browser: &mut Browser) -> Page {
        browser
            .get(&format!("{}/v1/session", self.platform.url()))
            .await
            .expect("an answer")
    }

    async fn invite(&self, email: &str) {
        let body = json!({"email": email, "role": "operator"});
        self.platform
            .call(Method::POST, "/v1/invitations", Some(body))
            .await
            .expect("an invitation");
    }
}

fn json(page: &Page) -> Value {
    serde_json::from_str(&page.text).unwrap_or_else(|error| panic!("{error}: {}", page.text))
}

#[tokio::test]
async fn people_sign_in_at_their_provider_and_work_in_their_tenant() {
    let mut scene = Scene::new().await;
    let (url, mut browser) = (scene.platform.url(), Browser::default());

    // The platform runs without its provider, and says when to try again.
    let down = browser.get(&format!("{url}/v1/sign-in/oidc")).await.expect("an answer");
    assert_eq!(down.problem(), (503, "sign_in_unavailable".to_owned()), "{}", down.text);
    assert_eq!(down.headers["retry-after"], "10");
    scene.start_provider().await;

    let ways = browser.get(&format!("{url}/v1/sign-in")).await.expect("an answer");
    assert_eq!(
        json(&ways),
        json!({"password": true, "oidc": {"name": "Bank of Hebei", "url": "/v1/sign-in/oidc"}})
    );
    let stranger = scene.arrive(&mut browser, "li@bank.example").await;
    assert_eq!(
        stranger.problem(),
        (403, "sign_in_not_admitted".to_owned()),
        "{}",
        stranger.text
    );

    scene.invite("li@bank.example").await;
    let arrived = scene.arrive(&mut browser, "li@bank.example").await;
    assert_eq!(arrived.status, StatusCode::OK, "{}", arrived.text);
    assert!(arrived.text.contains("url=/v1/session\""), "{}", arrived.text);
    let session = json(&scene.session(&mut browser).await);
    assert_eq!(
        (&session["name"], &session["tenant"], &session["role"]),
        (&json!("li@bank.example"), &json!("default"), &json!("operator"))
    );

    // It is the session that a password would have begun: changes take its token, and it ends everywhere.
    let everywhere = format!("{url}/v1/session:signOutEverywhere");
    let forged = browser
        .send(Method::POST, &everywhere, &[], "")
        .await
        .expect("an answer");
    assert_eq!(forged.problem(), (403, "csrf_token_required".to_owned()));
    let token = [("x-csrf-token", session["csrfToken"].as_str().expect("a token"))];
    let out = browser
        .send(Method::POST, &everywhere, &token, "")
        .await
        .expect("an answer");
    assert_eq!(out.status, StatusCode::NO_CONTENT, "{}", out.text);
    assert_eq!(scene.session(&mut browser).await.problem().0, 401);

    // A claim makes an auditor of whoever it names.
    let mut head = Browser::default();
    let arrived = scene.arrive(&mut head, "head@bank.example").await;
    assert_eq!(arrived.status, StatusCode::OK, "{}", arrived.text);
    assert_eq!(json(&scene.session(&mut head).await)["role"], "auditor");
}

#[tokio::test]
async fn an_answer_that_is_not_the_providers_to_this_browser_opens_nothing() {
    let mut scene = Scene::new().await;
    scene.start_provider().await;
    scene.invite("li@bank.example").await;
    let url = scene.platform.url();
    let mut li = Browser::default();
    let failed = (401, "sign_in_failed".to_owned());

    let unverified = scene.arrive(&mut Browser::default(), "li@unverified.example").await;
    assert_eq!(
        unverified.problem(),
        (403, "sign_in_not_admitted".to_owned()),
        "{}",
        unverified.text
    );

    let back = li.sign_in(&url, "li@bank.example").await.expect("a way back");
    let elsewhere = Browser::default().get(&back).await.expect("an answer");
    assert_eq!(elsewhere.problem(), failed, "another browser: {}", elsewhere.text);
    let state = parameter(&back, "state");
    let forged = li.get(&back.replace(&state, "forged")).await.expect("an answer");
    assert_eq!(forged.problem(), failed, "another state: {}", forged.text);

    // The code of one sign-in, brought as the answer to another one.
    let mut thief = Browser::default();
    let begun = thief.sign_in(&url, "wang@bank.example").await.expect("a way back");
    let injected = begun.replace(&parameter(&begun, "code"), &parameter(&back, "code"));
    let injected = thief.get(&injected).await.expect("an answer");
    assert_eq!(injected.problem(), failed, "another's code: {}", injected.text);
    assert!(injected.text.contains("invalid_grant"), "{}", injected.text);

    let mut mixed = Browser::default();
    let back = mixed.sign_in(&url, "li@bank.example").await.expect("a way back");
    let issuer = parameter(&back, "iss");
    let foreign = mixed
        .get(&back.replace(&issuer, "https%3A%2F%2Fid.evil"))
        .await
        .expect("an answer");
    assert_eq!(foreign.problem(), failed, "another issuer: {}", foreign.text);

    let back = li.sign_in(&url, "li@bank.example").await.expect("a way back");
    assert_eq!(li.get(&back).await.expect("an answer").status, StatusCode::OK);
    let replayed = li.get(&back).await.expect("an answer");
    assert_eq!(replayed.problem(), failed, "the same answer again: {}", replayed.text);
}

#[tokio::test]
async fn a_provider_changes_its_keys_and_a_tenant_its_mind() {
    let mut scene = Scene::new().await;
    scene.start_provider().await;
    scene.invite("li@bank.example").await;
    let mut browser = Browser::default();
    let arrived = scene.arrive(&mut browser, "li@bank.example").await;
    assert_eq!(arrived.status, StatusCode::OK, "{}", arrived.text);

    scene.start_provider().await;
    wait::until("a token of the new keys to be believed", PATIENCE, async || {
        let arrived = scene.arrive(&mut Browser::default(), "li@bank.example").await;
        (arrived.status == StatusCode::OK).then_some(())
    })
    .await;

    let users = scene.platform.get("/v1/users").await.expect("users");
    let mut users = users["items"].as_array().expect("users").iter();
    let li = users.find(|user| user["email"] == "li@bank.example").expect("Li");
    let path = format!("/v1/users/{}", li["id"].as_str().expect("an id"));
    let suspended = scene
        .platform
        .call(Method::PATCH, &path, Some(json!({"suspended": true})))
        .await
        .expect("a change");
    assert_eq!(
        (&suspended["suspended"], &suspended["role"]),
        (&json!(true), &json!("operator"))
    );
    let kept_out = scene.arrive(&mut Browser::default(), "li@bank.example").await;
    assert_eq!(
        kept_out.problem(),
        (403, "user_suspended".to_owned()),
        "{}",
        kept_out.text
    );
    let chains = browser
        .get(&format!("{}/v1/chains", scene.platform.url()))
        .await
        .expect("an answer");
    assert_eq!(chains.problem(), (403, "forbidden".to_owned()), "{}", chains.text);
}

/// A parameter of an address, as it stands there.
fn parameter(url: &str, name: &str) -> String {
    let query = url.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    found.unwrap_or_else(|| panic!("no {name} in {url}")).to_owned()
}

//! Signing in from the command line: the proof is kept, used, and given back.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Output, Stdio};

use entente_tests::executables;
use entente_tests::platform::{Platform, http_client};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use totp_rs::{Builder, Secret, Totp};

const PASSWORD: &str = "correct horse battery staple";

/// Runs a command in a folder where no platform is known, with profiles of its own.
async fn entente(platform: &Platform, args: &[&str], token: Option<&str>, input: &str) -> Output {
    let mut command = Command::new(executables::entente("entente"));
    command
        .args(args)
        .current_dir(platform.scratch())
        .env("XDG_CONFIG_HOME", platform.scratch().join("config"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(token) = token {
        command.env("ENTENTE_TOKEN", token);
    }
    let mut running = command.spawn().expect("entente starts");
    let mut stdin = running.stdin.take().expect("it is piped");
    // A command that reads nothing may have ended already.
    stdin.write_all(input.as_bytes()).await.ok();
    drop(stdin);
    running.wait_with_output().await.expect("entente ends")
}

fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn who_has_signed_in_works_with_the_platform_until_they_sign_out() {
    let platform = Platform::start().await.expect("the platform starts");
    let invited = platform
        .call(reqwest::Method::POST, "/v1/invitations", Some(json!({"role": "owner"})))
        .await
        .expect("an invitation");
    let accepted = json!({
        "token": invited["token"], "email": "li@bank.example", "password": PASSWORD, "displayName": "Li Wei",
    });
    // Whoever is invited is nobody yet.
    let account = http_client()
        .post(format!("{}/v1/invitations:accept", platform.url()))
        .json(&accepted)
        .send()
        .await
        .expect("an answer");
    assert_eq!(account.status(), 200);
    let (url, token) = (platform.url(), platform.token().expect("a token"));

    let user = [
        "login",
        "--server",
        &url,
        "--profile",
        "li",
        "--email",
        "li@bank.example",
        "--password-stdin",
    ];
    succeeded(&entente(&platform, &user, None, &format!("{PASSWORD}\n")).await);
    let key = ["login", "--server", &url, "--profile", "job"];
    succeeded(&entente(&platform, &key, Some(&token), "").await);

    let listed = succeeded(&entente(&platform, &["profiles"], None, "").await);
    assert_eq!(
        listed,
        format!("* job\t{url}\tthe installation's token\n  li\t{url}\tli@bank.example\n")
    );
    let file = platform.scratch().join("config/entente/profiles.json");
    let mode = std::fs::metadata(file).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    succeeded(&entente(&platform, &["get", "chains"], None, "").await);
    succeeded(&entente(&platform, &["get", "chains", "--profile", "li"], None, "").await);

    succeeded(&entente(&platform, &["logout", "--profile", "li"], None, "").await);

    let gone = entente(&platform, &["get", "chains", "--profile", "li"], None, "").await;
    assert_eq!(gone.status.code(), Some(2), "{}", String::from_utf8_lossy(&gone.stderr));
    let wrong = entente(&platform, &user, None, "another\n").await;
    assert_eq!(
        wrong.status.code(),
        Some(7),
        "{}",
        String::from_utf8_lossy(&wrong.stderr)
    );
}

/// Gives a user a second factor, as an authenticator application would; gives its secret.
async fn second_factor(url: &str, email: &str) -> Totp {
    let http = http_client();
    let session = json!({"email": email, "password": PASSWORD});
    let answer = http.post(format!("{url}/v1/session")).json(&session).send().await;
    let answer = answer.expect("a session").error_for_status().expect("a session");
    let cookie = answer.headers()["set-cookie"].to_str().expect("ASCII");
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let session: Value = answer.json().await.expect("JSON");
    let csrf = session["csrfToken"].as_str().expect("a token").to_owned();
    let post = async |verb: &str, body: Value| -> Value {
        let request = http.post(format!("{url}/v1/session:{verb}"));
        let request = request.header("cookie", &cookie).header("x-csrf-token", &csrf);
        let answer = request.json(&body).send().await.expect("an answer");
        answer.error_for_status().expect("done").json().await.expect("JSON")
    };
    let begun = post("beginTotp", json!({"password": PASSWORD})).await;
    let secret = Secret::try_from_base32(begun["secret"].as_str().expect("a secret")).expect("base 32");
    let totp = Builder::new()
        .with_secret(secret)
        .with_skew(1)
        .build()
        .expect("a generator");
    let code = totp.generate(now()).to_string();
    post("confirmTotp", json!({"code": code})).await;
    totp
}

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}

#[tokio::test]
async fn who_has_a_second_factor_signs_in_with_its_code_alone() {
    let platform = Platform::start().await.expect("the platform starts");
    let url = platform.url();
    let email = "wang@bank.example";
    let invited = platform
        .call(
            reqwest::Method::POST,
            "/v1/invitations",
            Some(json!({"role": "auditor"})),
        )
        .await
        .expect("an invitation");
    let accepted = json!({
        "token": invited["token"], "email": email, "password": PASSWORD, "displayName": "Wang Fang",
    });
    let account = http_client()
        .post(format!("{url}/v1/invitations:accept"))
        .json(&accepted)
        .send()
        .await
        .expect("an answer");
    assert_eq!(account.status(), 200);
    let totp = second_factor(&url, email).await;
    let login = [
        "login",
        "--server",
        &url,
        "--profile",
        "wang",
        "--email",
        email,
        "--password-stdin",
    ];
    // Of the next period, which clocks that differ may be in already: one of this period has been used.
    let code = totp.generate(now() + 30).to_string();

    let without = entente(&platform, &login, None, &format!("{PASSWORD}\n")).await;
    let wrong = [&login[..], &["--code", "000000"]].concat();
    let wrong = entente(&platform, &wrong, None, &format!("{PASSWORD}\n")).await;
    let right = [&login[..], &["--code", &code]].concat();
    let right_one = entente(&platform, &right, None, &format!("{PASSWORD}\n")).await;
    let again = entente(&platform, &right, None, &format!("{PASSWORD}\n")).await;

    let failed = |output: &Output| {
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(failed(&without).contains("second factor"), "{}", failed(&without));
    failed(&wrong);
    succeeded(&right_one);
    failed(&again);
    succeeded(&entente(&platform, &["get", "chains", "--profile", "wang"], None, "").await);
}

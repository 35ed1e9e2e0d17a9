//! Signing in from the command line: the proof is kept, used, and given back.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Output, Stdio};

use entente_tests::executables;
use entente_tests::platform::{Platform, http_client};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

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

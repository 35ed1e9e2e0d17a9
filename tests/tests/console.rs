//! The web console, in a real browser against the platform's own process. What is tested is in `web-console/tests`.

use std::path::Path;

use entente_tests::executables;
use entente_tests::skip::skip;
use tokio::process::Command;

/// One file of `web-console/tests`; fails with its report.
async fn passes(file: &str) {
    let found = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];
    if std::env::var_os("ENTENTE_CHROMIUM").is_none() && !found.iter().any(|path| Path::new(path).exists()) {
        skip(file, "no Chromium (apt-get install chromium, or set ENTENTE_CHROMIUM)");
        return;
    }
    let console = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web-console");
    let built = console.join("node_modules").is_dir() && console.join("dist/app/index.html").is_file();
    assert!(
        built,
        "the console is not built: run `web-console/build`, as `make test` does"
    );
    let report = Command::new(console.join("node_modules/.bin/vitest"))
        .args(["run", "--config", "vitest.browser.config.ts", file])
        .current_dir(&console)
        .env("ENTENTE_BIN", executables::entente("entente"))
        .env("NO_COLOR", "1")
        .kill_on_drop(true)
        .output()
        .await
        .expect("vitest starts");

    assert!(
        report.status.success(),
        "{file} failed:\n{}{}",
        String::from_utf8_lossy(&report.stdout),
        String::from_utf8_lossy(&report.stderr)
    );
}

#[tokio::test]
async fn the_console_is_served_with_a_strict_policy() {
    passes("served.test.ts").await;
}

#[tokio::test]
async fn people_sign_in_at_the_console() {
    passes("signIn.test.ts").await;
}

#[tokio::test]
async fn every_screen_is_readable() {
    passes("screens.test.ts").await;
}

#[tokio::test]
async fn a_chain_is_watched_while_it_is_made() {
    passes("operation.test.ts").await;
}

#[tokio::test]
async fn a_newcomer_finds_their_first_transaction() {
    passes("newcomer.test.ts").await;
}

#[tokio::test]
async fn people_protect_their_accounts() {
    passes("account.test.ts").await;
}

#[tokio::test]
async fn a_transaction_is_found_and_explained() {
    passes("explorer.test.ts").await;
}

#[tokio::test]
async fn programs_are_told_by_webhooks_of_the_console() {
    passes("webhooks.test.ts").await;
}

#[tokio::test]
async fn people_see_what_is_theirs_and_what_their_role_allows() {
    passes("access.test.ts").await;
}

#[tokio::test]
async fn long_lists_are_read_in_a_small_document() {
    passes("large.test.ts").await;
}

#[tokio::test]
async fn programs_that_the_console_shows_run_as_they_are() {
    passes("connect.test.ts").await;
}

#[tokio::test]
async fn people_come_in_by_an_openid_provider() {
    passes("openid.test.ts").await;
}

#[tokio::test]
async fn operators_run_the_platform_from_the_console() {
    passes("admin.test.ts").await;
}

#[tokio::test]
async fn a_chains_page_gathers_what_is_its_own() {
    passes("chain.test.ts").await;
}

#[tokio::test]
async fn people_deploy_and_upgrade_contracts_from_packages() {
    passes("contracts.test.ts").await;
}

#[tokio::test]
async fn a_screen_that_is_not_simply_there_says_why() {
    passes("states.test.ts").await;
}

#[tokio::test]
async fn the_whole_way_is_gone_by_the_keyboard() {
    passes("keyboard.test.ts").await;
}

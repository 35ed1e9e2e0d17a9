//! The commands of the documentation, as readers run them: in one shell, on a platform of their own.

use std::os::unix::fs::symlink;
use std::process::Stdio;
use std::time::Duration;

use entente_tests::platform::Platform;
use tokio::process::Command;

const PATIENCE: Duration = Duration::from_secs(180);

/// The blocks of a page that are for the shell, in their order.
fn commands(page: &str) -> String {
    let mut blocks = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("```sh\n") {
        let (block, after) = after.split_once("```").expect("a block that begins ends");
        blocks.push(block);
        rest = after;
    }
    blocks.concat()
}

#[tokio::test]
async fn two_tenants_come_to_a_shared_chain_by_the_documented_commands() {
    let platform = Platform::start_with(&[("ENTENTE_REQUIRE_REAL_NAMES", "true")])
        .await
        .expect("the platform starts");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/two-tenants.md");
    let page = std::fs::read_to_string(file).expect("the page is there");
    let folder = platform.scratch().join("reader");
    std::fs::create_dir(&folder).expect("a folder of the reader's");
    symlink(platform.data(), folder.join(".entente")).expect("the platform was started here");
    let script = commands(&page).replace("http://127.0.0.1:7420", &platform.url());

    let run = Command::new("bash")
        .args(["-c", &format!("set -o pipefail\n{script}")])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let run = tokio::time::timeout(PATIENCE, run).await;
    let run = run.expect("the commands end").expect("bash runs");

    let (out, err) = (
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr),
    );
    let lines: Vec<&str> = out.lines().collect();
    for expected in ["not_found", "VALID", "bank-of-hebei"] {
        assert!(
            lines.contains(&expected),
            "no {expected}:\n{out}\n{err}\n{}",
            platform.log()
        );
    }
    let kept = |name: &str| std::fs::read_to_string(folder.join(name)).expect("the reader has kept it");
    for identity in ["till.json", "teller.json"] {
        assert!(kept(identity).contains("PRIVATE KEY"), "{out}\n{err}");
    }
}

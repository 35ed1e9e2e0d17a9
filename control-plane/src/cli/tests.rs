//! The command line against a real API on a loopback port.

mod audit;
mod contract;
mod identity;
mod records;

use std::io::Write;
use std::sync::{Arc, Mutex};

use clap::Parser as _;
use serde_json::json;

use super::{Cli, Console, Exit};
use crate::rest::tests::{TOKEN, TestApp, ready};

/// A platform that serves on a port, and a shell to call the command line from.
struct Shell {
    app: Arc<TestApp>,
    url: String,
    folder: tempfile::TempDir,
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Buffer {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Shell {
    async fn new() -> Shell {
        // Every connection of this process needs a provider; whichever test is first installs it.
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        let app = Arc::new(TestApp::new().await);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = tower::make::Shared::new(app.service.clone());
        tokio::spawn(async move { axum::serve(listener, service).await });
        let operations = app.app.operations.clone();
        let stop = app.app.stop.clone();
        tokio::spawn(async move { operations.run(stop).await });
        Shell {
            app,
            url,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    async fn run(&self, args: &[&str]) -> (Exit, String, String) {
        let token = self.file("token", TOKEN);
        let server = ["entente", "--server", &self.url, "--token-file", &token];
        run([&server[..], args].concat()).await
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// Plays the operator: the chain becomes ready as soon as it is there.
    fn operator(&self, generation: i64) -> tokio::task::JoinHandle<()> {
        let app = self.app.clone();
        let mut watch = app.registry.watch(&TestApp::scope());
        tokio::spawn(async move {
            while let Ok(Some(event)) = watch.next().await {
                if event.key.kind == "Chain" && event.object["metadata"]["generation"] == generation {
                    return app.report(&event.key.name, ready(generation)).await;
                }
            }
        })
    }
}

async fn run(args: Vec<&str>) -> (Exit, String, String) {
    let cli = Cli::try_parse_from(args).unwrap_or_else(|error| panic!("{error}"));
    let (out, err) = (Buffer::default(), Buffer::default());
    let mut console = Console::new(Box::new(out.clone()), Box::new(err.clone()));
    let exit = super::run(cli, &mut console).await;
    (exit, out.text(), err.text())
}

const CHAIN: &str = "apiVersion: entente.dev/v1alpha1\nkind: Chain\nmetadata: {name: ledger}\nspec:\n  members: [{organization: bank}]\n";

#[tokio::test]
async fn apply_creates_waits_and_shows_each_step() {
    let shell = Shell::new().await;
    let file = shell.file("chain.yaml", CHAIN);
    shell.operator(1);

    let (exit, out, err) = shell.run(&["apply", "-f", &file]).await;

    assert_eq!((exit, out.as_str()), (Exit::Success, "chain/ledger created\n"), "{err}");
    let lines: Vec<&str> = err.lines().collect();
    assert_eq!(lines[0], "     0.00 s  nodes");
    assert!(lines[1].starts_with("chain/ledger is ready after "), "{err}");
}

#[tokio::test]
async fn applying_the_same_again_changes_nothing() {
    let shell = Shell::new().await;
    let file = shell.file("chain.yaml", CHAIN);
    shell.run(&["apply", "--no-wait", "-f", &file]).await;

    let again = shell.run(&["apply", "-f", &file]).await;

    assert_eq!(
        again,
        (Exit::Success, "chain/ledger unchanged\n".to_owned(), String::new())
    );
}

#[tokio::test]
async fn a_dry_run_checks_and_changes_nothing() {
    let shell = Shell::new().await;
    let file = shell.file("chain.yaml", CHAIN);

    let dry = shell.run(&["apply", "--dry-run", "-f", &file]).await;
    let get = shell.run(&["get", "chains"]).await;

    assert_eq!(dry, (Exit::Success, "chain/ledger checked\n".to_owned(), String::new()));
    assert_eq!(get, (Exit::Success, String::new(), "There are no chains.\n".to_owned()));
}

#[tokio::test]
async fn waiting_ends_with_its_timeout() {
    let shell = Shell::new().await;
    let file = shell.file("chain.yaml", CHAIN);

    let (exit, _, err) = shell.run(&["apply", "--timeout", "50ms", "-f", &file]).await;

    assert_eq!(exit, Exit::Timeout);
    assert!(err.starts_with("error: the time is up: Chain \"ledger\" is not ready yet (0 of 0 steps done).\nhint: It goes on by itself"), "{err}");
}

#[tokio::test]
async fn get_shows_tables_names_and_what_can_be_applied_again() {
    let shell = Shell::new().await;
    let file = shell.file("chain.yaml", CHAIN);
    shell.run(&["apply", "--no-wait", "-f", &file]).await;
    shell.app.report("ledger", ready(1)).await;

    let (_, table, _) = shell.run(&["get", "chains"]).await;
    let (_, names, _) = shell.run(&["get", "bc", "-o", "name"]).await;
    let (_, yaml, _) = shell.run(&["get", "chain", "ledger", "-o", "yaml"]).await;
    let (_, nodes, _) = shell.run(&["get", "nodes"]).await;
    let (_, channels, _) = shell.run(&["get", "channels", "-c", "ledger"]).await;

    let mut lines = table.lines();
    assert_eq!(
        lines.next(),
        Some("NAME     MEMBERS   ORDERERS   CHANNELS   ENGINE   STATE   AGE")
    );
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("ledger   1         3          1          -        ready   "),
        "{table}"
    );
    assert_eq!(names, "chain/ledger\n");
    assert!(
        yaml.starts_with("apiVersion: entente.dev/v1alpha1\nkind: Chain\nmetadata:\n  name: ledger\n"),
        "{yaml}"
    );
    let again = shell.file("again.yaml", &yaml);
    assert_eq!(shell.run(&["apply", "-f", &again]).await.1, "chain/ledger unchanged\n");
    assert_eq!(
        nodes,
        "NAME         ROLE      ORGANIZATION      ENDPOINT      STATE   UP   RESTARTS\n\
         orderer0     orderer   ledger.ordering   127.0.0.1:2   ready   -    0\n\
         peer0-bank   peer      bank              127.0.0.1:1   ready   -    0\n"
    );
    assert_eq!(
        channels,
        "NAME   MEMBERS   ORDERERS   CONFIG   STATE\nmain   bank      1          0        ready\n"
    );
}

#[tokio::test]
async fn what_concerns_the_installation_is_shown_in_tables() {
    let shell = Shell::new().await;
    let tenant = json!({"name": "default", "spec": {"quotas": {"chains": 5}}});
    assert_eq!(shell.app.post("/v1/admin/tenants", tenant).await.status, 202);
    assert_eq!(
        shell.app.post("/v1/chains", crate::rest::tests::ledger()).await.status,
        202
    );
    shell.app.report("ledger", ready(1)).await;
    let words = |text: &str| -> Vec<Vec<String>> {
        let line = |line: &str| line.split_whitespace().map(str::to_owned).collect();
        text.lines().map(line).collect()
    };

    let (_, fleet, _) = shell.run(&["get", "fleet"]).await;
    let (_, usage, _) = shell.run(&["get", "usage"]).await;
    let (_, tenants, _) = shell.run(&["get", "tenants", "-o", "name"]).await;
    let (_, troubles, _) = shell.run(&["get", "troubles"]).await;
    let (_, security, _) = shell.run(&["get", "security", "-o", "wide"]).await;

    let (fleet, usage) = (words(&fleet), words(&usage));
    assert_eq!(fleet[0][..5], ["TENANT", "NAME", "STATE", "READY", "NODES"]);
    assert_eq!(fleet[1][..5], ["default", "ledger", "ready", "2", "4"]);
    assert_eq!(usage[..2], [vec!["QUOTA", "USED", "LIMIT"], vec!["chains", "1", "5"]]);
    assert_eq!(tenants, "tenant/default\n");
    assert!(troubles.contains("operatorAbsent"), "{troubles}");
    assert!(security.contains("Start it with --master-key-file"), "{security}");
}

#[tokio::test]
async fn describe_tells_everything() {
    let shell = Shell::new().await;
    let file = shell.file("chain.yaml", CHAIN);
    shell.run(&["apply", "--no-wait", "-f", &file]).await;
    shell.app.report("ledger", ready(1)).await;

    let (exit, out, _) = shell.run(&["describe", "chain", "ledger"]).await;

    assert_eq!(exit, Exit::Success);
    for part in [
        "Chain: ledger\nState: ready\n",
        "\nSpec\n  members:\n",
        "\nSteps\n  STEP",
        "\nNodes\n  NODE",
        "peer0-bank",
    ] {
        assert!(out.contains(part), "{part:?} is not in\n{out}");
    }
}

#[tokio::test]
async fn delete_waits_until_it_is_gone() {
    let shell = Shell::new().await;
    let file = shell.file("chain.yaml", CHAIN);
    shell.run(&["apply", "--no-wait", "-f", &file]).await;

    let deleted = shell.run(&["delete", "--now", "-f", &file]).await;
    shell.run(&["apply", "--no-wait", "-f", &file]).await;
    let purged = shell.run(&["delete", "chain", "ledger", "--purge"]).await;
    let again = shell.run(&["delete", "chain", "ledger"]).await;
    let ignored = shell.run(&["delete", "chain", "ledger", "--ignore-not-found"]).await;

    assert_eq!(
        deleted,
        (
            Exit::Success,
            "chain/ledger deleted; its ledgers and keys stay (deletionPolicy Retain, --purge destroys them)\n"
                .to_owned(),
            String::new()
        )
    );
    assert_eq!(
        purged,
        (Exit::Success, "chain/ledger deleted\n".to_owned(), String::new())
    );
    assert_eq!(
        again,
        (
            Exit::NotFound,
            String::new(),
            "error: There is no chain \"ledger\".\n".to_owned()
        )
    );
    assert_eq!(
        ignored,
        (Exit::Success, "chain/ledger is not there\n".to_owned(), String::new())
    );
}

#[tokio::test]
async fn logs_are_shown_and_followed() {
    let shell = Shell::new().await;
    let file = shell.file("chain.yaml", CHAIN);
    shell.run(&["apply", "--no-wait", "-f", &file]).await;
    shell.app.report("ledger", ready(1)).await;

    let shown = shell.run(&["logs", "orderer0"]).await;
    let followed = shell.run(&["logs", "ledger/orderer0", "-f"]).await;

    assert_eq!(shown, (Exit::Success, "orderer0 started\n".to_owned(), String::new()));
    assert_eq!(followed, shown);
}

#[tokio::test]
async fn failures_have_codes_that_scripts_can_use() {
    let shell = Shell::new().await;
    let wrong = shell.file("wrong.yaml", &CHAIN.replace("organization: bank", "organisation: bank"));
    let not_yaml = shell.file("not.yaml", "a: [");
    let chain = shell.file("chain.yaml", CHAIN);
    shell.run(&["apply", "--no-wait", "-f", &chain]).await;
    let changed = shell.file("changed.yaml", &(CHAIN.to_owned() + "  description: later\n"));

    let exit = async |args: &[&str]| shell.run(args).await.0;
    assert_eq!(exit(&["get", "chains", "none"]).await, Exit::NotFound);
    assert_eq!(exit(&["get", "cabbages"]).await, Exit::Usage);
    assert_eq!(exit(&["delete", "nodes", "peer0"]).await, Exit::Usage);
    assert_eq!(exit(&["apply", "-f", "/none"]).await, Exit::Usage);
    assert_eq!(exit(&["apply", "-f", &not_yaml]).await, Exit::Usage);
    assert_eq!(exit(&["apply", "-f", &wrong]).await, Exit::Invalid);
    let conflict = shell.run(&["apply", "--timeout", "1ms", "-f", &changed]).await;
    assert_eq!(conflict.0, Exit::Conflict, "{}", conflict.2);
    assert_eq!(
        exit(&["tx", "submit", "none", "evidence", "certify"]).await,
        Exit::NotFound
    );
    assert_eq!(
        exit(&["tx", "submit", "--transient", "x", "ledger", "evidence", "certify"]).await,
        Exit::Usage
    );
    assert_eq!(exit(&["chain", "connect", "ledger"]).await, Exit::Conflict);
    let token = shell.file("wrong-token", "ent_admin_wrong");
    assert_eq!(
        run(vec![
            "entente",
            "--server",
            &shell.url,
            "--token-file",
            &token,
            "get",
            "chains"
        ])
        .await
        .0,
        Exit::NotAllowed
    );
    assert_eq!(
        run(vec![
            "entente",
            "--server",
            "http://127.0.0.1:1",
            "--token-file",
            &token,
            "get",
            "chains"
        ])
        .await
        .0,
        Exit::Unreachable
    );
    assert_eq!(
        run(vec![
            "entente",
            "--server",
            "127.0.0.1:1",
            "--token-file",
            &token,
            "get",
            "chains"
        ])
        .await
        .0,
        Exit::Usage
    );
    assert_eq!(
        run(vec![
            "entente",
            "--server",
            "http://127.0.0.1:1",
            "--token-file",
            "/none",
            "get",
            "chains"
        ])
        .await
        .0,
        Exit::Usage
    );
}

#[tokio::test]
async fn errors_are_for_people() {
    let shell = Shell::new().await;
    let wrong = shell.file("wrong.yaml", "apiVersion: entente.dev/v1alpha1\nkind: Chain\nmetadata: {name: ledger}\nspec:\n  members: [{organization: Bank, peers: 0}]\n");

    let (_, _, invalid) = shell.run(&["apply", "-f", &wrong]).await;
    let token = shell.file("token", TOKEN);
    let (_, _, away) = run(vec![
        "entente",
        "--server",
        "http://127.0.0.1:1",
        "--token-file",
        &token,
        "get",
        "chains",
    ])
    .await;

    assert_eq!(
        invalid,
        "error: chain/ledger: 2 fields are wrong; errors[] names each.\n  /spec/members/0/organization: \"Bank\" is not a name; use lower-case letters, digits and dashes between them, at most 63\n  /spec/members/0/peers: must be 1 to 9, not 0\n"
    );
    assert_eq!(
        away,
        "error: the platform at http://127.0.0.1:1 does not answer: Connection refused (os error 111)\nhint: `make up` or `entente up` starts one on this machine; --server names another.\n"
    );
}

#[tokio::test]
async fn connect_writes_what_the_fabric_client_needs() {
    use std::os::unix::fs::PermissionsExt as _;
    let shell = Shell::new().await;
    let file = shell.file("chain.yaml", CHAIN);
    shell.run(&["apply", "--no-wait", "-f", &file]).await;
    shell.app.report("ledger", ready(1)).await;
    shell
        .app
        .post("/v1/organizations", json!({"name": "bank", "spec": {}}))
        .await;
    let status = json!({"mspId": "BankMSP", "tlsCaCertificate": "TLS ROOT", "state": "ready"});
    shell
        .app
        .registry
        .put_status::<entente_api::Organization>(&TestApp::scope(), "bank", &status)
        .await
        .unwrap();
    let app = shell.app.clone();
    let mut watch = app.registry.watch(&TestApp::scope());
    tokio::spawn(async move {
        while let Ok(Some(event)) = watch.next().await {
            if event.key.kind == "Identity" {
                let mut status = ready(1);
                status["certificate"] = json!("CERTIFICATE");
                app.registry
                    .put_status::<entente_api::Identity>(&TestApp::scope(), &event.key.name, &status)
                    .await
                    .unwrap();
            }
        }
    });
    let out = shell.folder.path().join("app");

    let (exit, stdout, err) = shell
        .run(&[
            "chain",
            "connect",
            "ledger",
            "--identity",
            "till",
            "--out",
            &out.display().to_string(),
        ])
        .await;

    assert_eq!(
        (exit, stdout),
        (Exit::Success, format!("{}\n", out.join("connection.json").display())),
        "{err}"
    );
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    let connection: serde_json::Value = serde_json::from_str(&read("connection.json")).unwrap();
    assert_eq!(
        connection,
        json!({"endpoint": "127.0.0.1:1", "hostOverride": "127.0.0.1", "tlsRootCertificate": "tls-ca.pem", "mspId": "BankMSP",
            "certificate": "certificate.pem", "privateKey": "key.pem", "channel": "main", "contract": null})
    );
    assert_eq!(
        (read("tls-ca.pem").as_str(), read("certificate.pem").as_str()),
        ("TLS ROOT", "CERTIFICATE")
    );
    assert!(read("key.pem").starts_with("-----BEGIN PRIVATE KEY-----"));
    assert_eq!(
        std::fs::metadata(out.join("key.pem")).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(!err.contains("PRIVATE"));
}

#[tokio::test]
async fn versions_are_shown_with_or_without_a_platform() {
    let shell = Shell::new().await;

    let with = shell.run(&["version"]).await;
    let token = shell.file("token", TOKEN);
    let without = run(vec![
        "entente",
        "--server",
        "http://127.0.0.1:1",
        "--token-file",
        &token,
        "version",
    ])
    .await;

    let own = env!("CARGO_PKG_VERSION");
    assert_eq!(
        with,
        (
            Exit::Success,
            format!("client    {own}\nplatform  {own}\n"),
            String::new()
        )
    );
    assert_eq!(
        without,
        (
            Exit::Success,
            format!("client    {own}\nplatform  none that answers\n"),
            String::new()
        )
    );
}

#[tokio::test]
async fn a_completion_script_and_the_definitions_need_no_platform() {
    let (completed, script, _) = run(vec!["entente", "completion", "bash"]).await;
    let (defined, definitions, _) = run(vec!["entente", "crds"]).await;

    assert_eq!((completed, defined), (Exit::Success, Exit::Success));
    assert!(script.contains("_entente()") && definitions.matches("kind: CustomResourceDefinition").count() == 7);
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    for args in [
        &["entente"][..],
        &["entente", "explode"],
        &["entente", "get"],
        &["entente", "apply"],
        &["entente", "apply", "-f", "x", "--timeout", "soon"],
        &["entente", "get", "chains", "-o", "xml"],
    ] {
        assert_eq!(Cli::try_parse_from(args).unwrap_err().exit_code(), 2, "{args:?}");
    }
}

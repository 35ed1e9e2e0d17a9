//! With real processes: a small server in place of a contract, which is all that a supervisor sees of any node.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use futures::StreamExt as _;
use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::substrate::{NodeRole, Program, Setting, Workload};
use entente_api::node_release::Engine;

/// Listens at the address it is given; ends at once when its `MODE` is `broken`.
const SERVER: &str = r#"#!/bin/sh
[ "$MODE" = broken ] && { echo "the disk is full"; exit 3; }
exec python3 -c '
import os, signal, socket
host, port = os.environ["CHAINCODE_SERVER_ADDRESS"].split(":")
listener = socket.create_server((host, int(port)))
print("serving", os.environ.get("MODE"), flush=True)
while True: listener.accept()'
"#;

struct Machine {
    home: TempDir,
}

impl Machine {
    fn new() -> Machine {
        let home = tempfile::tempdir().expect("a temporary folder");
        let server = home.path().join("server");
        std::fs::write(&server, SERVER).expect("the server is written");
        std::fs::set_permissions(&server, std::fs::Permissions::from_mode(0o755)).expect("it may be executed");
        Machine { home }
    }

    /// A platform on this machine, as it is after a start.
    fn platform(&self) -> Local {
        let executables = Executables {
            node: self.home.path().join("server"),
            stock: None,
        };
        Local::open(&self.home.path().join("nodes"), executables).expect("the substrate opens")
    }
}

fn id() -> NodeId {
    NodeId {
        namespace: "default".to_owned(),
        chain: "payments".to_owned(),
        name: "evidence".to_owned(),
    }
}

async fn plan(local: &Local, mode: &str) -> NodePlan {
    let listen = local
        .addresses(&id(), Role::Contract)
        .await
        .expect("a port is free")
        .listen
        .services;
    let environment = BTreeMap::from([("MODE".to_owned(), Setting::Text(mode.to_owned()))]);
    let program = Program::Template {
        name: "evidence".to_owned(),
        image: None,
    };
    let workload = Workload::Contract {
        program,
        listen,
        environment,
    };
    NodePlan {
        keys: BTreeMap::from([("tls/server.key".to_owned(), b"secret".to_vec())]),
        ..of(workload)
    }
}

fn of(workload: Workload) -> NodePlan {
    NodePlan {
        id: id(),
        organization: "bank".to_owned(),
        workload,
        files: BTreeMap::new(),
        keys: BTreeMap::new(),
        storage: 1 << 30,
        siblings: 1,
        access: Access::default(),
        neighbours: BTreeMap::new(),
    }
}

async fn until(local: &Local, what: &str, wanted: impl Fn(&NodeState) -> bool) -> NodeState {
    let mut changes = local.changes();
    let reached = async {
        loop {
            let state = local.state(&id()).await;
            if wanted(&state) {
                return state;
            }
            changes.recv().await.expect("the substrate lives");
        }
    };
    timeout(Duration::from_secs(20), reached)
        .await
        .unwrap_or_else(|_| panic!("waited for {what}"))
}

async fn running(local: &Local) -> u32 {
    until(local, "the node to run", NodeState::is_running).await;
    local
        .supervisor(&id())
        .and_then(|supervisor| supervisor.pid())
        .expect("a running node has a process")
}

#[tokio::test]
async fn a_node_that_died_is_started_again() {
    let machine = Machine::new();
    let local = machine.platform();
    local
        .apply(&plan(&local, "well").await)
        .await
        .expect("the plan is taken");
    let first = running(&local).await;

    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(first as i32),
        nix::sys::signal::Signal::SIGKILL,
    )
    .expect("killed");

    until(&local, "the death to be seen", |state| !state.is_running()).await;
    let second = running(&local).await;
    assert_ne!(first, second);
    local.stop_all().await;
}

#[tokio::test]
async fn applying_the_same_plan_again_leaves_the_process_alone() {
    let machine = Machine::new();
    let local = machine.platform();
    let plan = plan(&local, "well").await;
    local.apply(&plan).await.expect("the plan is taken");
    let first = running(&local).await;

    local.apply(&plan).await.expect("the plan is taken again");

    assert_eq!(running(&local).await, first);
    local.stop_all().await;
}

#[tokio::test]
async fn a_changed_plan_restarts_the_node() {
    let machine = Machine::new();
    let local = machine.platform();
    local
        .apply(&plan(&local, "well").await)
        .await
        .expect("the plan is taken");
    let first = running(&local).await;

    local
        .apply(&plan(&local, "better").await)
        .await
        .expect("the change is taken");

    until(&local, "the node to start over", |state| *state == NodeState::Starting).await;
    assert_ne!(running(&local).await, first);
    local.stop_all().await;
}

#[tokio::test]
async fn the_next_platform_adopts_a_node_that_still_runs() {
    let machine = Machine::new();
    let first = machine.platform();
    let wanted = plan(&first, "well").await;
    first.apply(&wanted).await.expect("the plan is taken");
    let pid = running(&first).await;
    drop(first);

    let second = machine.platform();
    second.apply(&wanted).await.expect("the plan is taken");

    assert_eq!(running(&second).await, pid);
    assert_eq!(
        second
            .addresses(&id(), Role::Contract)
            .await
            .expect("its port is known")
            .listen
            .services,
        listen(&wanted)
    );
    second.stop_all().await;
    assert!(!process::runs(pid));
}

fn listen(plan: &NodePlan) -> std::net::SocketAddr {
    match &plan.workload {
        Workload::Contract { listen, .. } => *listen,
        Workload::Node { listen, .. } => listen.services,
    }
}

#[tokio::test]
async fn a_node_that_cannot_start_says_why_in_its_own_words() {
    let machine = Machine::new();
    let local = machine.platform();

    local
        .apply(&plan(&local, "broken").await)
        .await
        .expect("the plan is taken");

    let state = until(&local, "the failure", |state| {
        matches!(state, NodeState::Failing { .. })
    })
    .await;
    let NodeState::Failing { reason, .. } = state else {
        unreachable!()
    };
    assert_eq!(reason, "it ended with exit status: 3: the disk is full");
    local.stop_all().await;
}

#[tokio::test]
async fn a_deleted_node_leaves_nothing_behind() {
    let machine = Machine::new();
    let local = machine.platform();
    local
        .apply(&plan(&local, "well").await)
        .await
        .expect("the plan is taken");
    let pid = running(&local).await;

    local.delete(&id(), Ledger::Destroy).await.expect("the node is deleted");

    assert!(!process::runs(pid));
    let left: Vec<_> = std::fs::read_dir(machine.home.path().join("nodes"))
        .expect("the root is there")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(left, ["ports.json"]);
    assert_eq!(
        std::fs::read_to_string(machine.home.path().join("nodes/ports.json")).expect("the ports"),
        "{}"
    );
    assert_eq!(local.list("default", "payments").await.expect("a list"), []);
}

#[tokio::test]
async fn keys_are_readable_by_their_owner_alone() {
    let machine = Machine::new();
    let local = machine.platform();

    local
        .apply(&plan(&local, "well").await)
        .await
        .expect("the plan is taken");

    let key = machine
        .home
        .path()
        .join("nodes/default/payments/evidence/tls/server.key");
    let mode = |path: &Path| std::fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
    assert_eq!((mode(&key), mode(key.parent().expect("a folder"))), (0o600, 0o700));
    local.stop_all().await;
}

#[tokio::test]
async fn the_log_can_be_read_and_followed() {
    let machine = Machine::new();
    let local = machine.platform();
    local
        .apply(&plan(&local, "well").await)
        .await
        .expect("the plan is taken");
    running(&local).await;

    let mut lines = local.logs(&id(), 10, true).await.expect("there is a log");
    let first = lines.next().await.expect("a line").expect("it can be read");
    local
        .apply(&plan(&local, "better").await)
        .await
        .expect("the change is taken");
    let second = timeout(Duration::from_secs(20), lines.next())
        .await
        .expect("in time")
        .expect("a line");

    assert_eq!(
        (first, second.expect("it can be read")),
        ("serving well".to_owned(), "serving better".to_owned())
    );
    local.stop_all().await;
}

#[tokio::test]
async fn a_stock_node_needs_the_stock_executables() {
    let machine = Machine::new();
    let local = machine.platform();
    let listen = local.addresses(&id(), Role::Peer).await.expect("ports are free").listen;
    let workload = Workload::Node {
        engine: Engine::Fabric,
        role: NodeRole::Peer,
        listen,
        images: None,
    };

    let refused = local.apply(&of(workload)).await.unwrap_err();

    assert!(refused.to_string().contains("set ENTENTE_FABRIC_BIN"), "{refused}");
}

#[tokio::test]
async fn a_file_outside_of_the_nodes_folder_is_refused() {
    let machine = Machine::new();
    let local = machine.platform();
    let mut plan = plan(&local, "well").await;
    plan.files.insert("../escape".to_owned(), Vec::new());

    let refused = local.apply(&plan).await.unwrap_err();

    assert_eq!(refused.to_string(), "../escape is not a path inside the node's folder");
}

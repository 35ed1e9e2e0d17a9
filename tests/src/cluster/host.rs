//! The cluster of a test program, from outside: found, or brought up and held.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use super::{INSIDE, scripts};

/// A cluster of this program's own. `hold` ends it when its standard input does, which is at the latest when this
/// program ends.
#[derive(Debug)]
struct Held {
    state: PathBuf,
    /// The script, with the other end of its input.
    _process: Child,
}

/// The start of a command that runs a program inside the cluster; or why there is no cluster on this machine.
///
/// # Panics
/// When a cluster should be possible here and does not come up.
pub(super) fn command() -> Result<Command, String> {
    if let Some(kubeconfig) = env::var_os("ENTENTE_TEST_KUBECONFIG") {
        let mut command = Command::new("env");
        command.env("KUBECONFIG", kubeconfig).env(INSIDE, "");
        return Ok(command);
    }
    let state = match env::var_os("ENTENTE_TEST_CLUSTER") {
        Some(running) => PathBuf::from(running),
        None => held()?.state.clone(),
    };
    let mut command = Command::new(scripts().join("run"));
    command.env("STATE", &state).env(INSIDE, &state).arg("--");
    Ok(command)
}

/// The cluster that all tests of this program share.
fn held() -> Result<&'static Held, String> {
    static HELD: OnceLock<Result<Held, String>> = OnceLock::new();
    let held = HELD.get_or_init(|| possible().map(|()| hold()));
    held.as_ref().map_err(Clone::clone)
}

/// Asks `tests/cluster/check` whether this machine can run a cluster.
fn possible() -> Result<(), String> {
    let check = Command::new(scripts().join("check"))
        .output()
        .map_err(|error| format!("tests/cluster/check: {error}"))?;
    if check.status.success() {
        return Ok(());
    }
    let line = String::from_utf8_lossy(&check.stdout);
    let (word, sentence) = line.trim().split_once('\t').unwrap_or(("unknown", line.trim()));
    Err(format!("no cluster ({word}): {sentence}"))
}

/// Brings a cluster up.
fn hold() -> Held {
    let home = PathBuf::from(env::var_os("HOME").expect("HOME is set"));
    let state = home.join(format!(".cache/entente/cluster/test-{}", std::process::id()));
    let mut process = Command::new(scripts().join("hold"))
        .env("STATE", &state)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("tests/cluster/hold can be started");
    let lines = BufReader::new(process.stdout.take().expect("its output is a pipe")).lines();
    let came_up = lines.map_while(Result::ok).any(|line| line == "ready");
    assert!(came_up, "the test cluster did not come up; its script says why above");
    Held {
        state,
        _process: process,
    }
}

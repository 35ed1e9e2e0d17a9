//! A PostgreSQL of a test's own, where one is installed.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at a server that starts.
const PAUSE: Duration = Duration::from_millis(50);
/// Who connects to it, by trust.
const USER: &str = "entente";
const PROGRAMS: [&str; 3] = ["initdb", "postgres", "psql"];
/// Nothing of it is to outlive the test, and many tests may share it.
const SETTINGS: [&str; 4] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "max_connections=200",
];

/// A server on loopback, which ends with the value.
pub struct Postgres {
    server: Child,
    port: u16,
    programs: PathBuf,
    _home: TempDir,
}

impl Postgres {
    /// Starts one on an empty folder, and waits until it answers; `None` where PostgreSQL is not installed.
    pub fn start() -> anyhow::Result<Option<Postgres>> {
        let Some(programs) = programs() else {
            return Ok(None);
        };
        let home = tempfile::tempdir()?;
        let account = account(home.path())?;
        let data = home.path().join("data");
        let made = command(&programs.join("initdb"), account)
            .args(["--username", USER, "--auth=trust", "--no-sync"])
            .args(["--encoding=UTF8", "--no-locale", "-D"])
            .arg(&data)
            .status()?;
        ensure!(made.success(), "initdb: {made}");
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server = command(&programs.join("postgres"), account)
            .args(["-p", &port.to_string(), "-D"])
            .arg(&data)
            .args(SETTINGS.iter().flat_map(|setting| ["-c", setting]))
            .spawn()?;
        let mut postgres = Postgres {
            server,
            port,
            programs,
            _home: home,
        };
        postgres.answers()?;
        Ok(Some(postgres))
    }

    fn answers(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = self.ask("select 1") {
            if let Some(ended) = self.server.try_wait()? {
                bail!("PostgreSQL ended at its start: {ended}");
            }
            ensure!(Instant::now() < deadline, "waited {PATIENCE:?} for PostgreSQL: {error}");
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// The address of the server; a database's name goes behind it, after a slash.
    pub fn server(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}", self.port)
    }

    /// The address of the database that is there from the start.
    pub fn url(&self) -> String {
        format!("{}/postgres", self.server())
    }

    /// Runs a statement, and gives what `psql` prints.
    pub fn ask(&self, statement: &str) -> anyhow::Result<String> {
        let output = Command::new(self.programs.join("psql"))
            .args(["--no-psqlrc", "--tuples-only", "--no-align"])
            .args(["--command", statement, &self.url()])
            .output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Ends all connections to it, as a restart or a broken network does.
    pub fn disconnect_everybody(&self) -> anyhow::Result<()> {
        let statement = format!(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity \
             where usename = '{USER}' and pid <> pg_backend_pid()"
        );
        self.ask(&statement).map(drop)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn command(program: &Path, account: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = account {
        command.uid(user).gid(group);
    }
    command
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// PostgreSQL refuses to run as root: then it is the account `postgres`, to whom the folder is given.
fn account(home: &Path) -> anyhow::Result<Option<(u32, u32)>> {
    if std::fs::metadata(home)?.uid() != 0 {
        return Ok(None);
    }
    let accounts = std::fs::read_to_string("/etc/passwd")?;
    let known = accounts.lines().find_map(|line| {
        let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    let (user, group) = known.context("the packages of PostgreSQL make an account postgres")?;
    chown(home, Some(user), Some(group))?;
    Ok(Some((user, group)))
}

/// Where its programs are: on the path, or where Debian puts them, the newest first.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut debian: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    debian.sort();
    let mut folders = std::env::split_paths(&path).chain(debian.into_iter().rev());
    folders.find(|folder| PROGRAMS.iter().all(|name| folder.join(name).is_file()))
}

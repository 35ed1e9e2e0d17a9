//! The databases that tests run on. Every test that takes one runs on SQLite, and once more on a real PostgreSQL that one
//! of them starts.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{Connection as _, Executor as _};

use super::Db;

/// Address of a PostgreSQL in which each test makes a database of its own.
const SERVER: &str = "ENTENTE_TEST_POSTGRES";
/// The one test that starts the server, and the tests that it runs again there.
const AGAIN: &str = "store::testing::everything_is_the_same_on_postgresql";
const TESTED: [&str; 8] = [
    "store::",
    "access::",
    "audit::cluster::",
    "certificate::notice::",
    "oidc::",
    "rest::tests::",
    "up::first::",
    "webhook::tests::",
];
const PATIENCE: Duration = Duration::from_secs(60);

/// Empty tables of the test's own.
pub async fn fresh() -> Db {
    let Some(server) = std::env::var_os(SERVER) else {
        return Db::in_memory().await.unwrap();
    };
    let server = server.into_string().unwrap();
    let name = format!("t{}", uuid::Uuid::new_v4().simple());
    let mut connection = sqlx::PgConnection::connect(&format!("{server}/postgres"))
        .await
        .unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    connection.execute(create).await.unwrap();
    connection.close().await.unwrap();
    // Few connections: many tests share the server.
    Db::with_connections(&format!("{server}/{name}"), 3).await.unwrap()
}

/// A PostgreSQL of this test's own, on loopback, which ends with the value.
struct Postgres {
    server: Child,
    url: String,
    _home: tempfile::TempDir,
}

impl Postgres {
    fn start(programs: &Path) -> Postgres {
        let home = tempfile::tempdir().unwrap();
        // PostgreSQL refuses to run as root.
        let account = nobody_special(home.path());
        let program = |name: &str| {
            let mut command = Command::new(programs.join(name));
            if let Some((user, group)) = account {
                command.uid(user).gid(group);
            }
            command
                .current_dir("/")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            command
        };
        let data = home.path().join("data");
        let options = [
            "--username=entente",
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
            "--no-locale",
        ];
        let made = program("initdb").args(options).arg("-D").arg(&data).status().unwrap();
        assert!(made.success(), "initdb failed");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let settings = [
            "listen_addresses=127.0.0.1",
            "fsync=off",
            "max_connections=200",
            "unix_socket_directories=",
        ];
        let server = program("postgres")
            .args(["-p", &port.to_string()])
            .args(settings.iter().flat_map(|setting| ["-c", setting]))
            .arg("-D")
            .arg(&data)
            .spawn()
            .unwrap();
        Postgres {
            server,
            url: format!("postgres://entente@127.0.0.1:{port}"),
            _home: home,
        }
    }

    async fn answers(&self) {
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = sqlx::PgConnection::connect(&format!("{}/postgres", self.url)).await {
            assert!(Instant::now() < deadline, "waited {PATIENCE:?} for PostgreSQL: {error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The account `postgres` where we are root, who then owns the folder.
fn nobody_special(home: &Path) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    if std::fs::metadata(home).unwrap().uid() != 0 {
        return None;
    }
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap();
    let account = accounts.lines().find_map(|line| {
        let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    let (user, group) = account.expect("the packages of PostgreSQL make an account postgres");
    std::os::unix::fs::chown(home, Some(user), Some(group)).unwrap();
    Some((user, group))
}

/// Where `initdb` and `postgres` are: on the path, or where Debian puts them, the newest first.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut debian: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    debian.sort();
    let folders = std::env::split_paths(&path).chain(debian.into_iter().rev());
    let mut complete = folders.filter(|folder| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file()));
    complete.next()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_the_same_on_postgresql() {
    if std::env::var_os(SERVER).is_some() {
        return;
    }
    let Some(programs) = programs() else {
        let line = format!("SKIPPED {AGAIN}: neither the path nor /usr/lib/postgresql has initdb and postgres\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return;
    };
    let postgres = Postgres::start(&programs);
    postgres.answers().await;

    let output = Command::new(std::env::current_exe().unwrap())
        .args(TESTED)
        .args(["--skip", AGAIN])
        .env(SERVER, &postgres.url)
        .output()
        .unwrap();

    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "on PostgreSQL:\n{text}");
    let ran = text.lines().find_map(|line| line.strip_prefix("running ")).unwrap();
    let ran: usize = ran.split(' ').next().unwrap().parse().unwrap();
    assert!(ran > 50, "only {ran} tests ran on PostgreSQL");
}

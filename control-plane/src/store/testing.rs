//! The databases that tests run on. Every test that takes one runs on SQLite, and once more on a real PostgreSQL that one
//! of them starts.

use std::io::Write as _;
use std::process::Command;

use entente_postgres::Postgres;
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

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_the_same_on_postgresql() {
    if std::env::var_os(SERVER).is_some() {
        return;
    }
    let Some(postgres) = Postgres::start().unwrap() else {
        let line = format!("SKIPPED {AGAIN}: PostgreSQL is neither on the path nor in /usr/lib/postgresql\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return;
    };
    let output = Command::new(std::env::current_exe().unwrap())
        .args(TESTED)
        .args(["--skip", AGAIN])
        .env(SERVER, postgres.server())
        .output()
        .unwrap();

    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "on PostgreSQL:\n{text}");
    let ran = text.lines().find_map(|line| line.strip_prefix("running ")).unwrap();
    let ran: usize = ran.split(' ').next().unwrap().parse().unwrap();
    assert!(ran > 50, "only {ran} tests ran on PostgreSQL");
}

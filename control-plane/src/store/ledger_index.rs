//! The tables `ledger_indexes`, `ledger_transactions` and `ledger_writes`: where to find what on a ledger.
//!
//! Who may read a ledger is decided before: a ledger's id is learned by opening it.

use entente_api::time::Time;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use super::access::{flag, optional_time, text};
use super::{Db, DbError};
use crate::access::{PlatformScope, TenantScope};
use crate::ledger::composite;

/// Where a transaction stands, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub block: u64,
    pub position: u64,
    pub id: String,
    pub kind: String,
    pub code: String,
    pub create_time: Option<Time>,
    /// MSP id; empty when it cannot be read, as the next two.
    pub creator: String,
    pub contract: String,
    pub function: String,
}

/// That a valid transaction wrote a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    pub contract: String,
    pub key: String,
    pub block: u64,
    pub position: u64,
    pub is_delete: bool,
}

/// Everything that is kept of one block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extract {
    pub entries: Vec<Entry>,
    pub writes: Vec<Write>,
}

/// Which transactions to list; `None` does not limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    pub creator: Option<&'a str>,
    pub contract: Option<&'a str>,
    pub function: Option<&'a str>,
    pub code: Option<&'a str>,
    pub from: Option<Time>,
    pub to: Option<Time>,
}

/// How many transactions there are of one kind of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    pub name: String,
    pub count: u64,
}

/// By what to count transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Creator,
    Contract,
    Code,
    /// The day that their creators give, `2026-11-22`.
    Day,
}

/// How many blocks of a ledger are indexed; of one that nobody has asked about, notes that it exists.
pub async fn height(db: &Db, scope: &TenantScope, ledger: &str) -> Result<u64, DbError> {
    let known: Option<i64> = sqlx::query_scalar("SELECT height FROM ledger_indexes WHERE ledger = $1")
        .bind(ledger.to_owned())
        .fetch_optional(&db.pool)
        .await?;
    if known.is_none() {
        sqlx::query(
            "INSERT INTO ledger_indexes (ledger, tenant, height) VALUES ($1, $2, 0) ON CONFLICT (ledger) DO NOTHING",
        )
        .bind(ledger.to_owned())
        .bind(scope.namespace().to_owned())
        .execute(&db.pool)
        .await?;
    }
    Ok(known.unwrap_or_default().unsigned_abs())
}

/// How many blocks of each ledger are indexed: tenant, ledger, blocks.
pub async fn heights(db: &Db, _: &PlatformScope) -> Result<Vec<(String, String, u64)>, DbError> {
    let rows = sqlx::query("SELECT tenant, ledger, height FROM ledger_indexes ORDER BY tenant, ledger")
        .fetch_all(&db.pool)
        .await?;
    let read = |row: &AnyRow| {
        let height: i64 = row.try_get("height")?;
        Ok((text(row, "tenant")?, text(row, "ledger")?, height.unsigned_abs()))
    };
    rows.iter().map(read).collect()
}

/// Keeps the blocks from `from` on. `false`: somebody else has indexed them meanwhile, and nothing is kept.
pub async fn extend(db: &Db, ledger: &str, from: u64, blocks: &[Extract]) -> Result<bool, DbError> {
    let mut transaction = db.pool.begin().await?;
    let to = from + blocks.len() as u64;
    let advanced = sqlx::query("UPDATE ledger_indexes SET height = $1 WHERE ledger = $2 AND height = $3")
        .bind(number(to))
        .bind(ledger.to_owned())
        .bind(number(from))
        .execute(&mut *transaction)
        .await?;
    if advanced.rows_affected() == 0 {
        return Ok(false);
    }
    for block in blocks {
        for entry in &block.entries {
            insert_entry(&mut transaction, ledger, entry).await?;
        }
        for write in &block.writes {
            insert_write(&mut transaction, ledger, write).await?;
        }
    }
    transaction.commit().await?;
    Ok(true)
}

async fn insert_entry(connection: &mut AnyConnection, ledger: &str, entry: &Entry) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO ledger_transactions
         (ledger, block, position, id, kind, code, create_time, creator, contract, function)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(ledger.to_owned())
    .bind(number(entry.block))
    .bind(number(entry.position))
    .bind(without_nul(&entry.id))
    .bind(entry.kind.clone())
    .bind(entry.code.clone())
    .bind(entry.create_time.map(|time| time.to_string()))
    .bind(without_nul(&entry.creator))
    .bind(without_nul(&entry.contract))
    .bind(without_nul(&entry.function))
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_write(connection: &mut AnyConnection, ledger: &str, write: &Write) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO ledger_writes (ledger, contract, key, block, position, is_delete)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(ledger.to_owned())
    .bind(without_nul(&write.contract))
    .bind(hex::encode(&write.key))
    .bind(number(write.block))
    .bind(number(write.position))
    .bind(i64::from(write.is_delete))
    .execute(connection)
    .await?;
    Ok(())
}

/// Transactions, newest first, beginning behind `before`: a block and a place in it.
pub async fn list(
    db: &Db,
    ledger: &str,
    filter: &Filter<'_>,
    before: Option<(u64, u64)>,
    limit: usize,
) -> Result<Vec<Entry>, DbError> {
    let (block, position) = before.unwrap_or((i64::MAX as u64, 0));
    let text = |value: Option<&str>| value.map(without_nul).unwrap_or_default();
    let time = |value: Option<Time>| value.map(|time| time.to_string()).unwrap_or_default();
    let rows = sqlx::query(
        "SELECT * FROM ledger_transactions WHERE ledger = $1 AND (block < $2 OR (block = $2 AND position < $3))
         AND ($4 = '' OR creator = $4) AND ($5 = '' OR contract = $5) AND ($6 = '' OR function = $6)
         AND ($7 = '' OR code = $7) AND ($8 = '' OR create_time >= $8)
         AND ($9 = '' OR create_time < $9)
         ORDER BY block DESC, position DESC LIMIT $10",
    )
    .bind(ledger.to_owned())
    .bind(number(block))
    .bind(number(position))
    .bind(text(filter.creator))
    .bind(text(filter.contract))
    .bind(text(filter.function))
    .bind(text(filter.code))
    .bind(time(filter.from))
    .bind(time(filter.to))
    .bind(number(limit as u64))
    .fetch_all(&db.pool)
    .await?;
    rows.iter().map(entry).collect()
}

/// Transactions whose id begins with `beginning`, oldest first.
pub async fn beginning_with(db: &Db, ledger: &str, beginning: &str, limit: usize) -> Result<Vec<Entry>, DbError> {
    // What begins so lies between it and the same with a character behind all digits.
    let rows = sqlx::query(
        "SELECT * FROM ledger_transactions WHERE ledger = $1 AND id >= $2 AND id < $3 ORDER BY block, position LIMIT $4",
    )
    .bind(ledger.to_owned())
    .bind(beginning.to_owned())
    .bind(format!("{beginning}g"))
    .bind(number(limit as u64))
    .fetch_all(&db.pool)
    .await?;
    rows.iter().map(entry).collect()
}

/// Who wrote a key, newest first, beginning behind `before`: a block and a place in it.
pub async fn history(
    db: &Db,
    ledger: &str,
    contract: &str,
    key: &str,
    before: Option<(u64, u64)>,
    limit: usize,
) -> Result<Vec<Write>, DbError> {
    let (block, position) = before.unwrap_or((i64::MAX as u64, 0));
    let rows = sqlx::query(
        "SELECT * FROM ledger_writes WHERE ledger = $1 AND contract = $2 AND key = $3
         AND (block < $4 OR (block = $4 AND position < $5)) ORDER BY block DESC, position DESC LIMIT $6",
    )
    .bind(ledger.to_owned())
    .bind(without_nul(contract))
    .bind(hex::encode(key))
    .bind(number(block))
    .bind(number(position))
    .bind(number(limit as u64))
    .fetch_all(&db.pool)
    .await?;
    rows.iter().map(write).collect()
}

/// The last write of each key that begins with `prefix`, in the order of the keys, behind `after`; deleted keys are left
/// out. Of all contracts when `contract` is `None`.
pub async fn keys(
    db: &Db,
    ledger: &str,
    contract: Option<&str>,
    prefix: &str,
    after: Option<(&str, &str)>,
    limit: usize,
) -> Result<Vec<Write>, DbError> {
    let prefix = hex::encode(prefix);
    let (after_contract, after_key) = after.unwrap_or_default();
    // What begins with the prefix lies between it and the same with a character behind all digits.
    let rows = sqlx::query(
        "SELECT * FROM ledger_writes AS newest WHERE ledger = $1 AND ($2 = '' OR contract = $2)
         AND key >= $3 AND key < $4 AND (contract > $5 OR (contract = $5 AND key > $6)) AND is_delete = 0
         AND NOT EXISTS (SELECT 1 FROM ledger_writes AS later WHERE later.ledger = newest.ledger
             AND later.contract = newest.contract AND later.key = newest.key
             AND (later.block > newest.block OR (later.block = newest.block AND later.position > newest.position)))
         ORDER BY contract, key LIMIT $7",
    )
    .bind(ledger.to_owned())
    .bind(contract.map(without_nul).unwrap_or_default())
    .bind(prefix.clone())
    .bind(format!("{prefix}g"))
    .bind(without_nul(after_contract))
    .bind(hex::encode(after_key))
    .bind(number(limit as u64))
    .fetch_all(&db.pool)
    .await?;
    rows.iter().map(write).collect()
}

/// The last write of composite keys of all contracts of which some part begins with `part`, in the order of the keys;
/// deleted keys are left out.
pub async fn keys_with_part(db: &Db, ledger: &str, part: &str, limit: usize) -> Result<Vec<Write>, DbError> {
    // Parts begin behind a U+0000, in hexadecimal 00; digits of two characters may look the same, and are sorted out below.
    let rows = sqlx::query(
        "SELECT * FROM ledger_writes AS newest WHERE ledger = $1 AND key LIKE '00%' AND key LIKE $2 AND is_delete = 0
         AND NOT EXISTS (SELECT 1 FROM ledger_writes AS later WHERE later.ledger = newest.ledger
             AND later.contract = newest.contract AND later.key = newest.key
             AND (later.block > newest.block OR (later.block = newest.block AND later.position > newest.position)))
         ORDER BY contract, key LIMIT $3",
    )
    .bind(ledger.to_owned())
    .bind(format!("%00{}%", hex::encode(part)))
    .bind(number(limit as u64 * 4))
    .fetch_all(&db.pool)
    .await?;
    let mut found = Vec::new();
    for row in &rows {
        let write = write(row)?;
        if composite::parts(&write.key)
            .iter()
            .flatten()
            .any(|one| one.starts_with(part))
        {
            found.push(write);
        }
    }
    found.truncate(limit);
    Ok(found)
}

/// How many transactions there are, by something; most first, days in their order.
pub async fn count(db: &Db, ledger: &str, by: By, limit: usize) -> Result<Vec<Count>, DbError> {
    let (column, order) = match by {
        By::Creator => ("creator", "2 DESC, 1"),
        By::Contract => ("contract", "2 DESC, 1"),
        By::Code => ("code", "2 DESC, 1"),
        By::Day => ("SUBSTR(create_time, 1, 10)", "1 DESC"),
    };
    // Nothing of it is a caller's.
    let statement = sqlx::AssertSqlSafe(format!(
        "SELECT {column} AS name, COUNT(*) AS count FROM ledger_transactions WHERE ledger = $1 AND {column} <> ''
         GROUP BY 1 ORDER BY {order} LIMIT $2"
    ));
    let rows = sqlx::query(statement)
        .bind(ledger.to_owned())
        .bind(number(limit as u64))
        .fetch_all(&db.pool)
        .await?;
    let one = |row: &AnyRow| -> Result<Count, DbError> {
        Ok(Count {
            name: row.try_get("name")?,
            count: row.try_get::<i64, _>("count")?.unsigned_abs(),
        })
    };
    rows.iter().map(one).collect()
}

/// Forgets the ledgers of a tenant whose chains are not among `chains`, by their uid.
pub async fn forget_others(db: &Db, scope: &TenantScope, chains: &[String]) -> Result<(), DbError> {
    let known: Vec<String> = sqlx::query_scalar("SELECT ledger FROM ledger_indexes WHERE tenant = $1")
        .bind(scope.namespace().to_owned())
        .fetch_all(&db.pool)
        .await?;
    let is_gone = |ledger: &&String| {
        let uid = ledger.split('/').next().unwrap_or_default();
        !chains.iter().any(|chain| chain == uid)
    };
    for ledger in known.iter().filter(is_gone) {
        let mut transaction = db.pool.begin().await?;
        for statement in [
            "DELETE FROM ledger_writes WHERE ledger = $1",
            "DELETE FROM ledger_transactions WHERE ledger = $1",
            "DELETE FROM ledger_indexes WHERE ledger = $1",
        ] {
            sqlx::query(statement)
                .bind(ledger.clone())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
    }
    Ok(())
}

/// Whoever makes a transaction may put anything into its names.
fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn read_number(row: &AnyRow, column: &str) -> Result<u64, DbError> {
    Ok(row.try_get::<i64, _>(column)?.unsigned_abs())
}

fn entry(row: &AnyRow) -> Result<Entry, DbError> {
    Ok(Entry {
        block: read_number(row, "block")?,
        position: read_number(row, "position")?,
        id: text(row, "id")?,
        kind: text(row, "kind")?,
        code: text(row, "code")?,
        create_time: optional_time(row, "create_time")?,
        creator: text(row, "creator")?,
        contract: text(row, "contract")?,
        function: text(row, "function")?,
    })
}

fn write(row: &AnyRow) -> Result<Write, DbError> {
    let key = hex::decode(text(row, "key")?).unwrap_or_default();
    Ok(Write {
        contract: text(row, "contract")?,
        key: String::from_utf8_lossy(&key).into_owned(),
        block: read_number(row, "block")?,
        position: read_number(row, "position")?,
        is_delete: flag(row, "is_delete")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing;

    const LEDGER: &str = "0a1b/main";

    fn entry(block: u64, position: u64, id: &str, code: &str, contract: &str) -> Entry {
        Entry {
            block,
            position,
            id: id.to_owned(),
            kind: "transaction".to_owned(),
            code: code.to_owned(),
            create_time: serde_json::from_value(serde_json::json!(format!("2026-11-2{block}T08:00:00Z"))).unwrap(),
            creator: "BankMSP".to_owned(),
            contract: contract.to_owned(),
            function: "Put".to_owned(),
        }
    }

    fn written(key: &str, block: u64, is_delete: bool) -> Write {
        Write {
            contract: "evidence".to_owned(),
            key: key.to_owned(),
            block,
            position: 0,
            is_delete,
        }
    }

    /// Three blocks: a configuration's place, two keys, and one of them deleted again.
    fn blocks() -> Vec<Extract> {
        let both = vec![written("a\0one", 1, false), written("b", 1, false)];
        vec![
            Extract::default(),
            Extract {
                entries: vec![
                    entry(1, 0, "aaaa01", "VALID", "evidence"),
                    entry(1, 1, "aaaa02", "MVCC_READ_CONFLICT", "asset"),
                ],
                writes: both,
            },
            Extract {
                entries: vec![entry(2, 0, "bbbb03", "VALID", "evidence")],
                writes: vec![written("b", 2, true)],
            },
        ]
    }

    async fn filled() -> Db {
        let db = testing::fresh().await;
        assert_eq!(
            height(&db, &TenantScope::for_background_task("test", "default"), LEDGER)
                .await
                .unwrap(),
            0
        );
        assert!(extend(&db, LEDGER, 0, &blocks()).await.unwrap());
        db
    }

    #[tokio::test]
    async fn of_two_that_index_the_same_blocks_one_keeps_them() {
        let db = filled().await;

        assert!(!extend(&db, LEDGER, 0, &blocks()).await.unwrap());

        assert_eq!(
            height(&db, &TenantScope::for_background_task("test", "default"), LEDGER)
                .await
                .unwrap(),
            3
        );
        let all = list(&db, LEDGER, &Filter::default(), None, 10).await.unwrap();
        assert_eq!(all.len(), 3);
    }

    #[tokio::test]
    async fn transactions_are_listed_from_the_newest_page_by_page_and_by_what_they_are() {
        let db = filled().await;
        let ids = |found: Vec<Entry>| found.into_iter().map(|one| one.id).collect::<Vec<_>>();

        let first = list(&db, LEDGER, &Filter::default(), None, 2).await.unwrap();
        let rest = list(&db, LEDGER, &Filter::default(), Some((1, 1)), 2).await.unwrap();
        let conflicts = Filter {
            code: Some("MVCC_READ_CONFLICT"),
            ..Filter::default()
        };
        let conflicts = list(&db, LEDGER, &conflicts, None, 10).await.unwrap();
        let early = Filter {
            to: entry(2, 0, "", "", "").create_time,
            contract: Some("evidence"),
            ..Filter::default()
        };
        let early = list(&db, LEDGER, &early, None, 10).await.unwrap();

        assert_eq!(ids(first), ["bbbb03", "aaaa02"]);
        assert_eq!(rest, [entry(1, 0, "aaaa01", "VALID", "evidence")]);
        assert_eq!(ids(conflicts), ["aaaa02"]);
        assert_eq!(ids(early), ["aaaa01"]);
        assert_eq!(
            ids(beginning_with(&db, LEDGER, "aaaa", 10).await.unwrap()),
            ["aaaa01", "aaaa02"]
        );
    }

    #[tokio::test]
    async fn a_key_that_was_deleted_has_a_history_and_no_state() {
        let db = filled().await;

        let state = keys(&db, LEDGER, None, "", None, 10).await.unwrap();
        let behind = keys(&db, LEDGER, Some("evidence"), "a", Some(("evidence", "a\0one")), 10)
            .await
            .unwrap();
        let history = history(&db, LEDGER, "evidence", "b", None, 10).await.unwrap();

        assert_eq!(state, [written("a\0one", 1, false)]);
        assert_eq!(behind, []);
        assert_eq!(history, [written("b", 2, true), written("b", 1, false)]);
    }

    #[tokio::test]
    async fn transactions_are_counted_most_first() {
        let db = filled().await;
        let pairs = async |by| {
            let counts = count(&db, LEDGER, by, 10).await.unwrap();
            counts.into_iter().map(|one| (one.name, one.count)).collect::<Vec<_>>()
        };
        let pair = |name: &str, count| (name.to_owned(), count);

        assert_eq!(pairs(By::Creator).await, [pair("BankMSP", 3)]);
        assert_eq!(pairs(By::Contract).await, [pair("evidence", 2), pair("asset", 1)]);
        assert_eq!(pairs(By::Code).await, [pair("VALID", 2), pair("MVCC_READ_CONFLICT", 1)]);
        assert_eq!(pairs(By::Day).await, [pair("2026-11-22", 1), pair("2026-11-21", 2)]);
    }

    #[tokio::test]
    async fn a_composite_key_is_found_by_how_any_of_its_parts_begins() {
        let db = filled().await;
        let composite = "\0owner\0bank\x009f86\0";
        let more = Extract {
            entries: Vec::new(),
            // What is in the middle of a part, or in a plain key, is not what it begins with.
            writes: vec![written(composite, 3, false), written("\0owner\0tax\0a9f86\0", 3, false)],
        };
        assert!(extend(&db, LEDGER, 3, &[more]).await.unwrap());
        let found = async |part: &str| -> Vec<String> {
            let found = keys_with_part(&db, LEDGER, part, 10).await.unwrap();
            found.into_iter().map(|write| write.key).collect()
        };

        assert_eq!(found("9f").await, [composite]);
        assert_eq!(found("ba").await, [composite]);
        assert_eq!(found("own").await.len(), 2);
        assert_eq!(found("one").await, [""; 0]);
    }

    #[tokio::test]
    async fn ledgers_of_chains_that_are_gone_are_forgotten() {
        let db = filled().await;
        let scope = TenantScope::for_background_task("test", "default");

        forget_others(&db, &scope, &["0a1b".to_owned()]).await.unwrap();
        assert_eq!(height(&db, &scope, LEDGER).await.unwrap(), 3);

        forget_others(&db, &scope, &[]).await.unwrap();
        assert_eq!(height(&db, &scope, LEDGER).await.unwrap(), 0);
        assert_eq!(list(&db, LEDGER, &Filter::default(), None, 10).await.unwrap(), []);
    }
}

//! The table `alliance_institutions`: the directory of the alliance, which everybody who has signed in may read.

use entente_api::organization::Level;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use utoipa::ToSchema;

use super::access::{self, text};
use super::{Db, DbError};
use crate::access::{PlatformScope, TenantScope};

/// An institution of the alliance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Institution {
    /// Its name in the directory: lower-case letters, digits and dashes.
    #[schema(example = "lanting-commercial-bank")]
    pub name: String,
    /// Its name for people.
    #[schema(example = "Lanting Commercial Bank")]
    pub display_name: String,
    /// What it does.
    pub sector: Sector,
    /// Where it does it.
    #[schema(example = "Zhejiang")]
    pub region: String,
    /// Its administrative level.
    pub level: Level,
}

/// The sectors of the alliance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Sector {
    Bank,
    Securities,
    Insurance,
    Fund,
    RegionalEquityExchange,
    Technology,
}

/// Which institutions to list: those that all of this fits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Wanted {
    pub sector: Option<Sector>,
    pub region: Option<String>,
    pub level: Option<Level>,
    /// Part of a name, in any case.
    pub text: Option<String>,
}

/// Makes these the whole directory.
pub async fn replace(db: &Db, _: &PlatformScope, institutions: &[Institution]) -> Result<(), DbError> {
    let mut transaction = db.pool.begin().await?;
    sqlx::query("DELETE FROM alliance_institutions")
        .execute(&mut *transaction)
        .await?;
    for institution in institutions {
        let words = format!("{} {}", institution.name, institution.display_name);
        sqlx::query(
            "INSERT INTO alliance_institutions (name, display_name, sector, region, level, words)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(institution.name.clone())
        .bind(institution.display_name.clone())
        .bind(word(&institution.sector)?)
        .bind(institution.region.clone())
        .bind(word(&institution.level)?)
        .bind(words.to_lowercase())
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// The institutions that are wanted, by name, beginning after `after`.
pub async fn list(
    db: &Db,
    _: &TenantScope,
    wanted: &Wanted,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Institution>, DbError> {
    let rows = sqlx::query(
        "SELECT * FROM alliance_institutions
         WHERE ($1 = '' OR sector = $1) AND ($2 = '' OR region = $2) AND ($3 = '' OR level = $3)
           AND words LIKE $4 ESCAPE '!' AND name > $5 ORDER BY name LIMIT $6",
    )
    .bind(wanted.sector.as_ref().map(word).transpose()?.unwrap_or_default())
    .bind(wanted.region.clone().unwrap_or_default())
    .bind(wanted.level.as_ref().map(word).transpose()?.unwrap_or_default())
    .bind(pattern(wanted.text.as_deref().unwrap_or_default()))
    .bind(after.unwrap_or_default().to_owned())
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(&db.pool)
    .await?;
    rows.iter().map(read).collect()
}

/// What LIKE finds a text anywhere with, as it stands.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.to_lowercase().chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern + "%"
}

/// The word for a value that is written as one.
fn word(value: &impl Serialize) -> Result<String, DbError> {
    Ok(serde_json::from_value(serde_json::to_value(value)?)?)
}

fn read(row: &AnyRow) -> Result<Institution, DbError> {
    Ok(Institution {
        name: text(row, "name")?,
        display_name: text(row, "display_name")?,
        sector: access::word(row, "sector")?,
        region: text(row, "region")?,
        level: access::word(row, "level")?,
    })
}

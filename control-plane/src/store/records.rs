//! The table `organization_records`: which legal party an organization is, and whether somebody has checked it.

use entente_api::time::Time;
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::any::AnyRow;
use utoipa::ToSchema;

use super::access::{optional, optional_time, text, time, word};
use super::{Db, DbError};
use crate::access::{PlatformScope, TenantScope};

/// The legal party that an organization is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RealName {
    /// Its name in the register of companies or authorities.
    #[schema(example = "Bank of Hebei Co., Ltd.")]
    pub legal_name: String,
    /// Its number there, for example the unified social credit code.
    #[schema(example = "91130000104321234X")]
    pub registration_number: String,
    /// Whom to ask.
    pub contact: Contact,
    /// What proves it, by digest: 1 to 20 documents. The documents themselves are handed over elsewhere.
    pub documents: Vec<Document>,
}

/// Somebody to ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contact {
    /// Their name.
    #[schema(example = "Li Wei")]
    pub name: String,
    /// Their e-mail address.
    #[schema(example = "li@bank.example")]
    pub email: String,
    /// Their telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "+86 311 5550 0100")]
    pub phone: Option<String>,
}

/// A document by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    /// What it is.
    #[schema(example = "business licence")]
    pub name: String,
    /// SHA-256 of the file: `sha256:` and 64 hexadecimal digits.
    #[schema(example = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub digest: String,
}

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum RecordState {
    /// Waits for an operator of the platform.
    Submitted,
    /// An operator of the platform has checked it.
    Approved,
    /// An operator of the platform has refused it, and said why.
    Refused,
}

impl RecordState {
    pub fn as_str(self) -> &'static str {
        match self {
            RecordState::Submitted => "submitted",
            RecordState::Approved => "approved",
            RecordState::Refused => "refused",
        }
    }
}

/// An organization's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The organization's uid, which no other one has, before or after it.
    #[schema(example = "01939b2e-6f3a-7c11-a3c5-0d1f5a2b7c9e")]
    pub uid: String,
    /// The organization's tenant.
    #[schema(example = "hebei-finance")]
    pub tenant: String,
    /// The organization's name.
    #[schema(example = "bank-of-hebei")]
    pub organization: String,
    /// Counts what was submitted; a decision names it.
    #[schema(example = 1)]
    pub revision: i64,
    #[serde(flatten)]
    pub content: RealName,
    /// Where it stands.
    pub state: RecordState,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "The registration number is another company's.")]
    pub reason: Option<String>,
    /// Who has submitted it.
    #[schema(example = "li@bank.example")]
    pub submitted_by: String,
    /// When it was submitted.
    pub submit_time: Time,
    /// Who has approved or refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "operator@platform.example")]
    pub decided_by: Option<String>,
    /// When it was approved or refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decide_time: Option<Time>,
}

/// Submits a record, in the place of the one before. It has to be checked again.
pub async fn submit(
    db: &Db,
    scope: &TenantScope,
    (uid, organization): (&str, &str),
    content: &RealName,
    by: &str,
    now: Time,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO organization_records (uid, tenant, organization, revision, content, state, submitted_by, submit_time)
         VALUES ($1, $2, $3, 1, $4, 'submitted', $5, $6)
         ON CONFLICT (uid) DO UPDATE SET revision = organization_records.revision + 1, content = $4, state = 'submitted',
             submitted_by = $5, submit_time = $6, reason = NULL, decided_by = NULL, decide_time = NULL",
    )
    .bind(uid.to_owned())
    .bind(scope.namespace().to_owned())
    .bind(organization.to_owned())
    .bind(serde_json::to_string(content)?)
    .bind(by.to_owned())
    .bind(now.to_string())
    .execute(&db.pool)
    .await?;
    Ok(())
}

/// The record of an organization of the tenant.
pub async fn get(db: &Db, scope: &TenantScope, uid: &str) -> Result<Option<Record>, DbError> {
    let row = sqlx::query("SELECT * FROM organization_records WHERE uid = $1 AND tenant = $2")
        .bind(uid.to_owned())
        .bind(scope.namespace().to_owned())
        .fetch_optional(&db.pool)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The record of an organization of any tenant.
pub async fn find(db: &Db, _: &PlatformScope, uid: &str) -> Result<Option<Record>, DbError> {
    let row = sqlx::query("SELECT * FROM organization_records WHERE uid = $1")
        .bind(uid.to_owned())
        .fetch_optional(&db.pool)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The records of all tenants by uid, beginning after `after`; of one state alone where one is named.
pub async fn list(
    db: &Db,
    _: &PlatformScope,
    state: Option<RecordState>,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Record>, DbError> {
    let rows = sqlx::query(
        "SELECT * FROM organization_records WHERE ($1 = '' OR state = $1) AND uid > $2 ORDER BY uid LIMIT $3",
    )
    .bind(state.map_or("", RecordState::as_str).to_owned())
    .bind(after.unwrap_or_default().to_owned())
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(&db.pool)
    .await?;
    rows.iter().map(read).collect()
}

/// Approves a record or, with a reason, refuses it. `false`: it is another one by now.
pub async fn decide(
    db: &Db,
    _: &PlatformScope,
    (uid, revision): (&str, i64),
    refusal: Option<&str>,
    by: &str,
    now: Time,
) -> Result<bool, DbError> {
    let state = refusal.map_or(RecordState::Approved, |_| RecordState::Refused);
    let done = sqlx::query(
        "UPDATE organization_records SET state = $1, reason = $2, decided_by = $3, decide_time = $4
         WHERE uid = $5 AND revision = $6",
    )
    .bind(state.as_str().to_owned())
    .bind(refusal.map(str::to_owned))
    .bind(by.to_owned())
    .bind(now.to_string())
    .bind(uid.to_owned())
    .bind(revision)
    .execute(&db.pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn read(row: &AnyRow) -> Result<Record, DbError> {
    Ok(Record {
        uid: text(row, "uid")?,
        tenant: text(row, "tenant")?,
        organization: text(row, "organization")?,
        revision: row.try_get("revision")?,
        content: serde_json::from_str(&text(row, "content")?)?,
        state: word(row, "state")?,
        reason: optional(row, "reason")?,
        submitted_by: text(row, "submitted_by")?,
        submit_time: time(row, "submit_time")?,
        decided_by: optional(row, "decided_by")?,
        decide_time: optional_time(row, "decide_time")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::fresh;

    #[tokio::test]
    async fn a_decision_is_about_what_was_seen_and_ends_with_the_next_submission() {
        let (db, now) = (fresh().await, Time::now());
        let [bank, rival] = ["bank", "rival"].map(|tenant| TenantScope::for_background_task("test", tenant));
        let platform = PlatformScope::for_background_task("test");
        let content = RealName {
            legal_name: "Bank of Hebei".to_owned(),
            registration_number: "91".to_owned(),
            contact: Contact {
                name: "Li".to_owned(),
                email: "li@bank.example".to_owned(),
                phone: None,
            },
            documents: Vec::new(),
        };
        let submit = async || {
            submit(&db, &bank, ("u-1", "hebei"), &content, "li@bank.example", now)
                .await
                .unwrap()
        };
        let state = async || get(&db, &bank, "u-1").await.unwrap().unwrap().state;

        submit().await;
        assert!(decide(&db, &platform, ("u-1", 1), None, "op", now).await.unwrap());
        let approved = list(&db, &platform, Some(RecordState::Approved), None, 9)
            .await
            .unwrap();
        submit().await;
        assert_eq!(state().await, RecordState::Submitted);
        assert!(!decide(&db, &platform, ("u-1", 1), None, "op", now).await.unwrap());
        assert!(
            decide(&db, &platform, ("u-1", 2), Some("why"), "op", now)
                .await
                .unwrap()
        );

        let refused = find(&db, &platform, "u-1").await.unwrap().unwrap();
        assert_eq!(
            approved
                .iter()
                .map(|record| (record.revision, &record.content))
                .collect::<Vec<_>>(),
            [(1, &content)]
        );
        assert_eq!(
            (refused.state, refused.reason.as_deref()),
            (RecordState::Refused, Some("why"))
        );
        assert_eq!(get(&db, &rival, "u-1").await.unwrap(), None);
        assert_eq!(list(&db, &platform, None, Some("u-1"), 9).await.unwrap(), []);
    }
}

//! Secrets in the tables, sealed when the installation has a master key: what webhooks are signed with, second factors, and
//! the keys of tokens. Whoever has a copy of the database has none of them.

use sqlx::Row as _;

use super::{Db, DbError};
use crate::seal::{self, Seal};

/// Where secrets stand: table, column, and how the purpose that they are sealed for begins. It ends with the row's id.
const COLUMNS: [(&str, &str, &str); 4] = [
    ("webhooks", "secret", WEBHOOK),
    ("users", "totp_secret", FACTOR),
    ("users", "totp_pending", FACTOR),
    ("signing_keys", "private_key", SIGNING_KEY),
];

pub(in crate::store) const WEBHOOK: &str = "webhook";
pub(in crate::store) const FACTOR: &str = "second factor of";
pub(in crate::store) const SIGNING_KEY: &str = "signing key";

impl Db {
    /// Seals secrets from now on, and those that were written before.
    pub async fn sealed_by(self, seal: Option<Seal>) -> Result<Db, DbError> {
        let db = Db { seal, ..self };
        if db.seal.is_some() {
            for (table, column, purpose) in COLUMNS {
                db.adopt(table, column, purpose).await?;
            }
        }
        Ok(db)
    }

    async fn adopt(&self, table: &str, column: &str, purpose: &str) -> Result<(), DbError> {
        let select = format!(
            "SELECT id, {column} AS secret FROM {table} WHERE {column} NOT LIKE '{}%'",
            seal::MARK
        );
        // Table and column are ours, from above.
        let rows = sqlx::query(sqlx::AssertSqlSafe(select)).fetch_all(&self.pool).await?;
        for row in rows {
            let (id, secret): (String, String) = (row.try_get("id")?, row.try_get("secret")?);
            let update = format!("UPDATE {table} SET {column} = $1 WHERE id = $2 AND {column} = $3");
            sqlx::query(sqlx::AssertSqlSafe(update))
                .bind(self.seal(purpose, &id, &secret)?)
                .bind(id)
                .bind(secret)
                .execute(&self.pool)
                .await?;
        }
        Ok(())
    }

    /// A secret as it is written.
    pub(in crate::store) fn seal(&self, purpose: &str, id: &str, secret: &str) -> Result<String, DbError> {
        match &self.seal {
            Some(seal) => Ok(seal.seal(&format!("{purpose} {id}"), secret.as_bytes())?),
            None => Ok(secret.to_owned()),
        }
    }

    /// A secret as it was before it was written.
    pub(in crate::store) fn unseal(&self, purpose: &str, id: &str, secret: String) -> Result<String, DbError> {
        let opened = seal::open(self.seal.as_ref(), &format!("{purpose} {id}"), secret.into_bytes())?;
        String::from_utf8(opened).map_err(|_| DbError::Seal(seal::SealError::NotText))
    }
}

#[cfg(test)]
mod tests {
    use entente_api::time::Time;
    use entente_ca::keys::envelope::SealingKey;

    use super::*;
    use crate::access::{PlatformScope, TenantScope};
    use crate::store::access::signing_keys::{self, SigningKey};
    use crate::store::access::users::{self, User};
    use crate::store::testing::fresh;
    use crate::store::webhooks::{self, Webhook};
    use crate::webhook::Event;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    async fn write(db: &Db) -> String {
        let scope = TenantScope::for_background_task("test", "bank");
        let webhook = Webhook {
            id: uuid::Uuid::now_v7().to_string(),
            url: "https://bank.example/".to_owned(),
            description: String::new(),
            events: vec!["webhook.test".to_owned()],
            is_enabled: true,
            created_by: "li@bank.example".to_owned(),
            create_time: Time::now(),
            failing_since: None,
            disable_reason: None,
        };
        assert!(webhooks::insert(db, &scope, &webhook, SECRET, 20).await.unwrap());
        webhooks::send(db, &scope, &webhook.id, &Event::test(Time::now()))
            .await
            .unwrap();
        let mut user = User::new("li@bank.example", "Li Wei", None, Time::now());
        user.totp_pending = Some("JBSWY3DPEHPK3PXP".to_owned());
        users::insert(db, &user).await.unwrap();
        users::set_factor(db, &user.id, Some("KRSXG5CTMVRXEZLU"), 0)
            .await
            .unwrap();
        users::set_pending_factor(db, &user.id, "JBSWY3DPEHPK3PXP")
            .await
            .unwrap();
        let key = SigningKey {
            id: "k1".to_owned(),
            private_key: "-----BEGIN PRIVATE KEY-----".to_owned(),
            create_time: Time::now(),
        };
        signing_keys::insert(db, &key).await.unwrap();
        user.id
    }

    /// Everything that stands in the columns of secrets.
    async fn rest(db: &Db) -> Vec<String> {
        let mut found = Vec::new();
        for (table, column, _) in COLUMNS {
            let select = sqlx::AssertSqlSafe(format!("SELECT {column} AS secret FROM {table}"));
            let rows = sqlx::query(select).fetch_all(&db.pool).await.unwrap();
            found.extend(rows.iter().map(|row| row.try_get::<String, _>("secret").unwrap()));
        }
        found
    }

    async fn used(db: &Db, user: &str) -> Vec<String> {
        let platform = PlatformScope::for_background_task("test");
        let due = webhooks::due(db, &platform, Time::now(), 1).await.unwrap();
        let user = users::get(db, user).await.unwrap().unwrap();
        let keys = signing_keys::list(db).await.unwrap();
        vec![
            due[0].secret.clone(),
            user.totp_secret.unwrap(),
            user.totp_pending.unwrap(),
            keys[0].private_key.clone(),
        ]
    }

    fn seal() -> Option<Seal> {
        SealingKey::new(&[1; 32]).map(Seal::new)
    }

    #[tokio::test]
    async fn secrets_rest_sealed_and_are_used_as_they_were() {
        let db = fresh().await.sealed_by(seal()).await.unwrap();

        let user = write(&db).await;

        let rest = rest(&db).await;
        assert!(rest.iter().all(|secret| secret.starts_with("sealed:v1:")), "{rest:?}");
        assert_eq!(
            used(&db, &user).await,
            [
                SECRET,
                "KRSXG5CTMVRXEZLU",
                "JBSWY3DPEHPK3PXP",
                "-----BEGIN PRIVATE KEY-----"
            ]
        );
    }

    #[tokio::test]
    async fn secrets_from_before_the_master_key_are_sealed_at_the_first_start_with_it() {
        let bare = fresh().await;
        let user = write(&bare).await;

        let sealed = bare.clone().sealed_by(seal()).await.unwrap();

        let rest = rest(&sealed).await;
        assert!(rest.iter().all(|secret| secret.starts_with("sealed:v1:")), "{rest:?}");
        assert_eq!(used(&sealed, &user).await[0], SECRET);
        let refused = users::get(&bare, &user).await.unwrap_err().to_string();
        assert_eq!(
            refused,
            "a secret in the platform's tables: it is sealed; start the platform with its master key (--master-key-file)"
        );
    }
}

//! The table `affiliations`, and what a change of it does to identities.

use sqlx::{Row as _, SqliteConnection};

use super::identities::read;
use super::{Store, StoreError, certificates};
use crate::affiliation;
use crate::attribute::{self, Attribute};
use crate::identity::Identity;

/// Affiliations that a change touched, with the identities in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    pub affiliations: Vec<String>,
    pub identities: Vec<Identity>,
}

impl Store {
    pub async fn has_affiliation(&self, name: &str) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT name FROM affiliations WHERE name = $1")
            .bind(name)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.is_some())
    }

    /// The affiliation and those below it; all for the empty one.
    pub async fn affiliations_within(&self, name: &str) -> Result<Vec<String>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        within(&mut connection, name).await
    }

    /// Adds what is not there yet of these; all or none.
    pub async fn insert_affiliations(&self, names: &[&str]) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for name in names {
            sqlx::query("INSERT INTO affiliations (name) VALUES ($1) ON CONFLICT (name) DO NOTHING")
                .bind(name)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Removes an affiliation with all below it and all identities in them, whose certificates are revoked. `allowed` sees what
    /// would go, and can refuse.
    pub async fn remove_affiliation<E: From<StoreError>>(
        &self,
        name: &str,
        (reason, now): (i64, i64),
        allowed: impl FnOnce(&Touched) -> Result<(), E> + Send,
    ) -> Result<Touched, E> {
        let mut transaction = self.pool.begin().await.map_err(StoreError::from)?;
        lock(&mut transaction, name).await?;
        let touched = Touched {
            affiliations: within(&mut transaction, name).await?,
            identities: members(&mut transaction, name).await?,
        };
        allowed(&touched)?;
        for identity in &touched.identities {
            execute(
                &mut transaction,
                "DELETE FROM identities WHERE id = $1",
                &[&identity.id],
            )
            .await?;
            certificates::revoke_all(&mut transaction, &identity.id, reason, now).await?;
        }
        for name in &touched.affiliations {
            execute(&mut transaction, "DELETE FROM affiliations WHERE name = $1", &[name]).await?;
        }
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(touched)
    }

    /// Renames an affiliation with all below it and moves the identities along; gives how they are called now. `allowed`
    /// sees what would be renamed, and can refuse.
    pub async fn rename_affiliation<E: From<StoreError>>(
        &self,
        from: &str,
        to: &str,
        allowed: impl FnOnce(&Touched) -> Result<(), E> + Send,
    ) -> Result<Touched, E> {
        let mut transaction = self.pool.begin().await.map_err(StoreError::from)?;
        lock(&mut transaction, from).await?;
        let mut touched = Touched {
            affiliations: within(&mut transaction, from).await?,
            identities: members(&mut transaction, from).await?,
        };
        allowed(&touched)?;
        let renamed = |name: &str| format!("{to}{}", name.strip_prefix(from).unwrap_or_default());
        for name in &mut touched.affiliations {
            let new = renamed(name);
            execute(
                &mut transaction,
                "UPDATE affiliations SET name = $2 WHERE name = $1",
                &[name, &new],
            )
            .await?;
            *name = new;
        }
        for identity in &mut touched.identities {
            identity.affiliation = renamed(&identity.affiliation);
            let told = Attribute::in_certificates(attribute::AFFILIATION, &identity.affiliation);
            identity.attributes = attribute::changed(&identity.attributes, &[told]);
            let attributes = serde_json::to_string(&identity.attributes).map_err(StoreError::from)?;
            execute(
                &mut transaction,
                "UPDATE identities SET affiliation = $2, attributes = $3 WHERE id = $1",
                &[&identity.id, &identity.affiliation, &attributes],
            )
            .await?;
        }
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(touched)
    }
}

/// Takes the lock for writing first: a transaction that has read before could be refused it afterwards.
async fn lock(connection: &mut SqliteConnection, name: &str) -> Result<(), StoreError> {
    execute(
        connection,
        "UPDATE affiliations SET name = name WHERE name = $1",
        &[name],
    )
    .await
}

async fn execute(connection: &mut SqliteConnection, sql: &'static str, values: &[&str]) -> Result<(), StoreError> {
    let mut query = sqlx::query(sql);
    for value in values {
        query = query.bind((*value).to_owned());
    }
    query.execute(connection).await?;
    Ok(())
}

async fn within(connection: &mut SqliteConnection, name: &str) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT name FROM affiliations
         WHERE $1 = '' OR name = $1 OR substr(name, 1, length($1) + 1) = $1 || '.' ORDER BY name",
    )
    .bind(name)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(row.try_get("name")?)).collect()
}

async fn members(connection: &mut SqliteConnection, name: &str) -> Result<Vec<Identity>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, type, affiliation, attributes, max_enrollments, enrollments, revoked FROM identities
         WHERE affiliation = $1 OR substr(affiliation, 1, length($1) + 1) = $1 || '.' ORDER BY id",
    )
    .bind(name)
    .fetch_all(connection)
    .await?;
    rows.iter().map(read).collect()
}

impl Touched {
    /// As the API shows it.
    pub fn tree(&self) -> Option<affiliation::Tree> {
        affiliation::tree(&self.affiliations, &self.identities)
    }
}

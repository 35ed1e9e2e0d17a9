//! What an empty installation begins with: a tenant, and somebody who can sign in.

use std::fs;
use std::path::{Path, PathBuf};

use entente_api::Tenant;
use entente_api::tenant::TenantSpec;
use entente_api::time::Time;
use entente_operator::registry::{Registry, RegistryError, Scope};

use super::token;
use crate::access::{Role, TenantScope, password, secret};
use crate::cli::CliError;
use crate::rest::problem::chain_of;
use crate::store::Db;
use crate::store::access::users::User;
use crate::store::access::{memberships, users};

/// Name of the first administrator, unless another is given.
pub const EMAIL: &str = "admin@entente.local";

/// Makes the tenant of a namespace, unless there is one.
pub async fn tenant(registry: &Registry, namespace: &str) -> Result<(), CliError> {
    let tenant = Tenant::new(namespace, TenantSpec::default());
    match registry.create::<Tenant>(&Scope::All, &tenant).await {
        Ok(_) | Err(RegistryError::AlreadyExists { .. }) => Ok(()),
        Err(error) => Err(CliError::failed(format!(
            "the tenant {namespace} cannot be made: {}",
            chain_of(&error)
        ))),
    }
}

/// Makes the first administrator, where there is no user at all: an operator of the platform and an owner of the tenant,
/// with a password that is good for choosing another one. It stands in the file `given`, or is made up and written to
/// `own`, and to nowhere else. Where `given` is named and not there, nobody is made.
///
/// Says where the password stands, when somebody was made.
pub async fn administrator(
    db: &Db,
    namespace: &str,
    email: &str,
    given: Option<&Path>,
    own: &Path,
) -> Result<Option<PathBuf>, CliError> {
    let failed = |error: &dyn std::error::Error| {
        CliError::failed(format!("the first administrator cannot be made: {}", error))
    };
    if users::exist(db).await.map_err(|error| failed(&error))? {
        let known = users::by_email(db, email).await.map_err(|error| failed(&error))?;
        if known.is_some_and(|user| !user.must_change_password) {
            // It has done its service; most often it is gone already.
            fs::remove_file(own).ok();
        }
        return Ok(None);
    }
    let (password, file) = match given {
        Some(given) if !given.exists() => return Ok(None),
        Some(given) => (token::read(given)?, given),
        None => {
            let password = secret::random();
            // Before the account: a password that opens nothing does no harm, an account that nobody can open stays.
            token::write(own, &password)?;
            (password, own)
        }
    };
    let hash = password::hash(&password).await.map_err(|error| failed(&error))?;
    let now = Time::now();
    let user = User {
        must_change_password: true,
        is_platform_operator: true,
        ..User::new(email, "Administrator", Some(hash), now)
    };
    let scope = TenantScope::for_background_task("the first administrator", namespace);
    if !users::insert(db, &user).await.map_err(|error| failed(&error))? {
        // Another replica was faster, and its password counts.
        fs::remove_file(own).ok();
        return Ok(None);
    }
    let made = memberships::put(db, &scope, &user.id, Role::Owner, now).await;
    made.map_err(|error| failed(&error))?;
    Ok(Some(file.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::fresh;

    #[tokio::test]
    async fn the_first_start_makes_an_administrator_and_no_other_does() {
        let (db, home) = (fresh().await, tempfile::tempdir().unwrap());
        let file = home.path().join("admin-password");

        let first = administrator(&db, "default", EMAIL, None, &file).await.unwrap();
        let written = fs::read_to_string(&file).unwrap();
        let second = administrator(&db, "default", "other@entente.local", None, &file)
            .await
            .unwrap();

        let user = users::by_email(&db, EMAIL).await.unwrap().unwrap();
        users::set_password(&db, &user.id, "changed").await.unwrap();
        administrator(&db, "default", EMAIL, None, &file).await.unwrap();
        assert!(!file.exists());
        assert_eq!((first, second), (Some(file.clone()), None));
        assert_eq!((user.must_change_password, user.is_platform_operator), (true, true));
        assert!(
            password::verify(written.trim(), user.password_hash.as_deref())
                .await
                .unwrap()
        );
        let own = memberships::of_user(&db, &user.id).await.unwrap();
        assert_eq!(own, [("default".to_owned(), Role::Owner)]);
        assert_eq!(users::by_email(&db, "other@entente.local").await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_password_that_was_given_is_taken_and_without_it_nobody_is_made() {
        let (db, home) = (fresh().await, tempfile::tempdir().unwrap());
        let (given, own) = (home.path().join("given"), home.path().join("own"));

        let nobody = administrator(&db, "default", EMAIL, Some(&given), &own).await.unwrap();
        fs::write(&given, "a password of our own making\n").unwrap();
        let made = administrator(&db, "default", EMAIL, Some(&given), &own).await.unwrap();

        let user = users::by_email(&db, EMAIL).await.unwrap().unwrap();
        let hash = user.password_hash.as_deref();
        assert_eq!((nobody, made), (None, Some(given)));
        assert!(password::verify("a password of our own making", hash).await.unwrap());
        assert!(!own.exists());
    }
}

//! `entente backup` and `entente restore`: the platform's own data of one machine in one file. Taken while the platform runs.
//!
//! The tables first, the vault after them: a key is kept before anything names it, so every key that the tables name is in the
//! vault's copy.

mod restore;
mod take;

use std::path::PathBuf;

use clap::Args;

use crate::cli::{Console, Exit};

/// Options of `entente backup`.
#[derive(Debug, Clone, Args)]
pub struct BackupArgs {
    /// Data folder of the platform
    #[arg(long, env = "DATA", default_value = ".entente", value_name = "FOLDER")]
    pub data: PathBuf,
    /// File to write; must not exist
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Options of `entente restore`.
#[derive(Debug, Clone, Args)]
pub struct RestoreArgs {
    /// Backup to read
    pub file: PathBuf,
    /// Folder to make; must be absent or empty
    #[arg(long, env = "DATA", default_value = ".entente", value_name = "FOLDER")]
    pub data: PathBuf,
}

/// Writes a backup.
pub async fn back_up(args: &BackupArgs, console: &mut Console) -> Exit {
    let taken = take::all(&args.data, &args.out).await;
    let done = |bytes| {
        let out = args.out.display();
        format!("{out} holds {bytes} bytes; whoever reads it has every key.")
    };
    console.conclude(taken.map(done))
}

/// Makes a data folder of a backup.
pub fn restore(args: &RestoreArgs, console: &mut Console) -> Exit {
    let restored = restore::all(&args.file, &args.data);
    let next = |()| {
        let data = args.data.display();
        format!(
            "{data} is what it was. `entente up --data {data}` goes on with it; nodes without ledgers fetch them from others that have theirs."
        )
    };
    console.conclude(restored.map(next))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::Arc;

    use entente_api::Organization;
    use entente_operator::registry::embedded::Embedded;
    use entente_operator::registry::{Registry, Scope};
    use entente_operator::vault::{self, Bundle, BundleId, Vault as _};

    use super::*;
    use crate::store::Db;
    use crate::store::access::users::{self, User};
    use crate::up::data::Data;

    #[tokio::test]
    async fn a_backup_of_a_running_platform_brings_back_what_it_had() {
        let home = tempfile::tempdir().unwrap();
        let (from, file, to) = (
            home.path().join("from"),
            home.path().join("b.tar"),
            home.path().join("to"),
        );
        let running = Data::open(&from).unwrap();
        let registry = Registry::new(Arc::new(Embedded::open(&running.layout.registry()).await.unwrap()));
        let db = Db::open(&running.layout.platform()).await.unwrap();
        let keys = vault::Local::new(&running.layout.vault());
        let (scope, key) = (Scope::namespace("default"), BundleId::new("default", "bank", "admin"));
        let bundle = Bundle::from([("key.pem".to_owned(), b"secret".to_vec())]);
        registry
            .create(&scope, &Organization::new("bank", Default::default()))
            .await
            .unwrap();
        let user = User::new("li@bank.example", "Li Wei", None, entente_api::time::Time::now());
        users::insert(&db, &user).await.unwrap();
        let authority = running.layout.authorities().join("default/bank/ca.db");
        std::fs::create_dir_all(authority.parent().unwrap()).unwrap();
        std::fs::write(running.layout.root.join("ca-tls-root.pem"), "root").unwrap();
        Db::open(&authority).await.unwrap();
        keys.create(&key, bundle.clone()).await.unwrap();

        take::all(&from, &file).await.unwrap();
        restore::all(&file, &to).unwrap();

        let restored = Data::open(&to).unwrap();
        let registry = Registry::new(Arc::new(Embedded::open(&restored.layout.registry()).await.unwrap()));
        let db = Db::open(&restored.layout.platform()).await.unwrap();
        assert!(registry.get::<Organization>(&scope, "bank").await.unwrap().is_some());
        assert_eq!(users::by_email(&db, "li@bank.example").await.unwrap(), Some(user));
        assert_eq!(
            vault::Local::new(&restored.layout.vault()).read(&key).await.unwrap(),
            Some(bundle)
        );
        assert!(
            Db::open(&restored.layout.authorities().join("default/bank/ca.db"))
                .await
                .is_ok()
        );
        assert!(restored.layout.root.join("ca-tls-root.pem").is_file());
        let token = |data: &Data| std::fs::read_to_string(data.layout.token()).unwrap();
        assert_eq!(token(&restored), token(&running));
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn nothing_is_overwritten_and_no_path_leads_out_of_the_folder() {
        let home = tempfile::tempdir().unwrap();
        let (from, file) = (home.path().join("from"), home.path().join("b.tar"));
        let running = Data::open(&from).unwrap();
        Embedded::open(&running.layout.registry()).await.unwrap();
        Db::open(&running.layout.platform()).await.unwrap();
        take::all(&from, &file).await.unwrap();
        let mut hostile = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..9].copy_from_slice(b"../escape");
        header.set_size(1);
        header.set_mode(0o600);
        header.set_cksum();
        hostile.append(&header, &b"x"[..]).unwrap();
        let climbing = home.path().join("climbing.tar");
        std::fs::write(&climbing, hostile.into_inner().unwrap()).unwrap();

        let twice = take::all(&from, &file).await.unwrap_err().to_string();
        let onto = restore::all(&file, &from).unwrap_err().to_string();
        let out = restore::all(&climbing, &home.path().join("to"))
            .unwrap_err()
            .to_string();

        assert!(twice.contains("exists already"), "{twice}");
        assert!(onto.contains("is not empty"), "{onto}");
        assert!(out.contains("is no backup of Entente"), "{out}");
        assert!(!home.path().join("escape").exists());
    }
}

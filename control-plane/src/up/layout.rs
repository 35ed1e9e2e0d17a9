//! What lies where in the data folder.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Paths in one data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub root: PathBuf,
}

impl Layout {
    pub fn new(root: &Path) -> Layout {
        Layout { root: root.to_owned() }
    }

    /// Says which format the folder has; written last when it is made.
    pub fn version(&self) -> PathBuf {
        self.root.join("version.json")
    }

    /// Held by the platform that runs on the folder.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// The administrator's token.
    pub fn token(&self) -> PathBuf {
        self.root.join("admin-token")
    }

    /// The first administrator's password, until they choose one of their own.
    pub fn password(&self) -> PathBuf {
        self.root.join("admin-password")
    }

    /// Where the API was last served.
    pub fn address(&self) -> PathBuf {
        self.root.join("address.json")
    }

    /// Resources.
    pub fn registry(&self) -> PathBuf {
        self.root.join("registry.db")
    }

    /// Users, operations, idempotency keys.
    pub fn platform(&self) -> PathBuf {
        self.root.join("platform.db")
    }

    /// Keys and certificates.
    pub fn vault(&self) -> PathBuf {
        self.root.join("vault")
    }

    /// Databases of the organizations' certificate authorities.
    pub fn authorities(&self) -> PathBuf {
        self.root.join("authorities")
    }

    /// Nodes with their ledgers and logs.
    pub fn nodes(&self) -> PathBuf {
        self.root.join("nodes")
    }
}

/// Where the API is served; what the command line finds a platform by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub url: String,
}

impl Address {
    /// `None` when the platform has never been started there.
    pub fn read(layout: &Layout) -> Option<Address> {
        serde_json::from_slice(&fs::read(layout.address()).ok()?).ok()
    }

    /// Leaves it for the command line.
    pub fn write(&self, layout: &Layout) -> std::io::Result<()> {
        let unfinished = layout.address().with_extension("new");
        fs::write(&unfinished, serde_json::to_vec(self)?)?;
        fs::rename(unfinished, layout.address())
    }
}

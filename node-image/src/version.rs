//! What this executable is, as `/version` tells it.

/// The version of the release.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit that it was built from, when the build says so.
pub const COMMIT: &str = match option_env!("ENTENTE_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

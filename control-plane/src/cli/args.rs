//! What can be written on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::alliance::AllianceCommand;
use super::contract::ContractCommand;
use super::organization::OrganizationCommand;
use crate::backup::{BackupArgs, RestoreArgs};
use crate::migrate::MigrateArgs;
use crate::operate::OperatorArgs;
use crate::seal::rotate::RotateArgs;
use crate::serve::ServeArgs;
use crate::up::UpArgs;

const AFTER: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 conflict, 5 time is up, \
6 platform unreachable, 7 not allowed, 8 refused as invalid.";

/// Consortium chains on demand.
#[derive(Debug, Parser)]
#[command(name = "entente", version, after_help = AFTER, propagate_version = false)]
pub struct Cli {
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(subcommand)]
    pub command: Command,
}

/// Which platform to talk to. Without these: the one whose `.entente` folder is here or above.
#[derive(Debug, Clone, Default, Args)]
pub struct ServerArgs {
    /// Address of the platform, for example http://127.0.0.1:7420
    #[arg(long, global = true, env = "ENTENTE_SERVER", value_name = "URL")]
    pub server: Option<String>,
    /// File that holds the token
    #[arg(long, global = true, env = "ENTENTE_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The token itself, from the environment only: arguments can be seen by other users
    #[arg(skip)]
    pub token: Option<String>,
    /// One of the platforms that you have signed in to
    #[arg(long, global = true, env = "ENTENTE_PROFILE", value_name = "NAME")]
    pub profile: Option<String>,
    /// Data folder of a platform on this machine
    #[arg(long = "installation", global = true, env = "ENTENTE_DATA", value_name = "FOLDER")]
    pub data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the platform on this machine, in the foreground
    Up(UpArgs),
    /// Serve the API over the resources of a Kubernetes cluster
    Serve(Box<ServeArgs>),
    /// Converge the resources of a Kubernetes cluster
    Operator(OperatorArgs),
    /// Copy the platform's own data into one file, while it runs
    Backup(BackupArgs),
    /// Make a data folder of a backup
    Restore(RestoreArgs),
    /// Bring the platform's tables up to date, as every start does, or say what is missing
    Migrate(MigrateArgs),
    /// Seal the platform's secrets under another master key
    RotateMasterKey(RotateArgs),
    /// Sign in to a platform and keep that as a profile
    Login(LoginArgs),
    /// Sign out of a profile's platform and forget the profile
    Logout,
    /// List the profiles, or choose the one to use from now on
    Profiles {
        /// The one to use from now on
        name: Option<String>,
    },
    /// Create or change what YAML or JSON files describe
    Apply(ApplyArgs),
    /// Show resources, operations, nodes, channels or blocks
    Get(GetArgs),
    /// Show everything about one resource
    Describe(DescribeArgs),
    /// Delete resources; chains go into the recycle bin
    Delete(DeleteArgs),
    /// Bring chains back from the recycle bin
    Undelete(UndeleteArgs),
    /// Show the log of a node
    Logs(LogsArgs),
    /// Call a contract
    #[command(subcommand)]
    Tx(TxCommand),
    /// Read and check what was done and what was refused
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Issue, list, renew and revoke certificates
    #[command(subcommand)]
    Identity(IdentityCommand),
    /// Say and check which legal parties organizations are
    #[command(subcommand)]
    Organization(OrganizationCommand),
    /// Find institutions in the alliance's directory
    #[command(subcommand)]
    Alliance(AllianceCommand),
    /// Work with an operation
    #[command(subcommand)]
    Operation(OperationCommand),
    /// Work with a chain
    #[command(subcommand)]
    Chain(ChainCommand),
    /// Show, approve and reject what is proposed for a contract
    #[command(subcommand)]
    Contract(ContractCommand),
    /// Show the versions of this program and of the platform
    Version {
        #[arg(short, long, value_enum, default_value_t)]
        output: Output,
    },
    /// Print a completion script, for example: source <(entente completion bash)
    Completion { shell: clap_complete::Shell },
    /// Print the custom resource definitions for Kubernetes
    Crds,
}

/// Who signs in. With a token in `--token-file` or ENTENTE_TOKEN, such as an API key: its holder.
#[derive(Debug, Clone, Args)]
pub struct LoginArgs {
    /// E-mail address of the user; the password is asked for
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// Read the password from standard input
    #[arg(long)]
    pub password_stdin: bool,
    /// Code of the second factor, or a recovery code; asked for when it is needed and there is a terminal
    #[arg(long)]
    pub code: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Check that no row was edited, removed or reordered
    Verify(AuditVerifyArgs),
    /// Print all rows
    Export(AuditExportArgs),
}

#[derive(Debug, Clone, Args)]
pub struct AuditVerifyArgs {
    /// Check an export in this file instead of asking the platform
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// A head that was printed before: the rows must lead to it
    #[arg(long, value_name = "ROW:HASH")]
    pub head: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct AuditExportArgs {
    /// Form of the rows; only jsonl can be verified
    #[arg(long, value_enum, default_value_t)]
    pub format: AuditFormat,
}

/// Form of an export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// One JSON document a line
    #[default]
    Jsonl,
    /// A table for spreadsheets
    Csv,
}

impl AuditFormat {
    pub fn as_str(self) -> &'static str {
        match self {
            AuditFormat::Jsonl => "jsonl",
            AuditFormat::Csv => "csv",
        }
    }
}

/// How to print.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A table for people
    #[default]
    Table,
    /// A table with more columns
    Wide,
    /// `kind/name`, one a line
    Name,
    Json,
    Yaml,
}

/// Whether to wait until what was asked is done.
#[derive(Debug, Clone, Args)]
pub struct WaitArgs {
    /// Do not wait until it is done
    #[arg(long)]
    pub no_wait: bool,
    /// Wait at most this long, for example 90s or 5m
    #[arg(long, default_value = "5m", value_parser = read_duration)]
    pub timeout: Duration,
}

fn read_duration(text: &str) -> Result<Duration, String> {
    entente_api::units::duration(text)
}

#[derive(Debug, Clone, Args)]
pub struct ApplyArgs {
    /// File to read, `-` for standard input; may hold several documents
    #[arg(short, long = "filename", required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Check everything, change nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub wait: WaitArgs,
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}

#[derive(Debug, Clone, Args)]
pub struct GetArgs {
    /// chains, organizations, members, contracts, identities, certificates, templates, node-releases, operations, nodes, channels or blocks
    pub kind: String,
    /// Only this one
    pub name: Option<String>,
    /// The chain, for nodes, channels and blocks; the only one when absent
    #[arg(short, long)]
    pub chain: Option<String>,
    /// The channel, for blocks; the first one when absent
    #[arg(long)]
    pub channel: Option<String>,
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}

#[derive(Debug, Clone, Args)]
pub struct DescribeArgs {
    /// Kind of the resource
    pub kind: String,
    /// Its name
    pub name: String,
}

#[derive(Debug, Clone, Args)]
pub struct DeleteArgs {
    /// Kind of the resource
    #[arg(required_unless_present = "files")]
    pub kind: Option<String>,
    /// Names of the resources
    #[arg(required_unless_present = "files")]
    pub names: Vec<String>,
    /// Delete what these files describe
    #[arg(short, long = "filename", value_name = "FILE", conflicts_with = "kind")]
    pub files: Vec<PathBuf>,
    /// Succeed when there is none
    #[arg(long)]
    pub ignore_not_found: bool,
    /// Delete chains at once, past the recycle bin
    #[arg(long)]
    pub now: bool,
    /// Delete chains at once, and destroy their ledgers and keys too, which their deletionPolicy may retain
    #[arg(long)]
    pub purge: bool,
    #[command(flatten)]
    pub wait: WaitArgs,
}

#[derive(Debug, Clone, Args)]
pub struct UndeleteArgs {
    /// Names of the chains
    #[arg(required = true)]
    pub chains: Vec<String>,
    #[command(flatten)]
    pub wait: WaitArgs,
}

#[derive(Debug, Clone, Args)]
pub struct LogsArgs {
    /// Name of the node, or CHAIN/NODE
    pub node: String,
    /// The chain; the only one when absent
    #[arg(short, long)]
    pub chain: Option<String>,
    /// Go on with new lines as they come
    #[arg(short, long)]
    pub follow: bool,
    /// How many of the last lines
    #[arg(long, default_value_t = 200)]
    pub tail: usize,
}

#[derive(Debug, Clone, Subcommand)]
pub enum TxCommand {
    /// Submit a transaction and wait until it has committed
    Submit(TxArgs),
    /// Evaluate a function; nothing is written
    Evaluate(TxArgs),
}

#[derive(Debug, Clone, Args)]
pub struct TxArgs {
    /// Name of the chain
    pub chain: String,
    /// Name of the contract
    pub contract: String,
    /// Function of the contract
    pub function: String,
    /// Its arguments, as they are; after `--` when one begins with a dash
    #[arg(allow_negative_numbers = true)]
    pub arguments: Vec<String>,
    /// The channel; the one that the contract is on when absent
    #[arg(long)]
    pub channel: Option<String>,
    /// The organization that calls; the channel's first member when absent
    #[arg(long = "as", value_name = "ORGANIZATION")]
    pub organization: Option<String>,
    /// The Identity that signs; the organization's administrator when absent
    #[arg(long)]
    pub identity: Option<String>,
    /// An organization that must endorse; may be given several times
    #[arg(long = "endorse", value_name = "ORGANIZATION")]
    pub endorsers: Vec<String>,
    /// A value that only endorsers see; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub transient: Vec<String>,
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}

#[derive(Debug, Clone, Subcommand)]
pub enum IdentityCommand {
    /// Issue a certificate, with a new key or for a request of yours
    Issue(IdentityIssueArgs),
    /// List identities with the days that their certificates are still good for
    List(IdentityListArgs),
    /// Show everything about an identity
    Show {
        /// Its name
        name: String,
    },
    /// Issue another certificate for the same key; the one before stays good until it expires
    Renew(IdentityActArgs),
    /// Have nothing taken that it signs, until it is resumed
    Suspend(IdentityActArgs),
    /// Take a suspended identity back
    Resume(IdentityActArgs),
    /// Have nothing taken that it signs, for ever
    Revoke(IdentityRevokeArgs),
    /// Download its certificate with those that vouch for it, and a README
    Bundle {
        /// Its name
        name: String,
        /// Archive to write; NAME.tar.gz when absent
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Args)]
pub struct IdentityIssueArgs {
    /// Name of the identity
    pub name: String,
    /// The organization that vouches for it
    #[arg(long)]
    pub organization: String,
    /// What it may do: client or admin
    #[arg(long, default_value = "client", value_parser = ["client", "admin"])]
    pub role: String,
    /// Days that the certificate is good for
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub days: u32,
    /// An attribute that contracts can read from the certificate; may be given several times
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    pub attributes: Vec<String>,
    /// File with a certificate signing request (PEM): the key stays with you
    #[arg(long, value_name = "FILE", conflicts_with = "keep")]
    pub csr: Option<PathBuf>,
    /// Leave the key with the platform, which then signs and renews for it
    #[arg(long)]
    pub keep: bool,
    /// Folder for certificate.pem, and key.pem where there is a new key; made when absent
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    pub out: PathBuf,
    /// Wait at most this long for the certificate
    #[arg(long, default_value = "1m", value_parser = read_duration)]
    pub timeout: Duration,
}

#[derive(Debug, Clone, Args)]
pub struct IdentityListArgs {
    /// Only what expires within so many days, such as 30d, or has expired
    #[arg(long, value_name = "DAYS")]
    pub expires_within: Option<String>,
    /// Only of this organization
    #[arg(long)]
    pub organization: Option<String>,
    /// Every certificate: of roots and nodes too, and what was enrolled with a client of Fabric CA
    #[arg(long)]
    pub all: bool,
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}

#[derive(Debug, Clone, Args)]
pub struct IdentityActArgs {
    /// Its name
    pub name: String,
    #[command(flatten)]
    pub wait: WaitArgs,
}

#[derive(Debug, Clone, Args)]
pub struct IdentityRevokeArgs {
    /// Why: keyCompromise, affiliationChanged, superseded, cessationOfOperation, certificateHold or privilegeWithdrawn
    #[arg(long)]
    pub reason: String,
    #[command(flatten)]
    pub act: IdentityActArgs,
}

#[derive(Debug, Clone, Subcommand)]
pub enum OperationCommand {
    /// Try the step that failed again at once, instead of after the operator's pause
    Retry {
        /// Its id
        id: String,
        #[command(flatten)]
        wait: WaitArgs,
    },
}

#[derive(Debug, Clone, Subcommand)]
pub enum ChainCommand {
    /// Enrol an application and write what the official Fabric client needs to connect
    Connect(ConnectArgs),
}

#[derive(Debug, Clone, Args)]
pub struct ConnectArgs {
    /// Name of the chain
    pub chain: String,
    /// The organization whose application connects; the chain's first member when absent
    #[arg(long)]
    pub organization: Option<String>,
    /// Name of the identity to enrol; `<organization>-app-<random>` when absent
    #[arg(long)]
    pub identity: Option<String>,
    /// The channel; the first one when absent
    #[arg(long)]
    pub channel: Option<String>,
    /// The contract; the first one on the channel when absent
    #[arg(long)]
    pub contract: Option<String>,
    /// Folder to write to; made when absent
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    pub out: PathBuf,
    /// Wait at most this long for the certificate
    #[arg(long, default_value = "1m", value_parser = read_duration)]
    pub timeout: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}

//! The kinds that the command line knows, by all their names, and the columns of their tables.

use super::error::CliError;
use super::table::Column;

/// Something that can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// `Chain`.
    pub kind: &'static str,
    /// `chains`: the word in paths and on the command line.
    pub plural: &'static str,
    /// What people may write as well.
    aliases: &'static [&'static str],
    /// Whether it can be applied and deleted.
    pub is_resource: bool,
    pub columns: &'static [Column],
    /// In which order kinds are applied: what others need comes first.
    pub rank: u8,
}

const AGE: Column = Column::age("AGE", "/createTime");
const STATE: Column = Column::text("STATE", "/state");
const NAME: Column = Column::text("NAME", "/name");
const MESSAGE: Column = Column::message("MESSAGE");

pub const KINDS: &[Kind] = &[
    Kind {
        kind: "NodeRelease",
        plural: "node-releases",
        aliases: &[
            "node-release",
            "noderelease",
            "nodereleases",
            "nr",
            "releases",
            "release",
        ],
        is_resource: true,
        columns: &[
            NAME,
            Column::text("ENGINE", "/spec/engine"),
            Column::text("VERSION", "/spec/version"),
            Column::text("DEFAULT", "/spec/default"),
            STATE,
            AGE,
        ],
        rank: 0,
    },
    Kind {
        kind: "Organization",
        plural: "organizations",
        aliases: &["organization", "orgs", "org"],
        is_resource: true,
        columns: &[
            NAME,
            Column::text("MSP", "/status/mspId"),
            STATE,
            AGE,
            Column::text("LEVEL", "/spec/level").wide(),
            Column::text("EXPIRES", "/status/expireTime").wide(),
            MESSAGE.wide(),
        ],
        rank: 1,
    },
    Kind {
        kind: "Chain",
        plural: "chains",
        aliases: &["chain", "bc"],
        is_resource: true,
        columns: &[
            NAME,
            Column::count("MEMBERS", "/spec/members"),
            Column::text("ORDERERS", "/spec/ordering/replicas"),
            Column::count("CHANNELS", "/spec/channels"),
            Column::text("ENGINE", "/status/engine"),
            STATE,
            AGE,
            Column::text("RELEASE", "/status/release").wide(),
            Column::count("NODES", "/status/nodes").wide(),
            MESSAGE.wide(),
        ],
        rank: 2,
    },
    Kind {
        kind: "Member",
        plural: "members",
        aliases: &["member", "mb"],
        is_resource: true,
        columns: &[
            NAME,
            Column::text("CHAIN", "/spec/chain"),
            Column::text("ORGANIZATION", "/spec/organization"),
            Column::text("PEERS", "/spec/peers"),
            STATE,
            AGE,
            MESSAGE.wide(),
        ],
        rank: 3,
    },
    Kind {
        kind: "Contract",
        plural: "contracts",
        aliases: &["contract", "ct"],
        is_resource: true,
        columns: &[
            NAME,
            Column::text("CHAIN", "/spec/chain"),
            Column::text("CHANNEL", "/status/channel"),
            Column::text("CONTRACT", "/status/name"),
            Column::text("VERSION", "/status/version"),
            Column::text("SEQUENCE", "/status/sequence"),
            STATE,
            AGE,
            Column::text("PACKAGE", "/status/packageId").wide(),
            MESSAGE.wide(),
        ],
        rank: 4,
    },
    Kind {
        kind: "Identity",
        plural: "identities",
        aliases: &["identity", "ident", "id"],
        is_resource: true,
        columns: &[
            NAME,
            Column::text("ORGANIZATION", "/spec/organization"),
            Column::text("ROLE", "/spec/role"),
            STATE,
            Column::text("EXPIRES", "/status/expireTime"),
            AGE,
            Column::text("SERIAL", "/status/serialNumber").wide(),
            MESSAGE.wide(),
        ],
        rank: 5,
    },
    Kind {
        kind: "Certificate",
        plural: "certificates",
        aliases: &["certificate", "certs", "cert"],
        is_resource: false,
        columns: &[
            NAME,
            Column::text("TYPE", "/type"),
            Column::text("ORGANIZATION", "/organization"),
            Column::text("DAYS", "/daysLeft"),
            Column::text("EXPIRES", "/expireTime"),
            Column::text("RENEWAL", "/renewal"),
            Column::text("SERIAL", "/serialNumber").wide(),
            Column::text("WHAT BREAKS", "/impact").wide(),
        ],
        rank: 9,
    },
    Kind {
        kind: "Template",
        plural: "templates",
        aliases: &["template", "tpl"],
        is_resource: false,
        columns: &[
            NAME,
            Column::text("TITLE", "/title"),
            Column::text("VERSION", "/version"),
            Column::list("ENGINES", "/engines"),
            Column::text("LANGUAGE", "/language").wide(),
            Column::text("DESCRIPTION", "/description").wide(),
        ],
        rank: 9,
    },
    Kind {
        kind: "Operation",
        plural: "operations",
        aliases: &["operation", "op", "ops"],
        is_resource: false,
        columns: &[
            Column::text("ID", "/id"),
            Column::text("TYPE", "/type"),
            Column::text("KIND", "/target/kind"),
            Column::text("TARGET", "/target/name"),
            STATE,
            AGE,
            Column::text("DONE", "/progress/done").wide(),
            Column::text("STEPS", "/progress/total").wide(),
            Column::text("ERROR", "/error/detail").wide(),
        ],
        rank: 9,
    },
    Kind {
        kind: "Node",
        plural: "nodes",
        aliases: &["node"],
        is_resource: false,
        columns: &[
            NAME,
            Column::text("ROLE", "/role"),
            Column::text("ORGANIZATION", "/organization"),
            Column::text("ENDPOINT", "/endpoint"),
            STATE,
            Column::age("UP", "/startTime"),
            Column::text("RESTARTS", "/restarts"),
            Column::text("OPERATIONS", "/operationsEndpoint").wide(),
            Column::text("EXPIRES", "/certificateExpireTime").wide(),
            Column::text("REASON", "/reason").wide(),
        ],
        rank: 9,
    },
    Kind {
        kind: "Channel",
        plural: "channels",
        aliases: &["channel"],
        is_resource: false,
        columns: &[
            NAME,
            Column::list("MEMBERS", "/members"),
            Column::count("ORDERERS", "/orderers"),
            Column::text("CONFIG", "/configSequence"),
            STATE,
        ],
        rank: 9,
    },
    Kind {
        kind: "Usage",
        plural: "usage",
        aliases: &["quotas", "quota"],
        is_resource: false,
        columns: &[
            Column::text("QUOTA", "/quota"),
            Column::text("USED", "/used"),
            Column::text("LIMIT", "/limit"),
        ],
        rank: 9,
    },
    Kind {
        kind: "Tenant",
        plural: "tenants",
        aliases: &["tenant"],
        is_resource: false,
        columns: &[
            NAME,
            Column::text("CHAINS", "/status/usage/chains"),
            Column::text("ORGANIZATIONS", "/status/usage/organizations"),
            Column::text("PEERS", "/status/usage/peers"),
            Column::text("SUSPENDED", "/spec/suspended"),
            STATE,
            AGE,
            MESSAGE.wide(),
        ],
        rank: 9,
    },
    Kind {
        kind: "FleetChain",
        plural: "fleet",
        aliases: &[],
        is_resource: false,
        columns: &[
            Column::text("TENANT", "/tenant"),
            NAME,
            STATE,
            Column::text("READY", "/nodes/ready"),
            Column::text("NODES", "/nodes/desired"),
            Column::text("ENGINE", "/engine"),
            Column::text("RELEASE", "/release"),
            AGE,
            Column::text("VERSION", "/version").wide(),
            Column::text("END OF LIFE", "/endOfLifeTime").wide(),
            Column::text("MESSAGE", "/message").wide(),
        ],
        rank: 9,
    },
    Kind {
        kind: "Trouble",
        plural: "troubles",
        aliases: &["trouble", "health"],
        is_resource: false,
        columns: &[Column::text("CODE", "/code"), Column::text("TROUBLE", "/message")],
        rank: 9,
    },
    Kind {
        kind: "SecurityCheck",
        plural: "security",
        aliases: &["checks"],
        is_resource: false,
        columns: &[
            Column::text("CHECK", "/aspect"),
            Column::text("STATE", "/state"),
            Column::text("FINDING", "/finding"),
            Column::text("WHAT TO DO", "/fix").wide(),
        ],
        rank: 9,
    },
    Kind {
        kind: "Block",
        plural: "blocks",
        aliases: &["block"],
        is_resource: false,
        columns: &[
            Column::text("NUMBER", "/number"),
            Column::text("TRANSACTIONS", "/transactionCount"),
            Column::text("HASH", "/hash"),
            Column::text("PREVIOUS", "/previousHash").wide(),
        ],
        rank: 9,
    },
];

/// Where an organization stands in what is proposed for a contract; shown by a command of its own.
pub const APPROVAL: Kind = Kind {
    kind: "Approval",
    plural: "approvals",
    aliases: &[],
    is_resource: false,
    columns: &[
        Column::text("ORGANIZATION", "/organization"),
        Column::text("MSP", "/mspId"),
        Column::text("STANDING", "/standing"),
        Column::text("INSTALLED", "/installed"),
        Column::text("PEERS", "/peers"),
        Column::text("REASON", "/reason"),
    ],
    rank: 9,
};

/// An organization's record; shown by a command of its own.
pub const RECORD: Kind = Kind {
    kind: "Record",
    plural: "records",
    aliases: &[],
    is_resource: false,
    columns: &[
        Column::text("UID", "/uid"),
        Column::text("TENANT", "/tenant"),
        Column::text("ORGANIZATION", "/organization"),
        Column::text("LEGAL NAME", "/legalName"),
        Column::text("NUMBER", "/registrationNumber"),
        Column::text("REVISION", "/revision"),
        STATE,
        Column::text("REASON", "/reason").wide(),
    ],
    rank: 9,
};

/// An institution of the alliance's directory; shown by a command of its own.
pub const INSTITUTION: Kind = Kind {
    kind: "Institution",
    plural: "institutions",
    aliases: &[],
    is_resource: false,
    columns: &[
        NAME,
        Column::text("DISPLAY NAME", "/displayName"),
        Column::text("SECTOR", "/sector"),
        Column::text("LEVEL", "/level"),
        Column::text("REGION", "/region"),
    ],
    rank: 9,
};

/// The kind that people call so.
pub fn find(word: &str) -> Result<Kind, CliError> {
    let lower = word.to_ascii_lowercase();
    let named = |kind: &&Kind| {
        kind.plural == lower || kind.kind.to_ascii_lowercase() == lower || kind.aliases.contains(&&*lower)
    };
    KINDS.iter().find(named).copied().ok_or_else(|| {
        let known: Vec<&str> = KINDS.iter().map(|kind| kind.plural).collect();
        CliError::usage_hint(
            format!("there is no kind \"{word}\""),
            format!("Known kinds: {}.", known.join(", ")),
        )
    })
}

/// The same, but only what can be applied and deleted.
pub fn find_resource(word: &str) -> Result<Kind, CliError> {
    let kind = find(word)?;
    if kind.is_resource {
        return Ok(kind);
    }
    Err(CliError::usage(format!(
        "{} can only be shown; they follow from the chain",
        kind.plural
    )))
}

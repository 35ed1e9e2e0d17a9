//! The one place that derives a name or a label.
//!
//! A derived resource is named `<chain>.<part>`. Names that people choose are DNS labels and hold no dot, so a derived
//! name never collides with a chosen one, nor `a` + `b-c` with `a-b` + `c`.

use std::collections::BTreeMap;

/// Label keys.
pub mod label {
    pub const CHAIN: &str = "entente.dev/chain";
    pub const ORGANIZATION: &str = "entente.dev/organization";
    pub const CONTRACT: &str = "entente.dev/contract";
    pub const NODE: &str = "entente.dev/node";
    pub const ROLE: &str = "entente.dev/role";
    pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
}

/// Annotation keys.
pub mod annotation {
    /// Chain and name of the node that an object belongs to, with a slash between, at their full lengths.
    pub const NODE: &str = "entente.dev/node-name";
    /// Fingerprint of what a pod was told to be.
    pub const PLAN: &str = "entente.dev/plan";
    /// Bytes that a node's volume was asked to hold.
    pub const STORAGE: &str = "entente.dev/storage";
    /// Organization and path of the key material that a Secret holds.
    pub const BUNDLE: &str = "entente.dev/bundle";
    /// Fingerprint of an object as the operator last applied it.
    pub const APPLIED: &str = "entente.dev/applied";
    /// On an Organization, its own uid: an operator of the platform has approved its record. Only the API may write it.
    pub const RECORD_APPROVED: &str = "entente.dev/record-approved";
    /// On the operators' Lease: when its holder last ended a pass over a resource.
    pub const LAST_PASS: &str = "entente.dev/last-pass-time";
}

/// Value of [`label::MANAGED_BY`] on what the operator creates.
pub const MANAGER: &str = "entente-operator";
/// Finalizer of resources whose deletion undoes something outside the registry.
pub const FINALIZER: &str = "entente.dev/cleanup";
/// Namespace of a single-tenant installation.
pub const DEFAULT_NAMESPACE: &str = "default";

/// [`check_label`] as a rule of the API server for a resource's own name, of which it knows already that it is a DNS name.
pub const NAME_RULE: &str = "size(self.metadata.name) <= 63 && !self.metadata.name.contains('.')";
/// What is said when a resource's own name is no label. The API server cannot be told to name the field itself.
pub const NAME_MESSAGE: &str = "metadata.name: use lower-case letters, digits and dashes between them, at most 63";
/// [`check_label`] as a rule of the API server for a field that names another resource.
pub const LABEL_FIELD_RULE: &str = "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')";
/// What is said when a label is none.
pub const LABEL_MESSAGE: &str = "use lower-case letters, digits and dashes between them, at most 63";
/// [`check_contract`] as a rule of the API server.
pub const CONTRACT_RULE: &str = "self.matches('^[a-zA-Z0-9]+([-_][a-zA-Z0-9]+)*$')";
/// What is said when a contract's name is none.
pub const CONTRACT_MESSAGE: &str = "use letters and digits with single dashes or underscores between, at most 64";

/// MSP id of an organization that does not choose one: `province-finance` becomes `ProvinceFinanceMSP`.
pub fn msp_id(organization: &str) -> String {
    let capitalized = organization.split(['-', '.', '_']).map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    });
    capitalized.chain(["MSP".to_owned()]).collect()
}

/// What a chain is called among the nodes of namespace `own`: its name, with its namespace when that is another one.
///
/// ```
/// assert_eq!(entente_api::names::chain_seen_from("hebei", "ledger", "hebei"), "ledger");
/// assert_eq!(entente_api::names::chain_seen_from("shijiazhuang", "ledger", "hebei"), "ledger.hebei");
/// ```
pub fn chain_seen_from(own: &str, chain: &str, namespace: &str) -> String {
    match own == namespace {
        true => chain.to_owned(),
        false => format!("{chain}.{namespace}"),
    }
}

/// The organization that runs a chain's ordering service.
pub fn ordering_organization(chain: &str) -> String {
    format!("{chain}.ordering")
}

/// The Member resource of an organization's part in a chain.
pub fn member(chain: &str, organization: &str) -> String {
    format!("{chain}.{organization}")
}

/// The Contract resource of an entry in a chain's `spec.contracts`. Lower case, because resource names are.
pub fn contract(chain: &str, channel: &str, contract: &str) -> String {
    format!("{chain}.{channel}.{}", contract.to_ascii_lowercase().replace('_', "-"))
}

/// An orderer, unique in its chain.
pub fn orderer(index: u32) -> String {
    format!("orderer{index}")
}

/// A peer, unique in its chain.
pub fn peer(organization: &str, index: u32) -> String {
    format!("peer{index}-{organization}")
}

/// The service of a contract, unique in its chain.
pub fn contract_service(channel: &str, contract: &str) -> String {
    format!("contract-{channel}-{contract}")
}

/// What a node's name begins with, after the dash that joins it to its chain's.
const NODE_WORDS: [&str; 3] = ["-orderer", "-peer", "-contract"];
/// A StatefulSet's name, a dash and the ten letters of a revision must make a label.
const LONGEST_OBJECT: usize = 52;

/// Name of the Kubernetes objects of a node, and with it the first label of its DNS name: `<chain>-<node>`.
///
/// Where that could also be read as another chain's node, is too long, or is no DNS label (RFC 1035), it is shortened
/// and ends with a double dash and a digest. No other name has a double dash, so that the parts of a node can be told
/// apart by words behind one, as in `<object>--keys`.
pub fn object(chain: &str, node: &str) -> String {
    let joined = format!("{chain}-{node}");
    let words = |word: &&str| joined.matches(*word).count();
    let is_plain = NODE_WORDS.iter().map(words).sum::<usize>() == 1
        && joined.len() <= LONGEST_OBJECT
        && joined.starts_with(|first: char| first.is_ascii_lowercase())
        && !joined.contains("--")
        && check_label(&joined).is_ok();
    if is_plain {
        return joined;
    }
    let readable = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let text: String = joined.chars().map(readable).collect();
    let start = text.trim_start_matches(|first: char| !first.is_ascii_lowercase());
    let digest = digest(&format!("{chain}/{node}"));
    let most = LONGEST_OBJECT - 2 - digest.len();
    let kept: String = start.chars().take(most).collect();
    match kept.trim_end_matches('-') {
        "" => format!("node--{digest}"),
        kept => format!("{kept}--{digest}"),
    }
}

/// Name of the Secret that holds an organization's key material under `path`. It holds a dot, which names of nodes'
/// objects do not; its digest tells apart what reads the same.
pub fn bundle(organization: &str, path: &str) -> String {
    let readable = |c: char| match c.is_ascii_alphanumeric() || c == '-' {
        true => c.to_ascii_lowercase(),
        false => '.',
    };
    let text: String = format!("{organization}.{path}").chars().map(readable).collect();
    let words = text
        .split('.')
        .map(|word| word.trim_matches('-'))
        .filter(|word| !word.is_empty());
    let kept: String = words.collect::<Vec<_>>().join(".").chars().take(200).collect();
    let kept = kept.trim_end_matches(['-', '.']);
    let digest = digest(&format!("{organization}/{path}"));
    format!("{kept}.{digest}").trim_start_matches('.').to_owned()
}

/// `text` as the value of a label, shortened with a digest where it is too long or holds what a label cannot.
pub fn label_value(text: &str) -> String {
    let inside = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let end = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    let ends = end(text.bytes().next()) && end(text.bytes().next_back());
    if text.len() <= 63 && ends && text.bytes().all(inside) {
        return text.to_owned();
    }
    let kept: String = text.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    format!("{kept}.{}", digest(text)).trim_start_matches('.').to_owned()
}

/// Ten letters that differ for different texts: FNV-1a, of which no more is asked than to keep honest names apart.
fn digest(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{:010x}", (hash ^ (hash >> 40)) & 0xff_ffff_ffff)
}

/// Labels of everything that belongs to a chain.
pub fn chain_labels(chain: &str) -> BTreeMap<String, String> {
    BTreeMap::from([
        (label::CHAIN.to_owned(), chain.to_owned()),
        (label::MANAGED_BY.to_owned(), MANAGER.to_owned()),
    ])
}

/// Whether `name` is a DNS label (RFC 1123): what people may call a resource.
pub fn check_label(name: &str) -> Result<(), String> {
    if name.len() <= 63 && is_part(name) {
        return Ok(());
    }
    Err(format!(
        "\"{name}\" is not a name; use lower-case letters, digits and dashes between them, at most 63"
    ))
}

/// Whether `name` is a DNS subdomain (RFC 1123): what most of a cluster's objects may be called.
pub fn check_subdomain(name: &str) -> Result<(), String> {
    if name.len() <= 253 && name.split('.').all(is_part) {
        return Ok(());
    }
    Err(format!(
        "\"{name}\" is not a name; use lower-case letters, digits, and dashes and dots between them, at most 253"
    ))
}

/// Lower-case letters and digits, and dashes between them.
fn is_part(part: &str) -> bool {
    let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    part.bytes().all(known) && !part.is_empty() && !part.starts_with('-') && !part.ends_with('-')
}

/// Whether `name` can be a channel (`common/configtx/validator.go`, `validateChannelID`).
pub fn check_channel(name: &str) -> Result<(), String> {
    let rest = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-');
    if name.len() <= 249 && name.bytes().next().is_some_and(|b| b.is_ascii_lowercase()) && rest {
        return Ok(());
    }
    Err(format!(
        "\"{name}\" is not a channel name; begin with a lower-case letter, then lower-case letters, digits, dots and dashes, at most 249"
    ))
}

/// Whether `id` can be an MSP id.
pub fn check_msp_id(id: &str) -> Result<(), String> {
    let characters = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    if !id.is_empty() && id.len() < 250 && characters {
        return Ok(());
    }
    Err(format!(
        "\"{id}\" is not an MSP id; use letters, digits, dots and dashes, fewer than 250"
    ))
}

/// Whether `name` can be a contract on a channel (`core/chaincode/lifecycle/scc.go`, `ChaincodeNameRegExp`).
pub fn check_contract(name: &str) -> Result<(), String> {
    let words = name
        .split(['-', '_'])
        .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric()));
    if words && name.len() <= 64 {
        return Ok(());
    }
    Err(format!(
        "\"{name}\" is not a contract name; use letters and digits with single dashes or underscores between, at most 64"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_msp_id_is_derived_from_the_words_of_a_name() {
        assert_eq!(msp_id("province-finance"), "ProvinceFinanceMSP");
        assert_eq!(msp_id("bank"), "BankMSP");
        assert_eq!(msp_id("transfer-payments.ordering"), "TransferPaymentsOrderingMSP");
    }

    #[test]
    fn derived_names_do_not_collide() {
        assert_ne!(member("a", "b-c"), member("a-b", "c"));
        assert!(check_label(&member("a", "b")).is_err());
    }

    #[test]
    fn objects_are_called_after_chain_and_node() {
        assert_eq!(
            object("transfer-payments", "peer0-province-finance"),
            "transfer-payments-peer0-province-finance"
        );
        assert_eq!(object("ledger", "orderer2"), "ledger-orderer2");
    }

    #[test]
    fn objects_of_different_nodes_never_share_a_name() {
        let nodes = [
            ("a", "peer0-b-peer0-c"),
            ("a-peer0-b", "peer0-c"),
            ("a-peer0-b", "orderer0"),
            ("a--b", "orderer0"),
            ("2024", "orderer0"),
            ("ledger", "contract-main.x-Evidence_v2-0a1b2c3d"),
            ("ledger", "contract-main.x-evidence-v2-0a1b2c3d"),
            ("a-very-long-chain-name-indeed", "peer0-a-very-long-organization-name"),
            (
                "a-very-long-chain-name-indeed",
                "peer0-a-very-long-organization-name-too",
            ),
        ];

        let names = nodes.map(|(chain, node)| object(chain, node));

        for name in &names {
            assert!(name.len() <= 52 && check_label(name).is_ok(), "{name}");
            assert!(name.starts_with(|c: char| c.is_ascii_lowercase()), "{name}");
        }
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), nodes.len(), "{names:?}");
    }

    #[test]
    fn a_label_takes_any_text() {
        let long = "peer0-".to_owned() + &"o".repeat(63);

        assert_eq!(label_value("peer0-bank"), "peer0-bank");
        assert_eq!(label_value(&long).len(), 51);
        assert_ne!(label_value(&long), label_value(&(long.clone() + "o")));
    }

    #[test]
    fn key_material_of_two_parties_is_never_in_one_secret() {
        let name = bundle("bank", "nodes/ledger/peer0-bank");

        assert!(name.starts_with("bank.nodes.ledger.peer0-bank."));
        assert_ne!(bundle("a", "b/c"), bundle("a.b", "c"));
        assert_ne!(bundle("bank", "Admin"), bundle("bank", "admin"));
        for long in [bundle("bank", &"x".repeat(300)), bundle("-", "_/.")] {
            assert!(
                long.len() <= 253 && long.split('.').all(|part| check_label(part).is_ok() || part.len() > 63),
                "{long}"
            );
        }
    }

    #[test]
    fn names_are_checked_in_words() {
        assert_eq!(check_label("hebei-finance"), Ok(()));
        assert!(check_label("Hebei").unwrap_err().contains("\"Hebei\" is not a name"));
        assert!(check_label("").is_err());
        assert!(check_label("-a").is_err());
        assert_eq!(check_channel("main.v2"), Ok(()));
        assert!(check_channel("2main").is_err());
        assert_eq!(check_contract("asset_transfer-1"), Ok(()));
        assert!(check_contract("a--b").is_err());
        assert!(check_contract("").is_err());
        assert!(check_msp_id("Org1 MSP").is_err());
    }
}

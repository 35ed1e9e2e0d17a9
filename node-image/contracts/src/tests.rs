//! What the platform is told about the contracts is what they are.

use std::path::Path;

use entente_contract::Contract;

use crate::evidence;

fn contracts() -> Vec<Contract> {
    let unset = |_: &str| None;
    vec![evidence::contract(evidence::Settings::read(unset).unwrap())]
}

#[test]
fn the_committed_metadata_is_what_each_contract_says_of_itself() {
    let contracts = contracts();
    let names: Vec<&str> = contracts.iter().map(Contract::name).collect();
    let offered: Vec<&str> = entente_templates::ALL.iter().map(|template| template.name).collect();
    assert_eq!(offered, names);

    for contract in contracts {
        let file = format!("templates/src/{}/metadata.json", contract.name());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
        let expected = serde_json::to_string_pretty(&contract.metadata()).unwrap() + "\n";
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &expected).unwrap();
        }

        let committed = std::fs::read_to_string(&path).unwrap_or_default();

        assert!(
            committed == expected,
            "{file} is stale: run UPDATE=1 cargo test -p entente-contracts metadata_is"
        );
    }
}

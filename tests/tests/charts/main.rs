//! The charts, without a cluster: what helm says of them, and what it makes of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use entente_tests::charts;

#[test]
fn helm_finds_nothing_wrong_with_the_charts() {
    if !charts::helm_or_skip("helm_finds_nothing_wrong_with_the_charts") {
        return;
    }

    let report = charts::helm(&["lint", "--strict", "--quiet", "entente-crds"]).unwrap();

    assert_eq!(report, "");
}

/// `UPDATE=1 cargo test` copies them.
#[test]
fn the_definitions_of_the_chart_are_those_of_the_api() {
    let (of_api, of_chart) = (
        charts::folder().join("../api/crds"),
        charts::folder().join("entente-crds/definitions"),
    );
    let expected = files(&of_api);
    if std::env::var_os("UPDATE").is_some() {
        fs::remove_dir_all(&of_chart).unwrap();
        fs::create_dir(&of_chart).unwrap();
        for (name, content) in &expected {
            fs::write(of_chart.join(name), content).unwrap();
        }
    }

    assert!(
        files(&of_chart) == expected,
        "charts/entente-crds/definitions is stale: run `make fix`"
    );
}

#[test]
fn the_definitions_stay_when_their_release_goes() {
    if !charts::helm_or_skip("the_definitions_stay_when_their_release_goes") {
        return;
    }

    let rendered = charts::helm(&["template", "crds", "entente-crds"]).unwrap();

    let count = files(&charts::folder().join("entente-crds/definitions")).len();
    assert_eq!(rendered.matches("\nkind: CustomResourceDefinition\n").count(), count);
    assert_eq!(rendered.matches("helm.sh/resource-policy: keep\n").count(), count);
}

/// The files of a folder, by name.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read_to_string(entry.path()).unwrap())
    };
    entries.map(read).collect()
}

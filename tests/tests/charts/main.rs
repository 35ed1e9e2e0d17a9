//! The charts, without a cluster: what helm says of them, and what it makes of them.

use std::fs;

use entente_tests::charts;

#[test]
fn helm_finds_nothing_wrong_with_the_charts() {
    if !charts::helm_or_skip("helm_finds_nothing_wrong_with_the_charts") {
        return;
    }

    let report = charts::helm(&["lint", "--strict", "--quiet", "entente-crds"]).unwrap();

    assert_eq!(report, "");
}

#[test]
fn the_definitions_stay_when_their_release_goes() {
    if !charts::helm_or_skip("the_definitions_stay_when_their_release_goes") {
        return;
    }

    let rendered = charts::helm(&["template", "crds", "entente-crds"]).unwrap();

    let count = fs::read_dir(charts::folder().join("entente-crds/definitions"))
        .unwrap()
        .count();
    assert_eq!(rendered.matches("\nkind: CustomResourceDefinition\n").count(), count);
    assert_eq!(rendered.matches("helm.sh/resource-policy: keep\n").count(), count);
}

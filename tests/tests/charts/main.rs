//! The charts: what helm says of them, what it makes of them, and what they do on a cluster.

mod audit;
mod master_key;
mod records;
mod release;
mod tenants;

use std::fs;

use entente_tests::charts;

#[test]
fn helm_finds_nothing_wrong_with_the_charts() {
    if !charts::helm_or_skip("helm_finds_nothing_wrong_with_the_charts") {
        return;
    }

    let report = charts::helm(&["lint", "--strict", "--quiet", "entente-crds", "entente"]).unwrap();

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

/// `INSTA_UPDATE=always cargo test` writes what is compared with.
#[test]
fn the_charts_objects_are_known() {
    if !charts::helm_or_skip("the_charts_objects_are_known") {
        return;
    }
    // A token that is made would differ each time.
    let always = "api.adminToken.existingSecret=admin";
    let everything = "operator.nodeSelector.disk=fast,operator.tolerations[0].operator=Exists,api.service.type=NodePort,\
         api.storage.className=fast,api.ingress.enabled=true,api.ingress.host=entente.example.com,api.ingress.tlsSecret=tls,\
         api.ingress.className=nginx,image.pullSecrets={registry},image.registry=registry.example.com/mirror,\
         nodes.storageClassName=fast,metrics.namespace=monitoring,metrics.serviceMonitor.enabled=true,\
         networkPolicies.apiClients.purpose=ingress,releases.default=fabric,\
         api.database.existingSecret=database,api.replicas=3,masterKey.existingSecret=master-key,api.audit.retentionDays=3650,api.audit.anchor=platform/main/evidence,api.requireRealNames=true,\
         api.oidc.issuer=https://id.example.com,api.oidc.clientId=entente,api.oidc.existingSecret=oidc,\
         api.oidc.caConfigMap=roots,api.oidc.emailDomains={bank.example},api.oidc.roles={heads=bank:admin}";
    let nothing = "api.enabled=false,operator.replicas=1,networkPolicies.enabled=false,releases.fabric.enabled=false";
    for (name, values) in [("default", ""), ("everything", everything), ("little", nothing)] {
        let values = format!("{always},{values}");
        let template = [
            "template",
            "entente",
            "entente",
            "--namespace=entente-system",
            "--set",
            values.trim_end_matches(','),
        ];

        let rendered = charts::helm(&template).unwrap();

        insta::assert_snapshot!(name, rendered);
    }
}

#[test]
fn a_misspelt_value_is_refused() {
    if !charts::helm_or_skip("a_misspelt_value_is_refused") {
        return;
    }

    let refused = charts::helm(&["template", "entente", "entente", "--set", "operator.replica=3"]).unwrap_err();

    let words = refused.to_string();
    assert!(words.contains("additional properties 'replica' not allowed"), "{words}");
}

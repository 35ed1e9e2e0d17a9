//! Records of organizations, and the alliance's directory.

use serde_json::json;

use super::Shell;
use crate::cli::Exit;

const RECORD: &str = "
legalName: Bank of Hebei Co., Ltd.
registrationNumber: 91130000104321234X
contact: {name: Li Wei, email: li@bank.example}
documents:
  - {name: business licence, digest: 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'}
";

#[tokio::test]
async fn a_record_is_submitted_from_a_file_and_decided_by_its_uid() {
    let shell = Shell::new().await;
    let body = json!({"name": "bank", "spec": {}});
    let made = shell.app.post("/v1/organizations", body).await.json();
    let uid = made["resource"]["uid"].as_str().unwrap();
    let file = shell.file("record.yaml", RECORD);
    let record = ["organization", "record"];
    let run = async |args: &[&str]| shell.run(&[&record, args].concat()).await;

    let (_, submitted, _) = run(&["submit", "bank", "-f", &file]).await;
    let (_, waiting, _) = run(&["list", "--state", "submitted", "-o", "name"]).await;
    let (_, refused, _) = run(&["refuse", uid, "--revision", "1", "--reason", "Unreadable."]).await;
    let (stale, _, _) = run(&["approve", uid, "--revision", "2"]).await;
    run(&["submit", "bank", "-f", &file]).await;
    let (_, approved, _) = run(&["approve", uid, "--revision", "2"]).await;
    let (_, shown, _) = run(&["show", "bank"]).await;
    let (unknown, _, _) = run(&["show", "tax"]).await;

    let told = |state: &str, revision| format!("record/{uid} {state} (organization bank, revision {revision})\n");
    assert_eq!(submitted, told("submitted", 1));
    assert_eq!(waiting, format!("record/{uid}\n"));
    assert_eq!(refused, told("refused", 1));
    assert_eq!(approved, told("approved", 2));
    assert_eq!((stale, unknown), (Exit::Conflict, Exit::NotFound));
    let line = shown.lines().nth(1).unwrap();
    let cells: Vec<&str> = line
        .split("   ")
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect();
    let expected = [
        uid,
        "default",
        "bank",
        "Bank of Hebei Co., Ltd.",
        "91130000104321234X",
        "2",
        "approved",
    ];
    assert_eq!(cells, expected);
}

#[tokio::test]
async fn institutions_are_found_in_the_directory() {
    let shell = Shell::new().await;
    let institution = |name: &str, sector: &str, region: &str| json!({"name": name, "displayName": name, "sector": sector, "region": region, "level": "city"});
    let all = [
        institution("first-bank", "bank", "He Bei"),
        institution("second-bank", "bank", "Fujian"),
        institution("a-fund", "fund", "He Bei"),
    ];
    shell.app.put("/v1/admin/alliance", json!({"institutions": all})).await;
    let list = ["alliance", "list", "-o", "name"];
    let found = async |args: &[&str]| shell.run(&[&list, args].concat()).await.1;

    assert_eq!(
        found(&[]).await,
        "institution/a-fund\ninstitution/first-bank\ninstitution/second-bank\n"
    );
    assert_eq!(
        found(&[
            "--sector", "bank", "--region", "He Bei", "--level", "city", "--text", "FIRST"
        ])
        .await,
        "institution/first-bank\n"
    );
    let (exit, _, _) = shell.run(&["alliance", "list", "--sector", "mining"]).await;
    assert_ne!(exit, Exit::Success);
}

//! What makes the images, without a cluster to run them on.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

#[test]
fn the_same_files_make_the_same_archive_whenever_it_is_made() {
    let home = tempfile::tempdir().unwrap();
    let source = home.path().join("program");
    let make = |name: &str| {
        // A new file each time: new times, another inode.
        fs::write(&source, "the same").unwrap();
        let archive = home.path().join(name);
        let output = archive_of(&source, &archive, &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read(archive).unwrap()
    };

    assert!(make("one.tar") == make("two.tar"));
}

#[test]
fn a_program_that_needs_shared_libraries_is_refused_for_an_image_without_any() {
    let home = tempfile::tempdir().unwrap();
    // A test is linked dynamically.
    let own = std::env::current_exe().unwrap();

    let refused = archive_of(&own, &home.path().join("image.tar"), &["--static"]);

    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(words.contains("is not linked statically: it asks for /lib"), "{words}");
    assert!(!home.path().join("image.tar").exists());
}

#[test]
fn the_bill_of_materials_names_every_package_with_its_licence_and_checksum() {
    let output = Command::new(script("sbom"))
        // Would have Cargo resolve for more than the program.
        .env_remove("CARGO_RESOLVER_FEATURE_UNIFICATION")
        .args([
            "--name=entente.dev/entente-node:0.1.0",
            "--target=x86_64-unknown-linux-gnu",
            "entente-node",
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let bill: Value = serde_json::from_slice(&output.stdout).unwrap();

    let components = bill["components"].as_array().unwrap();
    let names = |name: &str| components.iter().any(|component| component["name"] == name);
    assert!(names("entente-peer") && names("rustls") && names("glibc") && names("rust-std"));
    // It only builds the program: nothing of it is in there.
    assert!(!names("serde_derive"));
    for component in components {
        assert!(component["licenses"][0]["expression"].is_string(), "{component}");
        let own = component["name"].as_str().unwrap().starts_with("entente-");
        let pinned = component["purl"].as_str().unwrap().starts_with("pkg:cargo/") && !own;
        assert_eq!(component["hashes"][0]["content"].is_string(), pinned, "{component}");
    }
}

fn archive_of(source: &Path, archive: &Path, options: &[&str]) -> Output {
    Command::new(script("archive"))
        .args(["--name=entente.dev/test:1", "--entrypoint=/program", "--out"])
        .arg(archive)
        .args(options)
        .arg(format!("{}=/program", source.display()))
        .output()
        .unwrap()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../node-image").join(name)
}

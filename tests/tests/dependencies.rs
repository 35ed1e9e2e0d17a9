//! What the project may depend on: licences, sources, and one TLS provider. Works offline, from the lock file alone.

use std::collections::BTreeSet;
use std::process::Command;

/// Licences that an Apache-2.0 product may carry without further duties than attribution.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates with an open advisory, and why each may stay.
const ADVISORIES: &[(&str, &str, &str)] = &[
    (
        "protobuf",
        "RUSTSEC-2024-0437",
        "raft's own codec; nothing from the network is decoded with it, the orderer decodes with prost and converts",
    ),
    (
        "fxhash",
        "RUSTSEC-2025-0057",
        "unmaintained, and only raft's maps of node ids use it",
    ),
];

#[test]
fn every_dependency_has_a_licence_that_we_may_ship() {
    let refused: Vec<String> = packages()
        .into_iter()
        .filter(|package| !package.license.as_deref().is_some_and(allowed))
        .map(|package| format!("{} {}: {:?}", package.name, package.version, package.license))
        .collect();

    assert_eq!(refused, Vec::<String>::new());
}

#[test]
fn every_dependency_comes_from_the_registry_or_from_this_repository() {
    let elsewhere: Vec<String> = packages()
        .into_iter()
        .filter(|package| {
            package
                .source
                .as_deref()
                .is_some_and(|source| !source.starts_with("registry+"))
        })
        .map(|package| package.name)
        .collect();

    assert_eq!(elsewhere, Vec::<String>::new());
}

#[test]
fn no_second_tls_provider_is_compiled_in() {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--workspace",
            "--offline",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .output()
        .expect("cargo tree runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).expect("cargo writes UTF-8");

    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();

    assert_eq!(
        ["openssl", "native-tls", "ring"].map(|name| names.contains(name)),
        [false, false, false]
    );
}

#[test]
fn each_known_advisory_is_still_needed() {
    let names: BTreeSet<String> = packages().into_iter().map(|package| package.name).collect();

    for (name, advisory, reason) in ADVISORIES {
        assert!(names.contains(*name), "{name} is gone: drop {advisory} ({reason})");
    }
}

struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

fn packages() -> Vec<Package> {
    // What other platforms would need is neither built nor shipped here, and may not even have been downloaded.
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            &platform,
        ])
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    metadata["packages"]
        .as_array()
        .expect("metadata lists packages")
        .iter()
        .map(|package| Package {
            name: text(&package["name"]).expect("a package has a name"),
            version: text(&package["version"]).expect("a package has a version"),
            license: text(&package["license"]),
            source: text(&package["source"]),
        })
        .collect()
}

/// Whether an SPDX expression can be satisfied with [`ALLOWED`]: `OR` (formerly `/`) binds looser than `AND`.
fn allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut tokens = expression.split_whitespace().peekable();
    let satisfied = any(&mut tokens);
    assert_eq!(tokens.next(), None, "not a licence expression: {expression}");
    satisfied
}

type Tokens<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(tokens: &mut Tokens) -> bool {
    let mut satisfied = all(tokens);
    while tokens.next_if_eq(&"OR").is_some() {
        satisfied |= all(tokens);
    }
    satisfied
}

fn all(tokens: &mut Tokens) -> bool {
    let mut satisfied = one(tokens);
    while tokens.next_if_eq(&"AND").is_some() {
        satisfied &= one(tokens);
    }
    satisfied
}

fn one(tokens: &mut Tokens) -> bool {
    let Some(mut name) = tokens.next().map(str::to_owned) else {
        return false;
    };
    if name == "(" {
        let satisfied = any(tokens);
        return tokens.next() == Some(")") && satisfied;
    }
    if tokens.next_if_eq(&"WITH").is_some() {
        name = format!("{name} WITH {}", tokens.next().unwrap_or_default());
    }
    ALLOWED.contains(&name.as_str())
}

#[test]
fn licence_expressions_are_read_as_spdx_defines_them() {
    let cases = [
        ("MIT OR GPL-3.0", true),
        ("GPL-3.0", false),
        ("MIT AND GPL-3.0", false),
        ("MIT AND (GPL-3.0 OR ISC)", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("MIT/Apache-2.0", true),
    ];

    for (expression, expected) in cases {
        assert_eq!(allowed(expression), expected, "{expression}");
    }
}

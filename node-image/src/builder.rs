//! A stock peer's external builder for chaincode that runs as a service
//! (`docs/source/cc_launcher.md` and `ccaas_builder` of Fabric).
//!
//! The peer runs `bin/detect`, `bin/build` and `bin/release` of the builder's folder. All three are links to this
//! executable, which looks at the name it was called by: an image without a shell needs no script.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use entente_fabric::package::Connection;
use serde::Deserialize;

use crate::cli::Step;

/// JSON object with the values of templates in connection.json.
pub const CONFIG_VARIABLE: &str = "CHAINCODE_AS_A_SERVICE_BUILDER_CONFIG";
/// Metadata and connection settings are small; index definitions too.
const LARGEST: u64 = 1 << 20;
const CONNECTION: &str = "connection.json";

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "type", default)]
    kind: String,
}

/// The step that this process was started as, by its name.
pub fn called_as() -> Option<Step> {
    let name = std::env::args_os().next()?;
    match Path::new(&name).file_name()?.to_str()? {
        "detect" => Some(Step::Detect),
        "build" => Some(Step::Build),
        "release" => Some(Step::Release),
        _ => None,
    }
}

/// Runs one step. The peer shows what is written to standard error in its log.
#[expect(clippy::print_stderr, reason = "the peer collects a builder's standard error")]
pub fn run(step: Step, arguments: Vec<OsString>) -> ExitCode {
    let folders = arguments.into_iter().map(PathBuf::from).collect::<Vec<_>>();
    let outcome = match (step, folders.as_slice()) {
        (Step::Detect, [_source, metadata, ..]) => detect(metadata),
        (Step::Build, [source, metadata, output, ..]) => build(
            source,
            metadata,
            output,
            &std::env::var(CONFIG_VARIABLE).unwrap_or_default(),
        ),
        (Step::Release, [output, release, ..]) => self::release(output, release),
        _ => Err(anyhow::anyhow!("incorrect number of arguments")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("entente-node builder: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn detect(metadata: &Path) -> anyhow::Result<()> {
    let path = metadata.join("metadata.json");
    let found: Metadata = serde_json::from_slice(&read(&path)?).with_context(|| path.display().to_string())?;
    if found.kind.to_lowercase() != "ccaas" {
        bail!("chaincode type should be ccaas, it is {}", found.kind);
    }
    Ok(())
}

fn build(source: &Path, metadata: &Path, output: &Path, config: &str) -> anyhow::Result<()> {
    detect(metadata)?;
    copy(metadata, output)?;
    if source.join("META-INF").exists() {
        copy(&source.join("META-INF"), &output.join("META-INF"))?;
    }
    let path = source.join(CONNECTION);
    let connection: Connection = serde_json::from_slice(&read(&path)?).with_context(|| path.display().to_string())?;
    let config = match config {
        "" => serde_json::Map::new(),
        text => serde_json::from_str(text).with_context(|| format!("{CONFIG_VARIABLE} is not a JSON object"))?,
    };
    let expanded = connection.expand(&config)?;
    write(&output.join(CONNECTION), &serde_json::to_vec(&expanded)?)
}

fn release(output: &Path, release: &Path) -> anyhow::Result<()> {
    let indexes = output.join("META-INF").join("statedb");
    if indexes.exists() {
        copy(&indexes, &release.join("statedb"))?;
    }
    let server = release.join("chaincode").join("server");
    make(&server)?;
    write(&server.join(CONNECTION), &read(&output.join(CONNECTION))?)
}

/// Copies a folder. Links are not followed: the content comes from a package that somebody else made.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    make(to)?;
    let entries = fs::read_dir(from).with_context(|| from.display().to_string())?;
    for entry in entries {
        let entry = entry.with_context(|| from.display().to_string())?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().with_context(|| path.display().to_string())?;
        if kind.is_dir() {
            copy(&path, &target)?;
        } else if kind.is_file() {
            write(&target, &read(&path)?)?;
        }
    }
    Ok(())
}

fn make(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("the folder {} cannot be made", folder.display()))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("the file {} cannot be read", path.display());
    let size = fs::metadata(path).with_context(cannot)?.len();
    if size > LARGEST {
        bail!(
            "the file {} has {size} bytes; at most {LARGEST} are read",
            path.display()
        );
    }
    fs::read(path).with_context(cannot)
}

fn write(path: &Path, contents: &[u8]) -> anyhow::Result<()> {
    fs::write(path, contents).with_context(|| format!("the file {} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folders {
        root: tempfile::TempDir,
    }

    impl Folders {
        fn new(kind: &str, connection: &str) -> Folders {
            let folders = Folders {
                root: tempfile::tempdir().unwrap(),
            };
            for name in ["src", "meta", "out", "release"] {
                fs::create_dir(folders.at(name)).unwrap();
            }
            fs::write(
                folders.at("meta").join("metadata.json"),
                format!(r#"{{"type":"{kind}","label":"b"}}"#),
            )
            .unwrap();
            fs::write(folders.at("src").join(CONNECTION), connection).unwrap();
            folders
        }

        fn at(&self, name: &str) -> PathBuf {
            self.root.path().join(name)
        }
    }

    #[test]
    fn only_packages_of_chaincode_as_a_service_are_detected() {
        let ccaas = Folders::new("CCaaS", "{}");
        let node = Folders::new("node", "{}");

        assert!(detect(&ccaas.at("meta")).is_ok());
        let refused = detect(&node.at("meta")).unwrap_err().to_string();
        assert_eq!(refused, "chaincode type should be ccaas, it is node");
    }

    #[test]
    fn a_built_package_is_released_with_its_connection_and_its_indexes() {
        let folders = Folders::new("ccaas", r#"{"address":"{{.address}}","dial_timeout":"10s"}"#);
        let indexes = folders.at("src").join("META-INF/statedb/couchdb/indexes");
        fs::create_dir_all(&indexes).unwrap();
        fs::write(indexes.join("owner.json"), "{}").unwrap();

        let config = r#"{"address":"basic:9999"}"#;
        build(&folders.at("src"), &folders.at("meta"), &folders.at("out"), config).unwrap();
        release(&folders.at("out"), &folders.at("release")).unwrap();

        let released = fs::read(folders.at("release").join("chaincode/server").join(CONNECTION)).unwrap();
        let connection: Connection = serde_json::from_slice(&released).unwrap();
        let expected = Connection {
            address: "basic:9999".into(),
            dial_timeout: "10s".into(),
            ..Connection::default()
        };
        assert_eq!(connection, expected);
        assert!(
            folders
                .at("release")
                .join("statedb/couchdb/indexes/owner.json")
                .is_file()
        );
    }

    #[test]
    fn a_template_without_its_value_is_an_error() {
        let folders = Folders::new("ccaas", r#"{"address":"{{.address}}"}"#);

        assert!(build(&folders.at("src"), &folders.at("meta"), &folders.at("out"), "{}").is_err());
    }
}

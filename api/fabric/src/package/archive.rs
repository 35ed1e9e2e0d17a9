//! The tar.gz files of which a package is made, and the one inside it.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};

use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};

use super::PackageError;

/// A package travels in one gRPC message; what it unpacks to is held in memory as well.
const MAX_UNPACKED: u64 = 100 * 1024 * 1024;
const MAX_FILES: usize = 10_000;

/// The regular files of a tar.gz by name. Anything else in it is refused, as the stock peer does.
pub(super) fn files(archive: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, PackageError> {
    let not_gzip = |error: std::io::Error| {
        // In Go's words: the peer's answer carries them.
        let reason = match error.kind() {
            ErrorKind::UnexpectedEof => "unexpected EOF".to_owned(),
            ErrorKind::InvalidInput => "gzip: invalid header".to_owned(),
            _ => error.to_string(),
        };
        PackageError(format!("error reading as gzip stream: {reason}"))
    };
    let mut plain = Vec::new();
    GzDecoder::new(archive)
        .take(MAX_UNPACKED + 1)
        .read_to_end(&mut plain)
        .map_err(not_gzip)?;
    if plain.len() as u64 > MAX_UNPACKED {
        return Err(PackageError(format!(
            "the package unpacks to more than {MAX_UNPACKED} bytes"
        )));
    }
    let not_tar = |error: std::io::Error| PackageError(format!("error inspecting next tar header: {error}"));
    let mut found = BTreeMap::new();
    for entry in tar::Archive::new(&plain[..]).entries().map_err(not_tar)? {
        let mut entry = entry.map_err(not_tar)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        if !kind.is_file() {
            let kind = char::from(kind.as_byte());
            return Err(PackageError(format!(
                "tar entry {name} is not a regular file, type {kind}"
            )));
        }
        let mut bytes = Vec::new();
        entry
            .read_to_end(&mut bytes)
            .map_err(|error| PackageError(format!("could not read {name} from tar: {error}")))?;
        found.insert(name, bytes);
        if found.len() > MAX_FILES {
            return Err(PackageError(format!("the package holds more than {MAX_FILES} files")));
        }
    }
    Ok(found)
}

/// A tar.gz that depends on nothing but `files` and their order. It is stored uncompressed: a package's id is the hash
/// of its bytes, and another version of a compressor would give the same chaincode another id.
pub(super) fn pack(files: &[(&str, &[u8])]) -> Result<Vec<u8>, PackageError> {
    let failed = |error: std::io::Error| PackageError(format!("the package cannot be written: {error}"));
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_entry_type(tar::EntryType::Regular);
        builder.append_data(&mut header, name, *bytes).map_err(failed)?;
    }
    let plain = builder.into_inner().map_err(failed)?;
    // Operating system 255: unknown.
    let mut gzip = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(Vec::new(), Compression::none());
    gzip.write_all(&plain).map_err(failed)?;
    gzip.finish().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_folders_are_refused() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, "code.tar.gz", "/etc/passwd").unwrap();
        let mut gzip = GzBuilder::new().write(Vec::new(), Compression::fast());
        gzip.write_all(&builder.into_inner().unwrap()).unwrap();

        let refused = files(&gzip.finish().unwrap()).unwrap_err();

        assert_eq!(refused.0, "tar entry code.tar.gz is not a regular file, type 2");
    }

    #[test]
    fn an_archive_that_grows_without_end_is_refused() {
        let mut gzip = GzBuilder::new().write(Vec::new(), Compression::fast());
        let zeros = vec![0; 1 << 20];
        (0..=100).for_each(|_| gzip.write_all(&zeros).unwrap());

        let refused = files(&gzip.finish().unwrap()).unwrap_err();

        assert_eq!(refused.0, "the package unpacks to more than 104857600 bytes");
    }
}

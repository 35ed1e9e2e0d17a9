//! `GET /v1/identities/{name}/bundle`: what an application needs beside its key, in one archive that explains itself.

use std::io::Write as _;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use entente_api::{Identity, Organization};
use flate2::Compression;
use flate2::write::GzEncoder;
use kube::ResourceExt as _;

use super::App;
use super::codes::Code;
use super::extract::Path;
use super::problem::{Problem, ProblemBody};
use super::resources::find;
use crate::access::{Action, Caller};

/// Download an identity's certificate with those that vouch for it.
///
/// A gzipped tar archive in Fabric's MSP layout, with a README that says what each file is and what ends when the
/// certificate does. There is no private key in it: it was shown once, or stays with the platform.
#[utoipa::path(
    get, path = "/v1/identities/{name}/bundle", tag = "identities",
    params(("name" = String, Path, description = "Its name")),
    responses((status = OK, body = Vec<u8>, content_type = "application/gzip", description = "The archive"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn identity_bundle(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let scope = caller.may(Action::ReadIdentities)?;
    let identity: Identity = find(&app, &scope, &name).await?;
    let organization: Organization = find(&app, &scope, &identity.spec.organization).await?;
    let files = files(&identity, &organization).ok_or_else(|| {
        let detail = format!("The certificate of \"{name}\" is not issued yet.");
        Problem::new(Code::Conflict, detail)
    })?;
    let archive = archive(&name, &files).map_err(Problem::internal)?;
    let disposition = format!("attachment; filename=\"{name}.tar.gz\"");
    let headers = [
        (header::CONTENT_TYPE, "application/gzip".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, archive))
}

/// `None` while there is no certificate.
fn files(identity: &Identity, organization: &Organization) -> Option<Vec<(&'static str, String)>> {
    let status = identity.status.as_ref()?;
    let issuer = organization.status.as_ref()?;
    let certificate = status.certificate.clone()?;
    let (ca, tls) = (issuer.ca_certificate.clone()?, issuer.tls_ca_certificate.clone()?);
    let said = |value: &Option<String>| value.clone().unwrap_or_default();
    let expires = status.expire_time.map(|time| time.to_string()).unwrap_or_default();
    let readme = format!(
        "# {name}\n\n\
         An identity of the organization {organization}, MSP id {msp_id}. Serial number {serial}.\n\n\
         | file | |\n|---|---|\n\
         | msp/signcerts/cert.pem | its certificate: public, sent with every transaction |\n\
         | msp/cacerts/ca.pem | the authority that issued it |\n\
         | msp/tlscacerts/tlsca.pem | what to trust when dialling the organization's peers |\n\
         | msp/keystore/ | put the private key here; it is not in this archive |\n\n\
         The certificate is good until {expires}. From then on peers and orderers refuse what it signs, and clients that\n\
         use it stop: renew it before (`POST /v1/identities/{name}:renew`) and download this archive again. The key stays\n\
         the same.\n",
        name = identity.name_any(),
        organization = identity.spec.organization,
        msp_id = said(&status.msp_id),
        serial = said(&status.serial_number),
    );
    Some(vec![
        ("README.md", readme),
        ("msp/signcerts/cert.pem", certificate),
        ("msp/cacerts/ca.pem", ca),
        ("msp/tlscacerts/tlsca.pem", tls),
    ])
}

/// The same bytes for the same files.
fn archive(name: &str, files: &[(&str, String)]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("{name}/{path}"), content.as_bytes())?;
    }
    let mut encoder = archive.into_inner()?;
    encoder.flush()?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read as _;

    use entente_api::identity::IdentityStatus;
    use entente_api::organization::OrganizationStatus;
    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn a_bundle_has_the_certificates_and_says_what_they_are() {
        let mut identity = Identity::new("till-1", Default::default());
        identity.spec.organization = "bank".to_owned();
        identity.status = Some(IdentityStatus {
            msp_id: Some("BankMSP".to_owned()),
            certificate: Some("CERTIFICATE".to_owned()),
            ..Default::default()
        });
        let mut bank = Organization::new("bank", Default::default());
        bank.status = Some(OrganizationStatus {
            ca_certificate: Some("CA".to_owned()),
            tls_ca_certificate: Some("TLSCA".to_owned()),
            ..Default::default()
        });

        let packed = archive("till-1", &files(&identity, &bank).unwrap()).unwrap();

        let mut unpacked = BTreeMap::new();
        for entry in tar::Archive::new(GzDecoder::new(&packed[..])).entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            unpacked.insert(path, content);
        }
        let readme = unpacked.remove("till-1/README.md").unwrap();
        assert!(readme.contains("organization bank, MSP id BankMSP"), "{readme}");
        let expected = [
            ("till-1/msp/cacerts/ca.pem", "CA"),
            ("till-1/msp/signcerts/cert.pem", "CERTIFICATE"),
            ("till-1/msp/tlscacerts/tlsca.pem", "TLSCA"),
        ];
        let expected = expected.map(|(path, content)| (path.to_owned(), content.to_owned()));
        assert_eq!(unpacked, BTreeMap::from(expected));
        identity.status = None;
        assert_eq!(files(&identity, &bank), None);
    }
}

//! Whom the platform trusts when it calls somebody on the internet.

use reqwest::Certificate;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// The roots that browsers trust. What the machine trusts besides counts, too; but the platform's image is empty, and has no
/// roots of its own.
pub fn roots() -> impl Iterator<Item = Certificate> {
    let roots = TLS_SERVER_ROOT_CERTS.iter();
    roots.filter_map(|root| Certificate::from_der(root).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_root_can_be_read() {
        assert_eq!(roots().count(), TLS_SERVER_ROOT_CERTS.len());
    }
}

//! What the authority counts.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Counters, shared by the authorities of one process.
#[derive(Debug, Default)]
pub struct Metrics {
    issued: Family<Vec<(String, String)>, Counter>,
    requests: Family<Vec<(String, String)>, Counter>,
}

impl Metrics {
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "ca_certificates_issued",
            "Certificates issued, by profile",
            self.issued.clone(),
        );
        registry.register(
            "ca_requests",
            "Requests answered, by endpoint and HTTP status",
            self.requests.clone(),
        );
    }

    pub(crate) fn issued(&self, profile: &str) {
        let labels = vec![("profile".to_owned(), profile.to_owned())];
        self.issued.get_or_create(&labels).inc();
    }

    pub(crate) fn answered(&self, endpoint: &str, status: u16) {
        let labels = vec![
            ("endpoint".to_owned(), endpoint.to_owned()),
            ("status".to_owned(), status.to_string()),
        ];
        self.requests.get_or_create(&labels).inc();
    }
}

//! People and programs, as tests make them and act as them.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use entente_api::Tenant;
use entente_operator::registry::Scope;
use serde_json::{Value, json};

use super::{Answer, TestApp};
use crate::access::Role;

pub const PASSWORD: &str = "correct horse battery";

/// Somebody at a browser.
pub struct Person {
    pub cookie: String,
    pub csrf: String,
}

impl TestApp {
    /// A request with nothing of the installation's own.
    pub async fn anonymous(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(
            request
                .header(header::CONTENT_TYPE, "application/json")
                .body(body)
                .unwrap(),
        )
        .await
    }

    pub async fn as_person(&self, person: &Person, method: Method, path: &str, body: Option<Value>) -> Answer {
        let headers = [("cookie", person.cookie.as_str()), ("x-csrf-token", &person.csrf)];
        self.anonymous(method, path, &headers, body).await
    }

    pub async fn with_key(&self, key: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        let authorization = format!("Bearer {key}");
        self.anonymous(method, path, &[("authorization", &authorization)], body)
            .await
    }

    pub async fn tenant_named(&self, name: &str) {
        let answer = self.post("/v1/admin/tenants", json!({"name": name, "spec": {}})).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
        let status = super::ready(1);
        self.registry
            .put_status::<Tenant>(&Scope::All, name, &status)
            .await
            .unwrap();
    }

    /// Makes somebody part of a tenant and signs them in.
    pub async fn person(&self, tenant: &str, role: Role) -> Person {
        let email = format!("{}@{tenant}.example", role.as_str());
        let path = format!("/v1/admin/tenants/{tenant}/invitations");
        let mut invitation = json!({"email": email, "role": role});
        if role.is_on_an_organization() {
            let headers = [("entente-tenant", tenant)];
            let body = json!({"name": "treasury", "spec": {}});
            self.call(Method::POST, "/v1/organizations", &headers, Some(body)).await;
            invitation["organization"] = json!("treasury");
        }
        let invited = self.post(&path, invitation).await;
        assert_eq!(invited.status, StatusCode::CREATED, "{}", invited.text);
        let acceptance = json!({"token": invited.json()["token"], "displayName": "Li Wei", "password": PASSWORD});
        let accepted = self
            .anonymous(Method::POST, "/v1/invitations:accept", &[], Some(acceptance))
            .await;
        assert_eq!(accepted.status, StatusCode::OK, "{}", accepted.text);
        self.signed_in(&email, PASSWORD).await
    }

    pub async fn sign_in(&self, email: &str, password: &str, code: Option<&str>) -> Answer {
        let body = json!({"email": email, "password": password, "code": code});
        self.anonymous(Method::POST, "/v1/session", &[], Some(body)).await
    }

    pub async fn signed_in(&self, email: &str, password: &str) -> Person {
        let answer = self.sign_in(email, password, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        person(&answer)
    }

    /// A key of the default tenant.
    pub async fn key(&self, scopes: &[&str], chains: Option<&[&str]>) -> Value {
        let body = json!({"name": "job", "scopes": scopes, "chains": chains, "validDays": 30});
        let answer = self.post("/v1/api-keys", body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.json()
    }
}

fn person(answer: &Answer) -> Person {
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    Person {
        cookie: cookie.split(';').next().unwrap().to_owned(),
        csrf: answer.json()["csrfToken"].as_str().unwrap().to_owned(),
    }
}

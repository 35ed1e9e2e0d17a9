//! Requests to the platform.

use std::time::Duration;

use futures::{Stream, StreamExt as _};
use reqwest::header::{ACCEPT_LANGUAGE, COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use super::error::CliError;
use super::locale;
use super::locate::Server;
use super::profiles::Credential;
use crate::access::gate::{COOKIE_NAME, CSRF_HEADER};
use crate::operation::Operation;
use crate::rest::problem::ProblemBody;

/// Longer than the platform takes for the slowest answer, a transaction.
const ANSWER_WITHIN: Duration = Duration::from_secs(150);

/// A client of one platform.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    server: Server,
}

impl Client {
    pub fn new(server: Server) -> Result<Client, CliError> {
        let url = server.url.trim_end_matches('/').to_owned();
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(CliError::usage(format!(
                "\"{url}\" is not an address; write http://host:port"
            )));
        }
        // Only what the platform itself tells people comes in their language.
        let language = locale::accepted().and_then(|language| HeaderValue::from_str(&language).ok());
        let headers: HeaderMap = language
            .map(|language| (ACCEPT_LANGUAGE, language))
            .into_iter()
            .collect();
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .connect_timeout(Duration::from_secs(5))
            .no_proxy()
            .build()
            .map_err(|error| CliError::failed(format!("no connections can be made: {error}")))?;
        Ok(Client {
            http,
            server: Server { url, ..server },
        })
    }

    pub fn url(&self) -> &str {
        &self.server.url
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.server.url));
        match &self.server.credential {
            Some(Credential::Token(token)) => request.bearer_auth(token),
            Some(Credential::Session { cookie, csrf_token }) => request
                .header(COOKIE, format!("{COOKIE_NAME}={cookie}"))
                .header(CSRF_HEADER, csrf_token),
            None => request,
        }
    }

    /// Signs a user in.
    pub async fn sign_in(&self, body: &Value) -> Result<Credential, CliError> {
        let request = self.request(Method::POST, "/v1/session").json(body);
        let response = self.send(request.timeout(ANSWER_WITHIN)).await?;
        let cookies = response.headers().get_all(SET_COOKIE).iter();
        let cookie = cookies
            .filter_map(|value| value.to_str().ok()?.split(';').next()?.split_once('='))
            .find_map(|(name, value)| (name == COOKIE_NAME).then(|| value.to_owned()));
        let session: Value = response
            .json()
            .await
            .map_err(|error| CliError::failed(format!("the answer cannot be read: {error}")))?;
        match (cookie, session["csrfToken"].as_str()) {
            (Some(cookie), Some(csrf_token)) => Ok(Credential::Session {
                cookie,
                csrf_token: csrf_token.to_owned(),
            }),
            _ => Err(CliError::failed("the platform has answered without a session")),
        }
    }

    /// Signs the user out.
    pub async fn end_session(&self) -> Result<(), CliError> {
        let request = self.request(Method::DELETE, "/v1/session");
        self.send(request.timeout(ANSWER_WITHIN)).await.map(drop)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, CliError> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let text = response.text().await.map_err(|error| self.unreachable(&error))?;
        match serde_json::from_str::<ProblemBody>(&text) {
            Ok(problem) => Err(CliError::Problem(Box::new(problem))),
            Err(_) => Err(CliError::failed(format!(
                "{} answers {status}; is it an Entente platform?",
                self.server.url
            ))),
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> CliError {
        if error.is_timeout() {
            return CliError::Timeout {
                what: format!("{} did not answer", self.server.url),
            };
        }
        // The innermost cause is the one that tells: "Connection refused".
        let mut reason: &dyn std::error::Error = error;
        while let Some(cause) = reason.source() {
            reason = cause;
        }
        CliError::Unreachable {
            server: self.server.url.clone(),
            reason: reason.to_string(),
        }
    }

    async fn json(&self, request: RequestBuilder) -> Result<Value, CliError> {
        let response = self.send(request.timeout(ANSWER_WITHIN)).await?;
        response
            .json()
            .await
            .map_err(|error| CliError::failed(format!("the answer cannot be read: {error}")))
    }

    pub async fn get(&self, path: &str) -> Result<Value, CliError> {
        self.json(self.request(Method::GET, path)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Result<Value, CliError> {
        self.json(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, CliError> {
        // A key of its own, so that a proxy that repeats the request does not repeat its effect.
        let key = uuid::Uuid::new_v4().to_string();
        self.json(
            self.request(Method::POST, path)
                .header("idempotency-key", key)
                .json(body),
        )
        .await
    }

    pub async fn delete(&self, path: &str) -> Result<Value, CliError> {
        self.json(self.request(Method::DELETE, path)).await
    }

    pub async fn text(&self, path: &str) -> Result<String, CliError> {
        let response = self
            .send(self.request(Method::GET, path).timeout(ANSWER_WITHIN))
            .await?;
        response.text().await.map_err(|error| self.unreachable(&error))
    }

    pub async fn bytes(&self, path: &str) -> Result<Vec<u8>, CliError> {
        let response = self
            .send(self.request(Method::GET, path).timeout(ANSWER_WITHIN))
            .await?;
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        Ok(bytes.to_vec())
    }

    /// All items of a list, page by page.
    pub async fn list(&self, path: &str) -> Result<Vec<Value>, CliError> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut token = String::new();
        loop {
            let page = self.get(&format!("{path}{separator}pageSize=200{token}")).await?;
            items.extend(page["items"].as_array().cloned().unwrap_or_default());
            match page["nextPageToken"].as_str() {
                Some(next) => token = format!("&pageToken={next}"),
                None => return Ok(items),
            }
        }
    }

    /// Waits for news of an operation, at most `within`.
    pub async fn wait(&self, id: &str, revision: i64, within: Duration) -> Result<Operation, CliError> {
        let milliseconds = within.as_millis().max(1);
        let path = format!("/v1/operations/{id}:wait?timeout={milliseconds}ms&revision={revision}");
        let operation = self.get(&path).await?;
        serde_json::from_value(operation)
            .map_err(|error| CliError::failed(format!("the operation cannot be read: {error}")))
    }

    /// The data of server-sent events, as they come.
    pub async fn events(&self, path: &str) -> Result<impl Stream<Item = Result<String, CliError>>, CliError> {
        let response = self.send(self.request(Method::GET, path)).await?;
        let client = self.clone();
        let mut bytes = response.bytes_stream();
        Ok(async_stream::try_stream! {
            let mut pending = Vec::new();
            while let Some(chunk) = bytes.next().await {
                let chunk = chunk.map_err(|error| client.unreachable(&error))?;
                pending.extend_from_slice(&chunk);
                while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = pending.drain(..=end).collect();
                    let line = String::from_utf8_lossy(&line);
                    if let Some(data) = line.trim_end_matches(['\r', '\n']).strip_prefix("data: ") {
                        yield data.to_owned();
                    }
                }
            }
        })
    }
}

//! A real OpenID provider (npm `oidc-provider`), and a browser to sign in with.

use std::collections::{BTreeMap, HashMap};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Method, StatusCode, Url};
use tokio::process::{Child, Command};

use crate::{clients, platform, wait};

const PATIENCE: Duration = Duration::from_secs(60);

/// The provider, running or between two runs.
pub struct Provider {
    pub port: u16,
    process: Option<Child>,
}

impl Provider {
    /// A provider that does not run yet.
    pub fn new() -> anyhow::Result<Provider> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Provider { port, process: None })
    }

    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts it, with keys that nobody has seen before.
    pub async fn start(&mut self, redirect: &str, secret: &str) -> anyhow::Result<()> {
        self.stop().await?;
        let folder = clients::folder("oidc")?;
        let process = Command::new(folder.join("node_modules/.bin/node"))
            .arg("provider.mjs")
            .current_dir(&folder)
            .env("PORT", self.port.to_string())
            .env("REDIRECT", redirect)
            .env("SECRET", secret)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("starting the OpenID provider")?;
        self.process = Some(process);
        let discovery = format!("{}/.well-known/openid-configuration", self.issuer());
        let http = platform::http_client();
        wait::until("the OpenID provider to answer", PATIENCE, async || {
            http.get(&discovery).send().await.ok()
        })
        .await;
        Ok(())
    }

    pub async fn stop(&mut self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill().await?;
        }
        Ok(())
    }
}

/// Goes where it is sent, and keeps each site's cookies.
pub struct Browser {
    http: reqwest::Client,
    cookies: HashMap<u16, BTreeMap<String, String>>,
}

/// Where a browser has arrived.
#[derive(Debug)]
pub struct Page {
    pub url: Url,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Page {
    /// Status and code of a problem.
    pub fn problem(&self) -> (u16, String) {
        let body: serde_json::Value = serde_json::from_str(&self.text).unwrap_or_default();
        (
            self.status.as_u16(),
            body["code"].as_str().unwrap_or_default().to_owned(),
        )
    }

    /// The address that its form is sent to.
    fn form(&self) -> anyhow::Result<Url> {
        let action = self
            .text
            .split("action=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let action = action.with_context(|| format!("a form in {}", self.text))?;
        Ok(self.url.join(action)?)
    }
}

impl Default for Browser {
    fn default() -> Browser {
        platform::http_client();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        Browser {
            http: http.build().expect("a client without settings of its own"),
            cookies: HashMap::new(),
        }
    }
}

impl Browser {
    /// One request, without following where it leads.
    pub async fn send(
        &mut self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        form: &str,
    ) -> anyhow::Result<Page> {
        let url = Url::parse(url)?;
        let site = self.cookies.entry(url.port().unwrap_or_default()).or_default();
        let cookies: Vec<String> = site.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self
            .http
            .request(method, url.clone())
            .header(COOKIE, cookies.join("; "));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !form.is_empty() {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form.to_owned());
        }
        let answer = request.send().await?;
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').unwrap_or_default();
            match value {
                "" => site.remove(name),
                value => site.insert(name.to_owned(), value.to_owned()),
            };
        }
        Ok(Page {
            url,
            status: answer.status(),
            headers: answer.headers().clone(),
            text: answer.text().await?,
        })
    }

    pub async fn get(&mut self, url: &str) -> anyhow::Result<Page> {
        self.send(Method::GET, url, &[], "").await
    }

    /// Follows redirects from a page, until one leads to an address that begins with `end`: that one is given, and not
    /// gone to.
    async fn follow(&mut self, mut page: Page, end: &str) -> anyhow::Result<Result<String, Page>> {
        for _ in 0..20 {
            let Some(location) = page.headers.get(LOCATION) else {
                return Ok(Err(page));
            };
            let location = page.url.join(location.to_str()?)?;
            if location.as_str().starts_with(end) {
                return Ok(Ok(location.into()));
            }
            page = self.get(location.as_str()).await?;
        }
        bail!("redirected without end, at last by {}", page.url)
    }

    /// Begins a sign-in at a platform and signs in at its provider; gives the address that leads back to the platform.
    pub async fn sign_in(&mut self, platform: &str, login: &str) -> anyhow::Result<String> {
        let mut page = self.get(&format!("{platform}/v1/sign-in/oidc")).await?;
        ensure!(page.status == StatusCode::SEE_OTHER, "{}: {}", page.status, page.text);
        // The provider asks who it is, then whether they agree.
        for form in [
            format!("prompt=login&login={login}&password=x"),
            "prompt=consent".to_owned(),
        ] {
            page = match self.follow(page, platform).await? {
                Ok(back) => return Ok(back),
                Err(asked) => self.send(Method::POST, asked.form()?.as_str(), &[], &form).await?,
            };
        }
        match self.follow(page, platform).await? {
            Ok(back) => Ok(back),
            Err(page) => bail!("the provider did not lead back: {}: {}", page.status, page.text),
        }
    }
}

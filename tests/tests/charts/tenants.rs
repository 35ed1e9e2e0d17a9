//! Tenants of an installation that have no `kubectl`: what they ask for by REST comes about in a namespace of their own.

use anyhow::{Context as _, ensure};
use entente_tests::cluster::{Cluster, Namespace};
use entente_tests::{platform, wait};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::release::{PATIENCE, SOON};

const PASSWORD: &str = "correct horse battery staple";

/// Who asks.
#[derive(Clone)]
pub enum Who {
    Bearer(String),
    Person { cookie: String, csrf: String },
    Stranger,
}

/// The installation's REST API.
pub struct Rest {
    url: String,
    http: reqwest::Client,
}

impl Rest {
    pub fn of(system: &Namespace) -> Rest {
        Rest {
            url: format!("http://entente-api.{}.svc.cluster.local", system.name()),
            http: platform::http_client(),
        }
    }

    async fn send(
        &self,
        who: &Who,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<reqwest::Response> {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let request = match who {
            Who::Bearer(token) => request.bearer_auth(token),
            Who::Person { cookie, csrf } => request.header("Cookie", cookie).header("X-CSRF-Token", csrf),
            Who::Stranger => request,
        };
        let request = body.iter().fold(request, |request, body| request.json(body));
        Ok(request.send().await?)
    }

    /// The status of an answer, and what it says.
    pub async fn call(
        &self,
        who: &Who,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let answer = self.send(who, method, path, body).await?;
        let status = answer.status();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    async fn post(&self, who: &Who, path: &str, body: Value) -> anyhow::Result<Value> {
        let (status, answer) = self.call(who, Method::POST, path, Some(body)).await?;
        ensure!(status.is_success(), "POST {path}: {status} {answer:#}");
        Ok(answer)
    }

    /// Waits until what an answer has begun is done.
    async fn done(&self, who: &Who, answer: &Value) -> anyhow::Result<()> {
        let operation = answer["operation"]["id"].as_str().context("an operation has begun")?;
        let path = format!("/v1/operations/{operation}:wait?timeout=60s");
        wait::until("the operation to end", SOON, async || {
            let (_, operation) = self.call(who, Method::GET, &path, None).await.ok()?;
            (operation["state"] == "succeeded").then_some(())
        })
        .await;
        Ok(())
    }

    /// Makes a tenant, and gives its first owner, signed in.
    pub async fn tenant(&self, platform: &Who, name: &str) -> anyhow::Result<Who> {
        let made = self
            .post(platform, "/v1/admin/tenants", json!({"name": name, "spec": {}}))
            .await?;
        self.done(platform, &made).await?;
        let path = format!("/v1/admin/tenants/{name}/invitations");
        let email = format!("owner@{name}.example");
        let invited = self
            .post(platform, &path, json!({"email": email, "role": "owner"}))
            .await?;
        let acceptance = json!({"token": invited["token"], "displayName": "Li Wei", "password": PASSWORD});
        self.post(&Who::Stranger, "/v1/invitations:accept", acceptance).await?;
        let sign_in = json!({"email": email, "password": PASSWORD});
        let answer = self
            .send(&Who::Stranger, Method::POST, "/v1/session", Some(sign_in))
            .await?
            .error_for_status()?;
        let cookie = answer
            .headers()
            .get("Set-Cookie")
            .context("a session has a cookie")?
            .to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let session: Value = serde_json::from_str(&answer.text().await?)?;
        let csrf = session["csrfToken"]
            .as_str()
            .context("a session has a token")?
            .to_owned();
        Ok(Who::Person { cookie, csrf })
    }
}

/// Two tenants, made by REST.
pub struct Tenants {
    pub bureau: String,
    pub owner: Who,
    rival: String,
    rival_owner: Who,
}

/// The owner of one tenant makes an organization and a chain, which the owner of the other does not find.
pub async fn work_by_rest_alone(cluster: &Cluster, rest: &Rest, platform: &Who) -> anyhow::Result<Tenants> {
    let [bureau, rival] = ["bureau", "rival"].map(|name| format!("{name}-{}", std::process::id()));
    let tenants = Tenants {
        owner: rest.tenant(platform, &bureau).await?,
        rival_owner: rest.tenant(platform, &rival).await?,
        bureau,
        rival,
    };
    let Tenants {
        bureau,
        owner,
        rival_owner,
        ..
    } = &tenants;

    let organization = json!({"name": "tax", "spec": {"displayName": "Tax Bureau"}});
    let made = rest.post(owner, "/v1/organizations", organization).await?;
    rest.done(owner, &made).await?;
    let chain = json!({"name": "ledger", "spec": {
        "members": [{"organization": "tax"}], "ordering": {"replicas": 1}, "deletionPolicy": "Delete",
        "contracts": [{"name": "evidence", "template": "evidence"}],
    }});
    let made = rest.post(owner, "/v1/chains", chain).await?;
    rest.done(owner, &made).await?;
    let seen = cluster
        .kubectl(&["--namespace", bureau, "get", "chains,pods", "--output=name"])
        .await?;
    let (found, ours) = rest.call(owner, Method::GET, "/v1/chains/ledger", None).await?;
    let (hidden, theirs) = rest.call(rival_owner, Method::GET, "/v1/chains/ledger", None).await?;
    let path = "/v1/chains/ledger/nodes/peer0-tax/logs?tail=1";
    let (logged, log) = rest.call(owner, Method::GET, path, None).await?;
    let certify = json!({"function": "Certify", "arguments": ["0".repeat(64), "a note"]});
    let path = "/v1/chains/ledger/channels/main/contracts/evidence:submit";
    rest.post(owner, path, certify).await?;

    assert!(seen.starts_with("chain.entente.dev/ledger\n"), "{seen}");
    assert!(seen.contains("pod/ledger-peer0-tax-0\n"), "{seen}");
    assert_eq!((found, &ours["state"]), (StatusCode::OK, &json!("ready")), "{ours:#}");
    assert_eq!((hidden, &theirs["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
    assert_eq!(logged, StatusCode::OK, "{log:#}");
    Ok(tenants)
}

/// The tenant lets a ServiceAccount of its namespace in, by the token that the cluster makes for it.
pub async fn let_a_service_account_in(cluster: &Cluster, rest: &Rest, tenants: &Tenants) -> anyhow::Result<()> {
    let Tenants { bureau, owner, .. } = tenants;
    let namespace = ["--namespace", bureau];
    let kubectl = async |args: &[&str]| cluster.kubectl(&[&namespace[..], args].concat()).await;
    kubectl(&["create", "serviceaccount", "job"]).await?;
    let token = async |audience: &[&str]| {
        let made = kubectl(&[&["create", "token", "job"], audience].concat()).await?;
        anyhow::Ok(Who::Bearer(made.trim().to_owned()))
    };
    let (ours, the_clusters) = (token(&["--audience", "entente"]).await?, token(&[]).await?);
    let chain = async |who: &Who| {
        let (status, answer) = rest.call(who, Method::GET, "/v1/chains/ledger", None).await?;
        anyhow::Ok((status, answer["name"].clone()))
    };

    let before = chain(&ours).await?;
    let body = json!({"name": "job", "role": "auditor"});
    let made = rest.post(owner, "/v1/service-accounts", body).await?;
    let found = chain(&ours).await?;
    let beyond = rest.call(&ours, Method::DELETE, "/v1/chains/ledger", None).await?;
    let for_another = chain(&the_clusters).await?;
    let path = format!("/v1/service-accounts/{}", made["id"].as_str().context("it has an id")?);
    rest.call(owner, Method::DELETE, &path, None).await?;
    let after = chain(&ours).await?;

    let refused = (StatusCode::UNAUTHORIZED, Value::Null);
    assert_eq!((&before, &for_another, &after), (&refused, &refused, &refused));
    assert_eq!(found, (StatusCode::OK, json!("ledger")));
    assert_eq!(beyond.0, StatusCode::FORBIDDEN);
    Ok(())
}

/// As if an operator had made the tenant's namespace that let no API in.
pub async fn shut_the_api_out(cluster: &Cluster, system: &Namespace, tenants: &Tenants) -> anyhow::Result<()> {
    let binding = binding(system);
    let delete = ["--namespace", &tenants.bureau, "delete", "rolebinding", &binding];
    cluster.kubectl(&delete).await.map(drop)
}

/// An installation that is upgraded lets the API into the namespaces of the tenants that it finds.
pub async fn the_api_is_let_in(cluster: &Cluster, system: &Namespace, tenants: &Tenants) -> anyhow::Result<()> {
    let binding = binding(system);
    let get = ["--namespace", &tenants.bureau, "get", "rolebinding", &binding];
    wait::until("the API to be let in again", SOON, async || {
        cluster.kubectl(&get).await.ok()
    })
    .await;
    Ok(())
}

fn binding(system: &Namespace) -> String {
    format!("{}:entente-api:tenant", system.name())
}

/// What a tenant has had of the API's rights is taken away with it.
pub async fn leave(cluster: &Cluster, rest: &Rest, platform: &Who, tenants: Tenants) -> anyhow::Result<()> {
    let Tenants {
        bureau, owner, rival, ..
    } = tenants;
    for path in ["/v1/chains/ledger?force=true", "/v1/organizations/tax"] {
        let (status, answer) = rest.call(&owner, Method::DELETE, path, None).await?;
        ensure!(status.is_success(), "DELETE {path}: {status} {answer:#}");
        rest.done(&owner, &answer).await?;
    }
    for name in [&bureau, &rival] {
        let path = format!("/v1/admin/tenants/{name}");
        let (status, answer) = rest.call(platform, Method::DELETE, &path, None).await?;
        ensure!(status.is_success(), "DELETE {path}: {status} {answer:#}");
        cluster
            .kubectl(&["wait", "--for=delete", PATIENCE, &format!("tenant/{name}")])
            .await?;
        let left = ["--namespace", name, "get", "rolebindings", "--output=name"];
        assert_eq!(cluster.kubectl(&left).await?, "");
        cluster.kubectl(&["delete", "namespace", name, "--wait=false"]).await?;
    }
    Ok(())
}

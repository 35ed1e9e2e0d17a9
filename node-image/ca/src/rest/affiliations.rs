//! `affiliations`.

use axum::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::Call;
use super::envelope::Answer;
use crate::affiliation::{self, Tree};
use crate::attribute;
use crate::authority::Reason;
use crate::identity::Identity;
use crate::refusal::{Refusal, code};
use crate::store::affiliations::Touched;

#[derive(Deserialize)]
struct NameBody {
    #[serde(default)]
    name: String,
}

pub async fn serve(call: &Call) -> Result<Answer, Refusal> {
    let (caller, _) = call.caller().await?;
    caller.has_role(attribute::AFFILIATION_MANAGER)?;
    match (&call.method, call.id.as_str()) {
        (&Method::GET, "") => list(call, &caller).await,
        (&Method::POST, _) => add(call, &caller).await,
        (&Method::GET, name) => get(call, &caller, name).await,
        (&Method::PUT, name) => rename(call, &caller, name).await,
        (_, name) => remove(call, &caller, name).await,
    }
}

async fn list(call: &Call, caller: &Identity) -> Result<Answer, Refusal> {
    let names = call.ca.store().affiliations_within(&caller.affiliation).await?;
    let tree = affiliation::tree(&names, &[])
        .ok_or_else(|| Refusal::new(404, code::AFFILIATION, "No affiliations are configured on the CA"))?;
    Ok(Answer::ok(shown(call, Some(tree))))
}

async fn get(call: &Call, caller: &Identity, name: &str) -> Result<Answer, Refusal> {
    caller.must_contain(name)?;
    must_exist(call, name).await?;
    let names = call.ca.store().affiliations_within(name).await?;
    Ok(Answer::ok(shown(call, affiliation::tree(&names, &[]))))
}

async fn add(call: &Call, caller: &Identity) -> Result<Answer, Refusal> {
    let body: NameBody = call.body()?;
    let refused = |status, message: String| Refusal::new(status, code::ADD_AFFILIATION, message);
    affiliation::check(&body.name).map_err(|reason| refused(400, reason))?;
    if call.ca.store().has_affiliation(&body.name).await? {
        return Err(refused(409, "Affiliation already exists".to_owned()));
    }
    caller.must_contain(&body.name)?;
    if !call.switch("force")?
        && let Some(parent) = affiliation::parent(&body.name)
        && !call.ca.store().has_affiliation(parent).await?
    {
        let message = "Parent affiliation does not exist, 'force' option required on request to add affiliation";
        return Err(refused(400, message.to_owned()));
    }
    let path = affiliation::path(&body.name);
    call.ca.store().insert_affiliations(&path).await?;
    Ok(Answer::created(json!({ "name": body.name, "caname": call.name() })))
}

async fn rename(call: &Call, caller: &Identity, name: &str) -> Result<Answer, Refusal> {
    let body: NameBody = call.body()?;
    let refused = |status, message: String| Refusal::new(status, code::MODIFY_AFFILIATION, message);
    affiliation::check(&body.name).map_err(|reason| refused(400, reason))?;
    caller.must_contain(name)?;
    caller.must_contain(&body.name)?;
    must_exist(call, name).await?;
    if call.ca.store().has_affiliation(&body.name).await? {
        return Err(refused(400, format!("Affiliation '{}' already exists", body.name)));
    }
    let force = call.switch("force")?;
    let is_registrar = caller.manages().is_some();
    let allowed = |touched: &Touched| {
        if touched.identities.is_empty() {
            return Ok(());
        }
        if !is_registrar {
            let message = "Modifying affiliation affects identities, but caller is not a registrar";
            return Err(Refusal::authorization(code::NOT_A_REGISTRAR, message));
        }
        match force {
            true => Ok(()),
            false => Err(refused(
                400,
                format!(
                    "The request to modify affiliation '{name}' has the following identities associated: {}. Need to use 'force' to remove identities and affiliation",
                    ids(touched)
                ),
            )),
        }
    };
    let touched = call.ca.store().rename_affiliation(name, &body.name, allowed).await?;
    Ok(Answer::ok(shown(call, touched.tree())))
}

async fn remove(call: &Call, caller: &Identity, name: &str) -> Result<Answer, Refusal> {
    let refused = |message: String| Refusal::authorization(code::REMOVE_AFFILIATION, message);
    let settings = call.ca.settings();
    if !settings.allow_remove_affiliations {
        return Err(refused("Affiliation removal is disabled".to_owned()));
    }
    if caller.affiliation == name {
        return Err(refused(format!(
            "Can't remove affiliation '{name}': it is the caller's own"
        )));
    }
    caller.must_contain(name)?;
    must_exist(call, name).await?;
    let force = call.switch("force")?;
    let is_registrar = caller.manages().is_some();
    let allowed = |touched: &Touched| {
        let has_identities = !touched.identities.is_empty();
        if has_identities && !is_registrar {
            let message = "Removing affiliation affects identities, but caller is not a registrar";
            return Err(refused(message.to_owned()));
        }
        if has_identities && !settings.allow_remove_identities {
            return Err(refused("Identity removal is not allowed on server".to_owned()));
        }
        match force || !has_identities && touched.affiliations.len() == 1 {
            true => Ok(()),
            false => Err(refused(format!(
                "'{name}' has affiliations below it or identities ({}): 'force' removes them with it",
                ids(touched)
            ))),
        }
    };
    let reason = Reason::AffiliationChanged.code();
    let when = (reason, call.ca.now());
    let touched = call.ca.store().remove_affiliation(name, when, allowed).await?;
    call.ca.has_revoked();
    Ok(Answer::ok(shown(call, touched.tree())))
}

async fn must_exist(call: &Call, name: &str) -> Result<(), Refusal> {
    match call.ca.store().has_affiliation(name).await? {
        true => Ok(()),
        false => Err(Refusal::new(
            404,
            code::NOT_FOUND,
            format!("Failed to get affiliation: there is none named '{name}'"),
        )),
    }
}

fn ids(touched: &Touched) -> String {
    let ids: Vec<&str> = touched.identities.iter().map(|identity| identity.id.as_str()).collect();
    ids.join(",")
}

fn shown(call: &Call, tree: Option<Tree>) -> Value {
    let mut shown = json!(tree.unwrap_or_default());
    shown["caname"] = call.name().into();
    shown
}

//! `/v1/organizations/{name}/record` and `/v1/admin/organization-records`: which legal party an organization is.
//!
//! submitted by the organization's tenant → approved, or refused with a reason, by an operator of the platform. An
//! installation that asks for it lets an organization into no chain before that ([`require`]).

use axum::extract::State;
use entente_api::Organization;
use entente_api::time::Time;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::codes::Code;
use super::extract::{Json, Path, Query};
use super::kind::Kind;
use super::page::{Page, PageQuery};
use super::problem::{FieldError, Problem, ProblemBody};
use super::request_id;
use super::resources::find;
use crate::access::{Action, Caller, PlatformScope, TenantScope};
use crate::store::records::{self, RealName, Record, RecordState};

const MOST_DOCUMENTS: usize = 20;
const NOTED_AT_ONCE: usize = 200;

/// Read an organization's record.
#[utoipa::path(
    get, path = "/v1/organizations/{name}/record", tag = "organizations",
    params(("name" = String, Path, description = "Name of the organization")),
    responses((status = OK, body = Record), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn record_get(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<axum::Json<Record>, Problem> {
    let scope = caller.may(Action::ReadOrganizations)?;
    let organization: Organization = find(&app, &scope, &name).await?;
    of(&app, &scope, &organization).await
}

async fn of(app: &App, scope: &TenantScope, organization: &Organization) -> Result<axum::Json<Record>, Problem> {
    let record = records::get(&app.db, scope, uid(organization)).await?;
    record.map(axum::Json).ok_or_else(|| {
        let name = organization.metadata.name.as_deref().unwrap_or_default();
        Problem::not_found("record of the organization", name)
    })
}

/// Submit an organization's record.
///
/// An operator of the platform approves or refuses it. What was decided about the one before no longer counts.
#[utoipa::path(
    put, path = "/v1/organizations/{name}/record", tag = "organizations",
    params(("name" = String, Path, description = "Name of the organization")), request_body = RealName,
    responses((status = OK, body = Record), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn record_put(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<RealName>,
) -> Result<axum::Json<Record>, Problem> {
    let scope = caller.may(Action::WriteOrganizations)?;
    Problem::unless_valid(check(&body))?;
    let organization: Organization = find(&app, &scope, &name).await?;
    let uid = uid(&organization);
    let old = records::get(&app.db, &scope, uid).await?;
    if let Some(old) = old.filter(|old| old.content == body && old.state != RecordState::Refused) {
        return Ok(axum::Json(old));
    }
    let by = caller.actor.to_string();
    records::submit(&app.db, &scope, (uid, &name), &body, &by, Time::now()).await?;
    request_id::current().note.after(&body);
    let record = of(&app, &scope, &organization).await?;
    let platform = PlatformScope::for_background_task("what was approved before no longer counts");
    app.resources.note_record(&platform, &record).await?;
    Ok(record)
}

/// Which records to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct RecordQuery {
    /// Only those that stand there.
    #[param(inline)]
    pub state: Option<RecordState>,
}

/// List the records of every tenant's organizations.
#[utoipa::path(
    get, path = "/v1/admin/organization-records", tag = "tenants", params(RecordQuery, PageQuery),
    responses((status = OK, body = Page<Record>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn record_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<RecordQuery>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<Record>>, Problem> {
    let platform = caller.may_on_the_platform(Action::CheckRecords)?;
    let state = query.state.map_or("", RecordState::as_str);
    let window = page.window(&format!("organization-records {state}"))?;
    let after = window.after.as_deref();
    let mut found = records::list(&app.db, &platform, query.state, after, window.size + 1).await?;
    Ok(axum::Json(window.close(&mut found, |record| record.uid.clone())))
}

/// What was looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approval {
    /// The record's revision.
    #[schema(example = 1)]
    pub revision: i64,
}

/// Approve an organization's record.
#[utoipa::path(
    post, path = "/v1/admin/organization-records/{uid}:approve", tag = "tenants",
    params(("uid" = String, Path, description = "The organization's uid")), request_body = Approval,
    responses((status = OK, body = Record), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn record_approve(
    State(app): State<App>,
    caller: Caller,
    Path(uid): Path<String>,
    Json(body): Json<Approval>,
) -> Result<axum::Json<Record>, Problem> {
    decide(&app, &caller, (&uid, body.revision), None).await
}

/// What was looked at, and what is wrong with it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordRefusal {
    /// The record's revision.
    #[schema(example = 1)]
    pub revision: i64,
    /// Why, for whoever has submitted it.
    #[schema(example = "The registration number is another company's.")]
    pub reason: String,
}

/// Refuse an organization's record.
#[utoipa::path(
    post, path = "/v1/admin/organization-records/{uid}:refuse", tag = "tenants",
    params(("uid" = String, Path, description = "The organization's uid")), request_body = RecordRefusal,
    responses((status = OK, body = Record), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn record_refuse(
    State(app): State<App>,
    caller: Caller,
    Path(uid): Path<String>,
    Json(body): Json<RecordRefusal>,
) -> Result<axum::Json<Record>, Problem> {
    if let Some(error) = text("/reason", &body.reason, 1000) {
        return Err(Problem::invalid(vec![error]));
    }
    decide(&app, &caller, (&uid, body.revision), Some(&body.reason)).await
}

async fn decide(
    app: &App,
    caller: &Caller,
    (uid, revision): (&str, i64),
    refusal: Option<&str>,
) -> Result<axum::Json<Record>, Problem> {
    let platform = caller.may_on_the_platform(Action::CheckRecords)?;
    let missing = || Problem::not_found("record of an organization", uid);
    let before = records::find(&app.db, &platform, uid).await?.ok_or_else(missing)?;
    let note = request_id::current().note;
    note.before(&before);
    let by = caller.actor.to_string();
    if !records::decide(&app.db, &platform, (uid, revision), refusal, &by, Time::now()).await? {
        let detail = format!("The record is at revision {}, not {revision}.", before.revision);
        return Err(Problem::new(Code::Conflict, detail));
    }
    let after = records::find(&app.db, &platform, uid).await?.ok_or_else(missing)?;
    note.after(&after);
    app.resources.note_record(&platform, &after).await?;
    Ok(axum::Json(after))
}

/// Notes every record's approval on its organization, where that was interrupted or not asked for before.
///
/// # Errors
/// When the database or the registry does not answer; the rest is noted the next time.
pub async fn note_all(app: &App) -> Result<(), Problem> {
    let platform = PlatformScope::for_background_task("approvals of every tenant's records");
    let mut after: Option<String> = None;
    loop {
        let found = records::list(&app.db, &platform, None, after.as_deref(), NOTED_AT_ONCE).await?;
        for record in &found {
            app.resources.note_record(&platform, record).await?;
        }
        match found.last() {
            Some(last) if found.len() == NOTED_AT_ONCE => after = Some(last.uid.clone()),
            _ => return Ok(()),
        }
    }
}

/// That every organization that takes part in something has an approved record, where the installation asks for it. Who
/// took part before stays.
///
/// # Errors
/// `real_name_required`, naming the organization and what to do.
pub async fn require<K: Kind>(app: &App, scope: &TenantScope, old: Option<&K>, new: &K) -> Result<(), Problem> {
    if !app.requires_real_names {
        return Ok(());
    }
    let before = old.map(K::participants).unwrap_or_default();
    for name in new.participants().difference(&before) {
        let organization: Option<Organization> = app.resources.get(scope, name).await?;
        let record = match &organization {
            Some(organization) => records::get(&app.db, scope, uid(organization)).await?,
            None => None,
        };
        let why = match record {
            Some(record) if record.state == RecordState::Approved => continue,
            Some(record) if record.state == RecordState::Refused => {
                format!("was refused: {}", record.reason.unwrap_or_default())
            }
            Some(_) => "has not been checked yet".to_owned(),
            None if organization.is_none() => "is missing, and so is the organization itself".to_owned(),
            None => "is missing".to_owned(),
        };
        let detail = format!(
            "The record of the organization \"{name}\" {}.",
            why.trim_end_matches('.')
        );
        let hint =
            format!("Submit it with PUT /v1/organizations/{name}/record; an operator of the platform checks it.");
        return Err(Problem::new(Code::RealNameRequired, detail).with_hint(hint));
    }
    Ok(())
}

fn uid(organization: &Organization) -> &str {
    organization.metadata.uid.as_deref().unwrap_or_default()
}

fn check(name: &RealName) -> Vec<FieldError> {
    let mut errors: Vec<FieldError> = [
        text("/legalName", &name.legal_name, 200),
        text("/registrationNumber", &name.registration_number, 64),
        text("/contact/name", &name.contact.name, 200),
        text("/contact/email", &name.contact.email, 254),
        text("/contact/phone", name.contact.phone.as_deref().unwrap_or("-"), 40),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !name.contact.email.contains('@') {
        errors.push(FieldError::invalid("/contact/email", "is not an e-mail address"));
    }
    if !(1..=MOST_DOCUMENTS).contains(&name.documents.len()) {
        let detail = format!("must be 1 to {MOST_DOCUMENTS} documents");
        errors.push(FieldError::invalid("/documents", detail));
        return errors;
    }
    for (index, document) in name.documents.iter().enumerate() {
        errors.extend(text(&format!("/documents/{index}/name"), &document.name, 200));
        let digits = document
            .digest
            .strip_prefix("sha256:")
            .and_then(|digits| hex::decode(digits).ok());
        if digits.is_none_or(|digest| digest.len() != 32) {
            let detail = "must be sha256: and 64 hexadecimal digits, as `sha256sum` prints them";
            errors.push(FieldError::invalid(format!("/documents/{index}/digest"), detail));
        }
    }
    errors
}

fn text(pointer: &str, text: &str, longest: usize) -> Option<FieldError> {
    let is_good = (1..=longest).contains(&text.trim().chars().count()) && !text.contains(char::is_control);
    let detail = || format!("must have 1 to {longest} characters, on one line");
    (!is_good).then(|| FieldError::invalid(pointer, detail()))
}

//! `/v1/alliance`: the directory of the institutions that a chain's members are found among.

use axum::extract::State;
use entente_api::names;
use entente_api::organization::Level;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::extract::{Json, Query};
use super::page::{Page, PageQuery};
use super::problem::{FieldError, Problem, ProblemBody};
use super::request_id;
use crate::access::{Action, Caller};
use crate::store::alliance::{self, Institution, Sector, Wanted};

const MOST: usize = 5000;
const LONGEST: usize = 200;

/// Which institutions to list: those that all of this fits.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct DirectoryQuery {
    /// Only of this sector.
    #[param(inline)]
    pub sector: Option<Sector>,
    /// Only of this region.
    #[param(example = "Zhejiang")]
    pub region: Option<String>,
    /// Only of this administrative level.
    #[param(inline)]
    pub level: Option<Level>,
    /// Only with this in the name, in any case.
    #[param(example = "bank")]
    pub text: Option<String>,
}

/// List the institutions of the alliance, by name.
#[utoipa::path(
    get, path = "/v1/alliance", tag = "alliance", params(DirectoryQuery, PageQuery),
    responses((status = OK, body = Page<Institution>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn alliance_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<DirectoryQuery>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<Page<Institution>>, Problem> {
    let wanted = Wanted {
        sector: query.sector,
        region: query.region,
        level: query.level,
        text: query.text,
    };
    if [&wanted.region, &wanted.text]
        .into_iter()
        .flatten()
        .any(|text| text.len() > LONGEST)
    {
        return Err(Problem::parameter(
            "text, region",
            format!("have at most {LONGEST} bytes"),
        ));
    }
    // A page goes on with what it has begun with.
    let list = serde_json::to_string(&wanted).map_err(Problem::internal)?;
    let window = page.window(&format!("alliance {list}"))?;
    let after = window.after.as_deref();
    let mut found = alliance::list(&app.db, &caller.own_scope(), &wanted, after, window.size + 1).await?;
    Ok(axum::Json(
        window.close(&mut found, |institution| institution.name.clone()),
    ))
}

/// The whole directory.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Directory {
    /// Every institution of the alliance, 5000 at most.
    pub institutions: Vec<Institution>,
}

/// Make these the alliance's institutions.
///
/// What is not among them is taken out of the directory. Organizations and chains stay as they are.
#[utoipa::path(
    put, path = "/v1/admin/alliance", tag = "alliance", request_body = Directory,
    responses((status = OK, body = Directory), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn alliance_put(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Directory>,
) -> Result<axum::Json<Directory>, Problem> {
    let platform = caller.may_on_the_platform(Action::ManageAlliance)?;
    Problem::unless_valid(check(&body))?;
    alliance::replace(&app.db, &platform, &body.institutions).await?;
    request_id::current()
        .note
        .object(format!("alliance of {} institutions", body.institutions.len()));
    Ok(axum::Json(body))
}

fn check(directory: &Directory) -> Vec<FieldError> {
    if directory.institutions.len() > MOST {
        return vec![FieldError::invalid("/institutions", format!("must be {MOST} at most"))];
    }
    let mut names = std::collections::BTreeSet::new();
    let mut errors = Vec::new();
    for (index, institution) in directory.institutions.iter().enumerate() {
        let pointer = |field: &str| format!("/institutions/{index}/{field}");
        let name = names::check_label(&institution.name).err();
        errors.extend(name.map(|detail| FieldError::invalid(pointer("name"), detail)));
        if !names.insert(&institution.name) {
            errors.push(FieldError::invalid(pointer("name"), "is another one's already"));
        }
        for (field, text) in [
            ("displayName", &institution.display_name),
            ("region", &institution.region),
        ] {
            if text.trim().is_empty() || text.len() > LONGEST {
                let detail = format!("must have 1 to {LONGEST} bytes");
                errors.push(FieldError::invalid(pointer(field), detail));
            }
        }
    }
    errors
}

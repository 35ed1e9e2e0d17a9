//! `/v1/templates`: the business templates that the platform ships, in the caller's language. What they are is written
//! beside their code, in `entente_templates`.

use axum::http::{HeaderName, HeaderValue, header};
use entente_templates::{Function, Kind, Parameter, Text};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::extract::{Path, Query};
use super::language::Language;
use super::page::{Page, PageQuery};
use super::problem::{Problem, ProblemBody};
use super::request_id;
use crate::access::{Action, Caller};

/// A business contract that the platform ships and runs on request: a Contract names it as its `template`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// What a Contract's `template` names it by.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it does, in a sentence.
    pub description: String,
    /// What it does and how it is used: a page of Markdown.
    pub documentation: String,
    /// Version of its code.
    pub version: String,
    /// What it is written in.
    pub language: String,
    /// Engines of nodes that it runs beside.
    pub engines: Vec<String>,
    /// What a Contract's `settings` may set.
    pub parameters: Vec<TemplateParameter>,
    /// What applications can call.
    pub functions: Vec<TemplateFunction>,
}

/// A setting of a template.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateParameter {
    /// The key in `settings`.
    pub name: String,
    /// Its name for people.
    pub title: String,
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// What holds when nothing is set.
    pub default: String,
    /// What it is for.
    pub meaning: String,
    /// Which values it takes, in words.
    pub rule: String,
    /// The least number that it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<u32>,
    /// The greatest number that it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<u32>,
    /// The words that it takes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// What a parameter takes; always written as a string in `settings`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ParameterType {
    /// A whole number from `minimum` to `maximum`.
    Integer,
    /// One of `values`.
    Choice,
}

/// A function of a template.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateFunction {
    /// What applications call it by.
    pub name: String,
    /// What it does.
    pub meaning: String,
    /// Whether it only reads: it is to be evaluated then, and not submitted.
    pub reads_only: bool,
    /// Its arguments, in order.
    pub arguments: Vec<TemplateArgument>,
    /// JSON Schema of what it answers.
    #[schema(value_type = Object)]
    pub returns: Value,
}

/// An argument of a template's function.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateArgument {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub meaning: String,
    /// Whether it must be given.
    pub required: bool,
    /// JSON Schema of what it takes.
    #[schema(value_type = Object)]
    pub schema: Value,
}

type InLanguage<T> = ([(HeaderName, HeaderValue); 2], axum::Json<T>);

/// List the business templates.
#[utoipa::path(
    get, path = "/v1/templates", tag = "contracts",
    params(PageQuery, ("Accept-Language" = Option<String>, Header, description = "en, or zh-CN")),
    responses((status = OK, body = Page<Template>), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn template_list(
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Result<InLanguage<Page<Template>>, Problem> {
    caller.may(Action::ReadContracts)?;
    let window = page.window("templates")?;
    let language = request_id::current().language;
    let all = entente_templates::ALL.iter();
    let page = window.page(all, |template| template.name.to_owned());
    Ok(said(language, page.map(|template| view(template, language))))
}

/// Read a business template.
#[utoipa::path(
    get, path = "/v1/templates/{name}", tag = "contracts",
    params(
        ("name" = String, Path, description = "Its name"),
        ("Accept-Language" = Option<String>, Header, description = "en, or zh-CN"),
    ),
    responses((status = OK, body = Template), (status = "default", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn template_get(caller: Caller, Path(name): Path<String>) -> Result<InLanguage<Template>, Problem> {
    caller.may(Action::ReadContracts)?;
    let language = request_id::current().language;
    let template = entente_templates::find(&name).ok_or_else(|| Problem::not_found("template", &name))?;
    Ok(said(language, view(template, language)))
}

fn said<T>(language: Language, body: T) -> InLanguage<T> {
    let varies = HeaderValue::from_static("accept-language");
    let headers = [(header::CONTENT_LANGUAGE, language.tag()), (header::VARY, varies)];
    (headers, axum::Json(body))
}

fn view(template: &entente_templates::Template, language: Language) -> Template {
    let metadata = template.metadata();
    let text = |text: Text| language.of_both(text.english, text.simplified_chinese).to_owned();
    let described = metadata["contracts"][template.name]["transactions"].as_array();
    let described = described.map(Vec::as_slice).unwrap_or_default();
    let functions = template.functions.iter().zip(described);
    Template {
        name: template.name.to_owned(),
        title: text(template.title),
        description: text(template.description),
        documentation: text(template.documentation),
        version: metadata["info"]["version"].as_str().unwrap_or_default().to_owned(),
        language: template.language.to_owned(),
        engines: template.engines.iter().map(|engine| (*engine).to_owned()).collect(),
        parameters: template.parameters.iter().map(|it| parameter(it, language)).collect(),
        functions: functions
            .map(|(it, described)| function(it, described, language))
            .collect(),
    }
}

fn parameter(parameter: &Parameter, language: Language) -> TemplateParameter {
    let text = |text: Text| language.of_both(text.english, text.simplified_chinese).to_owned();
    let rule = parameter.rule();
    let (kind, minimum, maximum, values) = match parameter.kind {
        Kind::Integer { minimum, maximum } => (ParameterType::Integer, Some(minimum), Some(maximum), &[][..]),
        Kind::Choice(words) => (ParameterType::Choice, None, None, words),
    };
    TemplateParameter {
        name: parameter.name.to_owned(),
        title: text(parameter.title),
        kind,
        default: parameter.default.to_owned(),
        meaning: text(parameter.meaning),
        rule: language.of_both(rule.english, rule.simplified_chinese),
        minimum,
        maximum,
        values: values.iter().map(|word| (*word).to_owned()).collect(),
    }
}

/// `described` is the function's part of the metadata, whose arguments stand in the same order.
fn function(function: &Function, described: &Value, language: Language) -> TemplateFunction {
    let text = |text: Text| language.of_both(text.english, text.simplified_chinese).to_owned();
    let schemas = described["parameters"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let argument = |((name, meaning), described): (&(&str, Text), &Value)| TemplateArgument {
        name: (*name).to_owned(),
        meaning: text(*meaning),
        required: described["required"] == true,
        schema: described["schema"].clone(),
    };
    TemplateFunction {
        name: function.name.to_owned(),
        meaning: text(function.meaning),
        reads_only: described["tag"][0] == "evaluate",
        arguments: function.arguments.iter().zip(schemas).map(argument).collect(),
        returns: described["returns"].clone(),
    }
}

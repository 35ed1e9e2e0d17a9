//! Reads a multipart form with exactly one part, a file.

use axum::RequestExt as _;
use axum::extract::{DefaultBodyLimit, Multipart, Request};
use axum::http::header;
use bytes::Bytes;

use super::MAX_BODY;
use super::answer::Problem;

/// The content of the file part `key`.
pub async fn single_file(mut request: Request, key: &str) -> Result<Bytes, Problem> {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    if !content_type.starts_with("multipart/form-data") {
        let shown = if content_type.is_empty() {
            String::new()
        } else {
            content_type
        };
        return Err(Problem::bad(format!("unsupported Content-Type: [{shown}]")));
    }
    let unreadable = |error: String| Problem::bad(format!("cannot read form from request body: {error}"));
    DefaultBodyLimit::max(MAX_BODY).apply(&mut request);
    let mut form: Multipart = request
        .extract()
        .await
        .map_err(|error: axum::extract::multipart::MultipartRejection| unreadable(error.body_text()))?;
    let (mut wanted, mut others) = (None, false);
    while let Some(part) = form.next_field().await.map_err(|error| unreadable(error.body_text()))? {
        let is_wanted = part.file_name().is_some() && part.name() == Some(key) && wanted.is_none();
        let content = part.bytes().await.map_err(|error| unreadable(error.body_text()))?;
        if is_wanted {
            wanted = Some(content);
        } else {
            others = true;
        }
    }
    let wanted = wanted.ok_or_else(|| Problem::bad(format!("form does not contains part key: {key}")))?;
    if others {
        return Err(Problem::bad("form contains too many parts"));
    }
    Ok(wanted)
}

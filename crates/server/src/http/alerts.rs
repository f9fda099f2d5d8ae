//! Rules, their instances and what became of them: passed on to the alert room.

use super::{Fail, Open, blocking, json};
use alert::{AckInput, ApiError, RuleInput};
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

impl From<ApiError> for Fail {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::BadRequest(text) => Self::bad_request(text),
            ApiError::NotFound(text) => Self::new(StatusCode::NOT_FOUND, text),
            ApiError::Conflict(text) => Self::new(StatusCode::CONFLICT, text),
            ApiError::Internal(text) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, text),
        }
    }
}

/// Asks the alert room on a blocking thread: it reads a database and evaluates rules.
async fn ask<T: Serialize + Send + 'static>(
    status: StatusCode,
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<Response, Fail> {
    let answer = blocking(work).await??;
    Ok(json(status, &answer))
}

/// `GET /api/alerts`.
pub async fn list(Open(rooms): Open) -> Result<Response, Fail> {
    ask(StatusCode::OK, move || rooms.alerts.list()).await
}

/// `POST /api/alerts`.
pub async fn create(Open(rooms): Open, body: Bytes) -> Result<Response, Fail> {
    let input = RuleInput::from_json(&body)?;
    ask(StatusCode::CREATED, move || rooms.alerts.create(input)).await
}

/// `GET /api/alerts/{id}`.
pub async fn get(Open(rooms): Open, Path(id): Path<String>) -> Result<Response, Fail> {
    ask(StatusCode::OK, move || rooms.alerts.get(&id)).await
}

/// `PUT /api/alerts/{id}`.
pub async fn replace(
    Open(rooms): Open,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Fail> {
    let input = RuleInput::from_json(&body)?;
    ask(StatusCode::OK, move || rooms.alerts.replace(&id, input)).await
}

/// `DELETE /api/alerts/{id}`.
pub async fn delete(Open(rooms): Open, Path(id): Path<String>) -> Result<Response, Fail> {
    blocking(move || rooms.alerts.delete(&id)).await??;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /api/alerts/{id}/history`.
pub async fn history(Open(rooms): Open, Path(id): Path<String>) -> Result<Response, Fail> {
    ask(StatusCode::OK, move || rooms.alerts.history(&id)).await
}

/// `POST /api/alerts/{id}/ack`; without a body, everything that fires is acknowledged.
pub async fn ack(Open(rooms): Open, Path(id): Path<String>, body: Bytes) -> Result<Response, Fail> {
    let input = AckInput::from_json(&body)?;
    ask(StatusCode::OK, move || rooms.alerts.ack(&id, input)).await
}

/// `GET /api/alerts/audit`.
pub async fn audit(Open(rooms): Open) -> Result<Response, Fail> {
    ask(StatusCode::OK, move || rooms.alerts.audit(None)).await
}

/// `GET /api/channels`.
pub async fn channels(Open(rooms): Open) -> Response {
    json(StatusCode::OK, &rooms.alerts.channels())
}

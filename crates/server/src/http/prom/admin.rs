//! Prometheus's paths for whoever runs the server: series are deleted, and space comes back.

use super::super::blocking;
use super::{Fail, Open, Params, PromFail, whole_range};
use axum::http::StatusCode;
use model::port::{Catalog, Selection};
use query::promql;

/// `POST|PUT /api/v1/admin/tsdb/delete_series`. `keep_rollups` is taken and changes nothing,
/// as there are no rollups.
pub async fn delete_series(
    Open(rooms): Open,
    params: Result<Params, Fail>,
) -> Result<StatusCode, PromFail> {
    let params = params?;
    let selectors = params.all("match[]");
    if selectors.is_empty() {
        return Err(PromFail::bad_data("no match[] parameter provided"));
    }
    let range = whole_range(&params)?;
    let predicate = promql::predicate_of(&selectors)
        .map_err(|error| super::of_selector(error.into(), &params))?;
    let delete = move || rooms.store.delete(&Selection { predicate, range });
    blocking(delete).await?.map_err(|error| {
        PromFail::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST|PUT /api/v1/admin/tsdb/clean_tombstones`: space is given back by merges, which begin
/// soon.
pub async fn clean_tombstones(Open(rooms): Open) -> StatusCode {
    rooms.store.reclaim();
    StatusCode::NO_CONTENT
}

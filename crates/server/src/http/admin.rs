//! What operators ask of the store, in Prometheus's shape.

use super::prom::PromFail;
use super::{Fail, Open, Shared, blocking, json};
use crate::house::Rooms;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::{Span, Timestamp};
use serde_json::json;
use std::io;

/// What the rules are called in a snapshot, whatever they are called in the server's
/// configuration.
const RULES_FILE: &str = "alerts.db";

/// `POST /api/v1/admin/tsdb/snapshot`: a copy of everything as it is now, in the data folder.
pub async fn snapshot(
    State(house): State<Shared>,
    Open(rooms): Open,
) -> Result<Response, PromFail> {
    let name = name(house.clock.now());
    let made = name.clone();
    let work = move || make(&rooms, &made);
    match blocking(work).await? {
        Ok(()) => {
            tracing::info!(name, "snapshot made");
            Ok(json(StatusCode::OK, &json!({ "status": "success", "data": { "name": name } })))
        }
        Err(error) => {
            let text = format!("make snapshot {name}: {error}");
            Err(Fail::new(StatusCode::INTERNAL_SERVER_ERROR, text).into())
        }
    }
}

/// Sorts as time does, and says when it was: `20261122T212500Z-075bcd15`.
fn name(now: Timestamp) -> String {
    let at = jiff::Timestamp::from_nanosecond(now.0.into()).unwrap_or_default();
    let fraction = now.0.rem_euclid(Span::SECOND.0);
    format!("{}-{fraction:08x}", at.strftime("%Y%m%dT%H%M%SZ"))
}

fn make(rooms: &Rooms, name: &str) -> Result<(), storage::Error> {
    let rules = &rooms.rules_file;
    let made = rooms.store.snapshot(name, |folder| {
        let copy = folder.join(RULES_FILE);
        alert::copy_database(rules, &copy).map_err(io::Error::other)?;
        std::fs::File::open(&copy)?.sync_all()
    });
    if made.is_err() {
        // What it has linked would keep dropped blocks on the disk.
        let _ = std::fs::remove_dir_all(rooms.store.path().join(storage::SNAPSHOTS).join(name));
    }
    made.map(drop)
}

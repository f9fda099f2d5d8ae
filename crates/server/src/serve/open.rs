//! Opens the rooms: the store first, since opening it takes the folder for this process.

use super::settings::Settings;
use crate::answers::Answers;
use crate::error::Error;
use crate::gate::Gate;
use crate::house::{House, Rooms};
use crate::ingest::Ingest;
use query::{influxql, promql};
use std::sync::Arc;

/// Opens everything; blocks while the store replays.
///
/// # Errors
/// When a room does not open.
pub fn rooms(settings: &Settings, house: &House) -> Result<Arc<Rooms>, Error> {
    let config = &settings.config;
    let clock = house.clock.clone();
    let store = Arc::new(storage::Store::open(
        &config.data_dir,
        Arc::new(storage::RealDisk),
        clock.clone(),
        settings.store(),
    )?);
    let cache = Arc::new(cache::Memory::new(config.cache_bytes_max.0, clock.clone()));
    let promql = Arc::new(promql::Engine::new(store.clone(), promql::Options::default()));
    let influxql = Arc::new(influxql::Engine::new(
        store.clone(),
        store.clone(),
        clock.clone(),
        influxql::Options::default(),
    ));
    Ok(Arc::new(Rooms {
        ingest: Ingest::new(store.clone(), clock.clone(), house.metrics.clone(), house.limits),
        gate: Gate::new(settings.gate(), house.metrics.clone()),
        answers: Answers::new(cache, clock, house.metrics.clone()),
        alerts: alerts(settings, house, store.clone(), promql.clone())?,
        collects: config.collect.enabled,
        rules_file: settings.rules_file(),
        store,
        promql,
        influxql,
    }))
}

fn alerts(
    settings: &Settings,
    house: &House,
    store: Arc<storage::Store>,
    engine: Arc<promql::Engine>,
) -> Result<alert::Service, Error> {
    let config = &settings.config;
    let path = settings.rules_file();
    let fail = |error: alert::Error| match error {
        alert::Error::Channel { .. } => Error::Usage(format!("configuration: {error}")),
        _ if error.is_disk_full() => Error::Alerts {
            path: path.clone(),
            what: format!("{error}: free some space on that disk, then start again"),
        },
        _ => Error::Alerts { path: path.clone(), what: error.to_string() },
    };
    let rules = alert::Sqlite::open(&path).map_err(fail)?;
    let evaluator = promql::Evaluator::new(engine, config.query.samples_max);
    let options = alert::Options {
        evaluation_interval: config.evaluation_interval,
        owns_store: settings.owns_rules_file(),
        external_url: config.external_url.clone().unwrap_or_else(|| house.url.clone()),
        ..alert::Options::default()
    };
    alert::Service::open(
        Arc::new(rules),
        store,
        Arc::new(evaluator),
        house.clock.clone(),
        config.channels.clone(),
        options,
    )
    .map_err(fail)
}

//! Which kind each field of each measurement has, and how streams gain columns.
//!
//! A field has one kind in a measurement, as in InfluxDB; that is looked at when a stream
//! gains the column, so that a row with known columns costs nothing here.

use crate::identity::PolicyId;
use crate::options::Options;
use crate::shape::{ColumnDef, Shape, Shapes};
use hashbrown::{HashMap, HashSet};
use model::{Field, Kind, Refusal};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most columns that a stream may be allowed: a row of open rows has a place for each.
const COLUMNS_MAX: usize = 16_384;
/// From so many new columns of one row on, a map finds them.
const MAPPED_FROM: usize = 16;

/// What is known of one measurement of one policy.
#[derive(Default)]
struct Measurement {
    fields: HashMap<Arc<str>, Kind>,
    /// Its series that are written to.
    series: u64,
}

/// How many series there may be, how many of them in a stream, and how long the names of
/// their fields.
#[derive(Clone, Copy, Debug)]
pub struct SeriesLimits {
    /// In all.
    pub series_max: u64,
    /// In one measurement.
    pub per_measurement_max: u64,
    /// Fields of one stream.
    pub columns_max: usize,
    /// Bytes of a field's name.
    pub name_bytes_max: usize,
}

impl SeriesLimits {
    /// Those among the options.
    pub fn of(options: &Options) -> Self {
        Self {
            series_max: options.series_max,
            per_measurement_max: options.series_per_measurement_max,
            columns_max: options.columns_max.min(COLUMNS_MAX),
            name_bytes_max: options.label_name_bytes_max,
        }
    }
}

/// Columns that a row brings and its stream lacks.
#[derive(Default)]
struct Fresh {
    columns: Vec<ColumnDef>,
    by_name: HashMap<Arc<str>, Kind>,
}

impl Fresh {
    fn kind(&self, name: &str) -> Option<Kind> {
        if self.columns.len() >= MAPPED_FROM {
            return self.by_name.get(name).copied();
        }
        self.columns.iter().find(|column| column.name.as_ref() == name).map(|column| column.kind)
    }

    fn push(&mut self, column: ColumnDef) {
        self.columns.push(column);
        let unmapped = match self.columns.len() {
            ..MAPPED_FROM => return,
            MAPPED_FROM => 0,
            count => count - 1,
        };
        let unmapped = self.columns[unmapped..].iter();
        self.by_name.extend(unmapped.map(|column| (column.name.clone(), column.kind)));
    }
}

/// Which kind each field of each measurement has.
pub struct Schema {
    shapes: Arc<Shapes>,
    measurements: Mutex<HashMap<(PolicyId, Arc<str>), Measurement>>,
    series: AtomicU64,
    limits: SeriesLimits,
}

impl Schema {
    /// No fields yet.
    pub fn new(shapes: Arc<Shapes>, limits: SeriesLimits) -> Self {
        Self { shapes, measurements: Mutex::default(), series: AtomicU64::new(0), limits }
    }

    /// How many series the head knows.
    pub fn series(&self) -> u64 {
        self.series.load(Ordering::Relaxed)
    }

    /// Whether one more series would pass the limit.
    ///
    /// # Errors
    /// When it would.
    pub fn check_room(&self, more: u64) -> Result<(), Refusal> {
        let max = self.limits.series_max;
        if self.series().saturating_add(more) <= max {
            return Ok(());
        }
        let limit = format!(
            "limit of {max} series reached: drop labels with ever new values, or raise series_max"
        );
        Err(Refusal::Limit { name: "series_max", limit })
    }

    /// Whether `more` series would pass the limit of their measurement.
    ///
    /// # Errors
    /// When they would.
    pub fn check_measurement(
        &self,
        policy: PolicyId,
        measurement: &Arc<str>,
        more: u64,
    ) -> Result<(), Refusal> {
        let measurements = self.measurements.lock();
        let known = measurements.get(&(policy, measurement.clone()));
        self.check_share(measurement, known.map_or(0, |known| known.series) + more)
    }

    fn check_share(&self, measurement: &str, series: u64) -> Result<(), Refusal> {
        let max = self.limits.per_measurement_max;
        if series <= max {
            return Ok(());
        }
        let limit = format!(
            "limit of {max} series of the measurement {measurement:?} reached: drop labels with ever new values, or raise series_per_measurement_max"
        );
        Err(Refusal::Limit { name: "series_per_measurement_max", limit })
    }

    /// Whether the names of new fields are within the limit.
    fn check_names(&self, measurement: &str, fresh: &[ColumnDef]) -> Result<(), Refusal> {
        let max = self.limits.name_bytes_max;
        let Some(long) = fresh.iter().find(|column| column.name.len() > max) else {
            return Ok(());
        };
        let (name, length) = (&long.name, long.name.len());
        let limit = format!(
            "limit of {max} bytes of a field's name reached: {name:.64?}… of {measurement:?} has {length}; shorten it, or raise label_name_bytes_max"
        );
        Err(Refusal::Limit { name: "label_name_bytes_max", limit })
    }

    /// Whether a stream may have so many columns. Each body that brings a new one moves and
    /// logs all of them.
    fn check_columns(&self, measurement: &str, columns: usize) -> Result<(), Refusal> {
        let max = self.limits.columns_max;
        if columns <= max {
            return Ok(());
        }
        let limit = format!(
            "limit of {max} fields of one series key reached: {measurement:.64?} has more with the same tags; put what tells them apart into a tag, or raise columns_max"
        );
        Err(Refusal::Limit { name: "columns_max", limit })
    }

    /// Notes a field that is stored.
    pub fn note(&self, policy: PolicyId, measurement: &Arc<str>, column: &ColumnDef) {
        let mut measurements = self.measurements.lock();
        let known = measurements.entry((policy, measurement.clone())).or_default();
        known.fields.entry(column.name.clone()).or_insert(column.kind);
    }

    /// Gives a stream the columns of `fields` that it lacks: all of them, or none.
    ///
    /// # Errors
    /// When a field has another kind, or a limit stands in the way.
    pub fn gain(
        &self,
        policy: PolicyId,
        measurement: &Arc<str>,
        shape: &mut Arc<Shape>,
        fields: &[Field<'_>],
    ) -> Result<(), Refusal> {
        let key = (policy, measurement.clone());
        let mut measurements = self.measurements.lock();
        let known = measurements.get(&key);
        let mut fresh = Fresh::default();
        for (guess, field) in fields.iter().enumerate() {
            let given = field.value.kind();
            let own = shape.find(field.name, guess).map(|at| shape.columns()[at].kind);
            let has_column = own.or_else(|| fresh.kind(field.name));
            let measured = || known.and_then(|known| known.fields.get_key_value(field.name));
            let measured = if has_column.is_none() { measured() } else { None };
            let stored = has_column.or(measured.map(|(_, kind)| *kind));
            if let Some(stored) = stored.filter(|kind| *kind != given) {
                let measurement = key.1.to_string();
                let field = field.name.to_owned();
                return Err(Refusal::TypeConflict { field, measurement, given, stored });
            }
            if has_column.is_none() {
                self.check_columns(&key.1, shape.len() + fresh.columns.len() + 1)?;
                // Streams of a measurement share the text.
                let name = measured.map_or_else(|| field.name.into(), |(name, _)| name.clone());
                fresh.push(ColumnDef { name, kind: given });
            }
        }
        let fresh = fresh.columns;
        let more = fresh.len() as u64;
        self.check_room(more)?;
        self.check_share(&key.1, known.map_or(0, |known| known.series) + more)?;
        self.check_names(&key.1, &fresh)?;
        let known = measurements.entry(key).or_default();
        known.fields.extend(fresh.iter().map(|column| (column.name.clone(), column.kind)));
        known.series += more;
        self.widen(shape, &fresh);
        Ok(())
    }

    /// Gives a stream columns that the log says it has; answers where each of `columns` is.
    /// What was acknowledged once is not refused again, and is newer than what blocks say.
    pub fn restore(
        &self,
        policy: PolicyId,
        measurement: &Arc<str>,
        shape: &mut Arc<Shape>,
        columns: &[ColumnDef],
    ) -> Vec<Option<u32>> {
        let is_new = |column: &&ColumnDef| shape.find(&column.name, 0).is_none();
        let fresh: Vec<_> = columns.iter().filter(is_new).cloned().collect();
        if !fresh.is_empty() {
            self.widen(shape, &fresh);
            let mut measurements = self.measurements.lock();
            let known = measurements.entry((policy, measurement.clone())).or_default();
            known.series += fresh.len() as u64;
            known.fields.extend(fresh.iter().map(|column| (column.name.clone(), column.kind)));
        }
        columns.iter().map(|c| shape.find(&c.name, 0).map(|at| at as u32)).collect()
    }

    /// Notes that streams of a measurement came, with so many series of fields that it has.
    pub fn came(&self, policy: PolicyId, measurement: &Arc<str>, series: u64) {
        let mut measurements = self.measurements.lock();
        measurements.entry((policy, measurement.clone())).or_default().series += series;
        self.series.fetch_add(series, Ordering::Relaxed);
    }

    fn widen(&self, shape: &mut Arc<Shape>, fresh: &[ColumnDef]) {
        if !fresh.is_empty() {
            *shape = self.shapes.widen(shape, fresh);
            self.series.fetch_add(fresh.len() as u64, Ordering::Relaxed);
        }
    }

    /// Notes that so many series of a measurement left the head.
    pub fn gave_up(&self, (policy, measurement): (PolicyId, Arc<str>), series: u64) {
        self.series.fetch_sub(series, Ordering::Relaxed);
        if let Some(known) = self.measurements.lock().get_mut(&(policy, measurement)) {
            known.series = known.series.saturating_sub(series);
        }
    }

    /// Fields of which `fits` says so, told policy, measurement and name.
    pub fn fields(
        &self,
        fits: impl Fn(PolicyId, &str, &str) -> bool,
    ) -> Vec<(PolicyId, Arc<str>, Arc<str>)> {
        let measurements = self.measurements.lock();
        let all = measurements.iter().flat_map(|((policy, measurement), known)| {
            known.fields.keys().map(move |field| (*policy, measurement.clone(), field.clone()))
        });
        all.filter(|(policy, measurement, field)| fits(*policy, measurement, field)).collect()
    }

    /// Forgets the kinds of these fields.
    pub fn forget_fields(&self, gone: &HashSet<(PolicyId, Arc<str>, Arc<str>)>) {
        let mut measurements = self.measurements.lock();
        for (policy, measurement, field) in gone {
            let of = (*policy, measurement.clone());
            let Some(known) = measurements.get_mut(&of) else { continue };
            known.fields.remove(field);
            if known.fields.is_empty() && known.series == 0 {
                measurements.remove(&of);
            }
        }
    }

    /// Forgets what belongs to dropped policies.
    pub fn forget(&self, live: &HashSet<PolicyId>) {
        self.measurements.lock().retain(|(policy, _), _| live.contains(policy));
    }
}

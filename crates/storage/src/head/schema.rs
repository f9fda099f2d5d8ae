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

/// The most columns of one stream: a row of open rows has a place for each.
const COLUMNS_MAX: usize = 16_384;

/// What is known of one measurement of one policy.
#[derive(Default)]
struct Measurement {
    fields: HashMap<Arc<str>, Kind>,
    /// Its series that are written to.
    series: u64,
}

/// How many series there may be, and how long the names of their fields.
#[derive(Clone, Copy, Debug)]
pub struct SeriesLimits {
    /// In all.
    pub series_max: u64,
    /// In one measurement.
    pub per_measurement_max: u64,
    /// Bytes of a field's name.
    pub name_bytes_max: usize,
}

impl SeriesLimits {
    /// Those among the options.
    pub fn of(options: &Options) -> Self {
        Self {
            series_max: options.series_max,
            per_measurement_max: options.series_per_measurement_max,
            name_bytes_max: options.label_name_bytes_max,
        }
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
        let mut fresh: Vec<ColumnDef> = Vec::new();
        for (guess, field) in fields.iter().enumerate() {
            let given = field.value.kind();
            let own = shape.find(field.name, guess).map(|at| shape.columns()[at].kind);
            let repeated = || fresh.iter().find(|f| f.name.as_ref() == field.name).map(|f| f.kind);
            let measured = || known.and_then(|known| known.fields.get(field.name).copied());
            let has_column = own.or_else(repeated);
            if let Some(stored) = has_column.or_else(measured).filter(|kind| *kind != given) {
                let measurement = key.1.to_string();
                let field = field.name.to_owned();
                return Err(Refusal::TypeConflict { field, measurement, given, stored });
            }
            if has_column.is_none() {
                fresh.push(ColumnDef { name: field.name.into(), kind: given });
            }
        }
        let more = fresh.len() as u64;
        self.check_room(more)?;
        self.check_share(&key.1, known.map_or(0, |known| known.series) + more)?;
        self.check_names(&key.1, &fresh)?;
        if shape.len() + fresh.len() > COLUMNS_MAX {
            let limit = format!("limit of {COLUMNS_MAX} fields in one series key reached");
            return Err(Refusal::Limit { name: "columns_max", limit });
        }
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

    fn widen(&self, shape: &mut Arc<Shape>, fresh: &[ColumnDef]) {
        if !fresh.is_empty() {
            let all: Vec<_> = shape.columns().iter().chain(fresh).cloned().collect();
            *shape = self.shapes.intern(&all);
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
            if let Some(known) = measurements.get_mut(&(*policy, measurement.clone())) {
                known.fields.remove(field);
            }
        }
        measurements.retain(|_, known| !known.fields.is_empty() || known.series > 0);
    }

    /// Forgets what belongs to dropped policies.
    pub fn forget(&self, live: &HashSet<PolicyId>) {
        self.measurements.lock().retain(|(policy, _), _| live.contains(policy));
    }
}

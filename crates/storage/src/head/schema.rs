//! Which kind each field of each measurement has, and how streams gain columns.
//!
//! A field has one kind in a measurement, as in InfluxDB; that is looked at when a stream
//! gains the column, so that a row with known columns costs nothing here.

use crate::identity::PolicyId;
use crate::shape::{ColumnDef, Shape, Shapes};
use hashbrown::{HashMap, HashSet};
use model::{Field, Kind, Refusal};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most columns of one stream: a row of open rows has a place for each.
const COLUMNS_MAX: usize = 16_384;

type Fields = HashMap<Arc<str>, Kind>;

/// Which kind each field of each measurement has.
pub struct Schema {
    shapes: Arc<Shapes>,
    measurements: Mutex<HashMap<(PolicyId, Arc<str>), Fields>>,
    series: AtomicU64,
    series_max: u64,
}

impl Schema {
    /// No fields yet.
    pub fn new(shapes: Arc<Shapes>, series_max: u64) -> Self {
        Self { shapes, measurements: Mutex::default(), series: AtomicU64::new(0), series_max }
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
        if self.series().saturating_add(more) <= self.series_max {
            return Ok(());
        }
        let max = self.series_max;
        let limit = format!(
            "limit of {max} series reached: drop tags with ever new values, or raise storage.series_max"
        );
        Err(Refusal::Limit { limit })
    }

    /// Notes a field that is stored.
    pub fn note(&self, policy: PolicyId, measurement: &Arc<str>, column: &ColumnDef) {
        let mut measurements = self.measurements.lock();
        let fields = measurements.entry((policy, measurement.clone())).or_default();
        fields.entry(column.name.clone()).or_insert(column.kind);
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
            let measured = || known.and_then(|known| known.get(field.name).copied());
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
        self.check_room(fresh.len() as u64)?;
        if shape.len() + fresh.len() > COLUMNS_MAX {
            let limit = format!("limit of {COLUMNS_MAX} fields in one series key reached");
            return Err(Refusal::Limit { limit });
        }
        let fields = measurements.entry(key).or_default();
        fields.extend(fresh.iter().map(|column| (column.name.clone(), column.kind)));
        self.widen(shape, &fresh);
        Ok(())
    }

    /// Gives a stream columns that the log says it has; answers where each of `columns` is.
    /// What was acknowledged once is not refused again.
    pub fn restore(
        &self,
        policy: PolicyId,
        measurement: &Arc<str>,
        shape: &mut Arc<Shape>,
        columns: &[ColumnDef],
    ) -> Vec<Option<u32>> {
        let is_new = |column: &&ColumnDef| shape.find(&column.name, 0).is_none();
        let fresh: Vec<_> = columns.iter().filter(is_new).cloned().collect();
        self.widen(shape, &fresh);
        for column in shape.columns() {
            self.note(policy, measurement, column);
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

    /// Notes that series left the head.
    pub fn gave_up(&self, series: u64) {
        self.series.fetch_sub(series, Ordering::Relaxed);
    }

    /// Forgets what belongs to dropped policies.
    pub fn forget(&self, live: &HashSet<PolicyId>) {
        self.measurements.lock().retain(|(policy, _), _| live.contains(policy));
    }
}

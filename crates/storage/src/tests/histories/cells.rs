//! What each point may be: the value that is certain, and those in doubt since.
//!
//! What is allowed, exactly. A body that was acknowledged is there, and what it overwrote is
//! not. A body whose write failed is in doubt: each of its rows may be there or not, until a
//! later body that is acknowledged overwrites it; those of one series and day that overwrite
//! nothing share a frame and a block, so that all are there or none. What a start after a
//! power cut finds does not change by itself again. With lazy syncs, a power cut or a sync
//! that fails may also take what was acknowledged since the last flush. A point that its
//! policy no longer keeps may be there until its day is over.

use model::{Kind, Value};
use std::collections::BTreeMap;

/// A value that may have been written.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub value: Value,
    /// The body it came in, where all of that body's rows share its fate.
    pub body: Option<u64>,
    pub is_acknowledged: bool,
}

/// One point of one series.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// What a power cut cannot take; none where it is certain that nothing was there.
    certain: Option<Value>,
    /// What came since, in its order.
    later: Vec<Candidate>,
    /// Whether it may be gone, as it has expired at some time, or a delete of it failed.
    pub is_optional: bool,
    /// Whether that is so of what is certain, though not of what came since.
    is_certain_optional: bool,
}

/// Bit for bit, NaN included.
pub fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::F64(a), Value::F64(b)) => a.to_bits() == b.to_bits(),
        _ => a == b,
    }
}

/// Whether both are the same number, as one of them or both as a float: a field that changed
/// its kind is cast where a question meets both, and is not where it meets one.
pub fn is_alike(a: &Value, b: &Value) -> bool {
    let float = |value: &Value| value.as_ref().as_f64().map(f64::to_bits);
    is_same(a, b)
        || (a.as_ref().kind() != b.as_ref().kind() && float(a).is_some_and(|a| Some(a) == float(b)))
}

impl Cell {
    /// Notes a body that was written. With `is_durable` it cannot be lost any more.
    pub fn write(&mut self, candidate: Candidate, is_durable: bool) {
        if candidate.is_acknowledged && is_durable {
            self.certain = Some(candidate.value);
            self.later.clear();
            self.is_certain_optional = false;
        } else {
            // A power cut may take it, and what was there before may be gone.
            self.is_certain_optional |= self.is_optional;
            self.later.push(candidate);
        }
        self.is_optional &= self.later.last().is_some_and(|last| !last.is_acknowledged);
    }

    /// Nothing that was written so far is there any more.
    pub fn delete(&mut self) {
        *self = Self::default();
    }

    /// Everything that was acknowledged is durable now.
    pub fn sync(&mut self) {
        if let Some(at) = self.acknowledged() {
            self.certain = Some(self.later[at].value.clone());
            self.is_certain_optional = false;
            self.later.drain(..=at);
        }
    }

    fn acknowledged(&self) -> Option<usize> {
        self.later.iter().rposition(|candidate| candidate.is_acknowledged)
    }

    /// The values that may be found: none of them where nothing may be, too.
    pub fn allowed(&self, is_after_cut: bool) -> Vec<Option<&Value>> {
        let from = self.acknowledged().filter(|_| !is_after_cut);
        let later = &self.later[from.unwrap_or(0)..];
        let mut allowed: Vec<_> = later.iter().map(|candidate| Some(&candidate.value)).collect();
        if from.is_none() {
            allowed.push(self.certain.as_ref());
        }
        if self.is_optional || (from.is_none() && self.is_certain_optional) {
            allowed.push(None);
        }
        allowed
    }

    /// The one that is found stays from here on. What has expired may only be hidden.
    pub fn settle(&mut self, found: Option<&Value>) {
        if self.is_optional && found.is_none() {
            return;
        }
        self.certain = found.cloned();
        self.is_certain_optional = false;
        self.later.clear();
    }

    /// What was acknowledged before a sync failed and is not found now is in doubt.
    pub fn lose(&mut self, found: Option<&Value>) {
        for candidate in &mut self.later {
            let is_found = found.is_some_and(|found| is_alike(found, &candidate.value));
            candidate.is_acknowledged &= is_found;
        }
    }

    /// Whether nothing of it is left to be found.
    pub fn is_void(&self) -> bool {
        self.certain.is_none() && self.later.is_empty()
    }

    /// The body in doubt that alone wrote it, and whether `found` shows that it is there. What
    /// it overwrote may come back from the log, when a flush had already kept the body.
    pub fn doubt(&self, found: Option<&Value>) -> Option<(u64, bool)> {
        match &self.later[..] {
            [only] if self.certain.is_none() && !self.is_optional => {
                only.body.map(|body| (body, found.is_some()))
            }
            _ => None,
        }
    }
}

/// Who a series is inside a policy: measurement, tags as text, field.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Name {
    pub measurement: String,
    pub tags: String,
    pub field: String,
}

/// What one policy holds.
#[derive(Default)]
pub struct Holding {
    pub series: BTreeMap<Name, BTreeMap<i64, Cell>>,
    /// The kinds that each field of each measurement was written with. Where there is more
    /// than one, queries cast.
    kinds: BTreeMap<(String, String), Vec<Kind>>,
}

impl Holding {
    /// Notes a value that was written.
    pub fn write(&mut self, name: Name, at: i64, candidate: Candidate, is_durable: bool) {
        let cell = self.series.entry(name).or_default().entry(at).or_default();
        cell.write(candidate, is_durable);
    }

    /// The kinds that were written to a field.
    pub fn kinds(&self, measurement: &str, field: &str) -> &[Kind] {
        let key = (measurement.to_owned(), field.to_owned());
        self.kinds.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Notes that a value of this kind was taken. A field changes its kind only once nothing
    /// that must be there has the old one.
    pub fn take(&mut self, measurement: &str, field: &str, kind: Kind, is_acknowledged: bool) {
        let known = self.kinds(measurement, field);
        if known.contains(&kind) {
            return;
        }
        let is_kept = |cell: &Cell| {
            let of_another =
                |value: &Option<&Value>| value.is_some_and(|v| v.as_ref().kind() != kind);
            !cell.is_optional && cell.allowed(true).iter().all(of_another)
        };
        let is_it = |name: &Name| name.measurement == measurement && name.field == field;
        let cells = self.series.iter().filter(|(name, _)| is_it(name)).flat_map(|(_, c)| c);
        let conflict = cells.map(|(_, cell)| cell).find(|cell| is_kept(cell));
        assert!(
            conflict.is_none() || !is_acknowledged,
            "{measurement} {field} is {known:?}, and {kind:?} was taken; {conflict:?}"
        );
        self.kinds.entry((measurement.to_owned(), field.to_owned())).or_default().push(kind);
    }

    /// Whether `found` is what was written as `value`.
    pub fn is_it(&self, name: &Name, found: Option<&Value>, value: Option<&Value>) -> bool {
        let (Some(found), Some(value)) = (found, value) else {
            return found.is_none() && value.is_none();
        };
        if is_same(found, value) {
            return true;
        }
        self.is_mixed(name) && is_alike(found, value)
    }

    /// Whether a field has had several kinds.
    pub fn is_mixed(&self, name: &Name) -> bool {
        self.kinds(&name.measurement, &name.field).len() > 1
    }
}

//! Values of one kind in a row, and the samples of one series.
//!
//! Invariant: [`Samples::timestamps`] and [`Samples::values`] are of one length, and once
//! a source has answered, timestamps rise strictly.

use crate::{Kind, Timestamp, ValueRef};

/// Texts or byte strings laid end to end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strings {
    /// Where each entry ends in `bytes`.
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl Strings {
    /// Appends an entry.
    ///
    /// # Panics
    /// When all entries together pass 4 GiB, which limits on bodies and chunks rule out.
    pub fn push(&mut self, entry: &[u8]) {
        self.bytes.extend_from_slice(entry);
        let end = u32::try_from(self.bytes.len()).expect("a string column is under 4 GiB");
        self.ends.push(end);
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The entry at `index`, which must be inside.
    pub fn get(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.bytes[start..self.ends[index] as usize]
    }

    /// Forgets all entries and keeps the memory.
    pub fn clear(&mut self) {
        self.ends.clear();
        self.bytes.clear();
    }

    /// Every entry in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.get(index))
    }
}

/// Values of one kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// See [`Kind::F64`].
    F64(Vec<f64>),
    /// See [`Kind::I64`].
    I64(Vec<i64>),
    /// See [`Kind::U64`].
    U64(Vec<u64>),
    /// See [`Kind::Bool`].
    Bool(Vec<bool>),
    /// See [`Kind::Str`]; each entry is UTF-8.
    Str(Strings),
    /// See [`Kind::Histogram`].
    Histogram(Strings),
}

impl Column {
    /// An empty column of this kind.
    pub fn new(kind: Kind) -> Self {
        match kind {
            Kind::F64 => Self::F64(Vec::new()),
            Kind::I64 => Self::I64(Vec::new()),
            Kind::U64 => Self::U64(Vec::new()),
            Kind::Bool => Self::Bool(Vec::new()),
            Kind::Str => Self::Str(Strings::default()),
            Kind::Histogram => Self::Histogram(Strings::default()),
        }
    }

    /// What kind of values it holds.
    pub fn kind(&self) -> Kind {
        match self {
            Self::F64(_) => Kind::F64,
            Self::I64(_) => Kind::I64,
            Self::U64(_) => Kind::U64,
            Self::Bool(_) => Kind::Bool,
            Self::Str(_) => Kind::Str,
            Self::Histogram(_) => Kind::Histogram,
        }
    }

    /// How many values it holds.
    pub fn len(&self) -> usize {
        match self {
            Self::F64(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::U64(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::Str(v) | Self::Histogram(v) => v.len(),
        }
    }

    /// Whether it holds no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all values and keeps the memory.
    pub fn clear(&mut self) {
        match self {
            Self::F64(v) => v.clear(),
            Self::I64(v) => v.clear(),
            Self::U64(v) => v.clear(),
            Self::Bool(v) => v.clear(),
            Self::Str(v) | Self::Histogram(v) => v.clear(),
        }
    }

    /// The value at `index`, which must be inside.
    pub fn get(&self, index: usize) -> ValueRef<'_> {
        match self {
            Self::F64(v) => ValueRef::F64(v[index]),
            Self::I64(v) => ValueRef::I64(v[index]),
            Self::U64(v) => ValueRef::U64(v[index]),
            Self::Bool(v) => ValueRef::Bool(v[index]),
            // Entries were checked when they came in; a damaged one reads as empty.
            Self::Str(v) => ValueRef::Str(std::str::from_utf8(v.get(index)).unwrap_or_default()),
            Self::Histogram(v) => ValueRef::Histogram(v.get(index)),
        }
    }

    /// Appends `value`; false, and nothing done, where it is of another kind.
    #[must_use]
    pub fn push(&mut self, value: ValueRef<'_>) -> bool {
        match (self, value) {
            (Self::F64(v), ValueRef::F64(x)) => v.push(x),
            (Self::I64(v), ValueRef::I64(x)) => v.push(x),
            (Self::U64(v), ValueRef::U64(x)) => v.push(x),
            (Self::Bool(v), ValueRef::Bool(x)) => v.push(x),
            (Self::Str(v), ValueRef::Str(x)) => v.push(x.as_bytes()),
            (Self::Histogram(v), ValueRef::Histogram(x)) => v.push(x),
            _ => return false,
        }
        true
    }
}

/// Samples of one series, in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// Nanoseconds since the epoch, one for each value.
    pub timestamps: Vec<i64>,
    /// The values.
    pub values: Column,
}

impl Samples {
    /// No samples of this kind.
    pub fn new(kind: Kind) -> Self {
        Self { timestamps: Vec::new(), values: Column::new(kind) }
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.timestamps.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.timestamps.is_empty()
    }

    /// Forgets all samples and keeps the memory where the kind stays.
    pub fn reset(&mut self, kind: Kind) {
        self.timestamps.clear();
        if self.values.kind() == kind {
            self.values.clear();
        } else {
            self.values = Column::new(kind);
        }
    }

    /// Appends a sample; false, and nothing done, where the value is of another kind.
    #[must_use]
    pub fn push(&mut self, at: Timestamp, value: ValueRef<'_>) -> bool {
        let fits = self.values.push(value);
        if fits {
            self.timestamps.push(at.0);
        }
        fits
    }

    /// The sample at `index`, which must be inside.
    pub fn get(&self, index: usize) -> (Timestamp, ValueRef<'_>) {
        (Timestamp(self.timestamps[index]), self.values.get(index))
    }
}

#[cfg(test)]
mod tests;

//! Values of one column to bytes, with scratch memory that is kept from run to run.

use codec::Effort;
use model::Column;
use std::ops::Range;

/// Encodes values.
#[derive(Default)]
pub struct ValueEncoder {
    floats: codec::floats::Encoder,
    integers: codec::integers::Encoder,
    signed: Vec<i64>,
}

impl ValueEncoder {
    /// An encoder that takes this effort.
    pub fn with_effort(effort: Effort) -> Self {
        Self {
            floats: codec::floats::Encoder::with_effort(effort),
            integers: codec::integers::Encoder::with_effort(effort),
            signed: Vec::new(),
        }
    }

    /// Appends the values of `column` that stand `at`.
    pub fn encode(&mut self, column: &Column, at: Range<usize>, out: &mut Vec<u8>) {
        match column {
            Column::F64(v) => self.floats.encode(&v[at], out),
            Column::I64(v) => self.integers.encode(&v[at], out),
            Column::U64(v) => {
                self.signed.clear();
                self.signed.extend(v[at].iter().map(|value| value.cast_signed()));
                self.integers.encode(&self.signed, out);
            }
            Column::Bool(v) => codec::bools::encode(&v[at], out),
            Column::Str(v) | Column::Histogram(v) => {
                codec::strings::encode(at.map(|index| v.get(index)), out);
            }
        }
    }
}

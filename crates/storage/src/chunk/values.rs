//! Values of one column to bytes, with scratch memory that is kept from run to run.

use model::Column;
use std::ops::Range;

/// Encodes values.
#[derive(Default)]
pub struct ValueEncoder {
    floats: codec::floats::Encoder,
    integers: Vec<i64>,
}

impl ValueEncoder {
    /// Appends the values of `column` that stand `at`.
    pub fn encode(&mut self, column: &Column, at: Range<usize>, out: &mut Vec<u8>) {
        match column {
            Column::F64(v) => self.floats.encode(&v[at], out),
            Column::I64(v) => codec::integers::encode(&v[at], out),
            Column::U64(v) => {
                self.integers.clear();
                self.integers.extend(v[at].iter().map(|value| value.cast_signed()));
                codec::integers::encode(&self.integers, out);
            }
            Column::Bool(v) => codec::bools::encode(&v[at], out),
            Column::Str(v) | Column::Histogram(v) => {
                codec::strings::encode(at.map(|index| v.get(index)), out);
            }
        }
    }
}

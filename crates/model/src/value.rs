//! One value, owned or borrowed, and the kinds there are.

/// What a column holds. The numbers are written to disk and never change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Kind {
    /// 64-bit float, every bit pattern kept.
    F64 = 1,
    /// Signed 64-bit integer.
    I64 = 2,
    /// Unsigned 64-bit integer.
    U64 = 3,
    /// Truth value.
    Bool = 4,
    /// UTF-8 text.
    Str = 5,
    /// Native histogram in its encoded form.
    Histogram = 6,
}

impl Kind {
    /// The kind with this number on disk.
    pub fn from_u8(number: u8) -> Option<Self> {
        [Self::F64, Self::I64, Self::U64, Self::Bool, Self::Str, Self::Histogram]
            .into_iter()
            .find(|kind| *kind as u8 == number)
    }

    /// The word InfluxDB uses for it, which stands in messages and `SHOW FIELD KEYS`.
    pub fn influx_name(self) -> &'static str {
        match self {
            Self::F64 => "float",
            Self::I64 => "integer",
            Self::U64 => "unsigned",
            Self::Bool => "boolean",
            Self::Str => "string",
            Self::Histogram => "histogram",
        }
    }

    /// Whether PromQL sees it as a plain number.
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::F64 | Self::I64 | Self::U64 | Self::Bool)
    }
}

/// A value that borrows its text.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ValueRef<'a> {
    /// See [`Kind::F64`].
    F64(f64),
    /// See [`Kind::I64`].
    I64(i64),
    /// See [`Kind::U64`].
    U64(u64),
    /// See [`Kind::Bool`].
    Bool(bool),
    /// See [`Kind::Str`].
    Str(&'a str),
    /// See [`Kind::Histogram`].
    Histogram(&'a [u8]),
}

impl ValueRef<'_> {
    /// The kind it is of.
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

    /// The number PromQL sees: booleans are 0 and 1, text and histograms are none.
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::F64(v) => Some(v),
            Self::I64(v) => Some(v as f64),
            Self::U64(v) => Some(v as f64),
            Self::Bool(v) => Some(f64::from(u8::from(v))),
            Self::Str(_) | Self::Histogram(_) => None,
        }
    }

    /// An owned copy.
    pub fn to_value(&self) -> Value {
        match *self {
            Self::F64(v) => Value::F64(v),
            Self::I64(v) => Value::I64(v),
            Self::U64(v) => Value::U64(v),
            Self::Bool(v) => Value::Bool(v),
            Self::Str(v) => Value::Str(v.to_owned()),
            Self::Histogram(v) => Value::Histogram(v.to_vec()),
        }
    }
}

/// A value that owns its text.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// See [`Kind::F64`].
    F64(f64),
    /// See [`Kind::I64`].
    I64(i64),
    /// See [`Kind::U64`].
    U64(u64),
    /// See [`Kind::Bool`].
    Bool(bool),
    /// See [`Kind::Str`].
    Str(String),
    /// See [`Kind::Histogram`].
    Histogram(Vec<u8>),
}

impl Value {
    /// The same value, borrowed.
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::F64(v) => ValueRef::F64(*v),
            Self::I64(v) => ValueRef::I64(*v),
            Self::U64(v) => ValueRef::U64(*v),
            Self::Bool(v) => ValueRef::Bool(*v),
            Self::Str(v) => ValueRef::Str(v),
            Self::Histogram(v) => ValueRef::Histogram(v),
        }
    }
}

/// The NaN by which Prometheus marks the end of a series; any other NaN is a value.
pub const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

/// Whether `value` is the staleness marker.
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_NAN_BITS
}

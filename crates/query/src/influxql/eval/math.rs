//! Functions of numbers: `abs(x)`, `pow(x, 2)`.

use crate::influxql::answer::Cell;
use crate::influxql::ast::DataType;
use crate::influxql::error::Error;

/// A function of one number or two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each variant is the function of that name")]
pub(crate) enum Math {
    Abs,
    Acos,
    Asin,
    Atan,
    Atan2,
    Ceil,
    Cos,
    Exp,
    Floor,
    Ln,
    Log,
    Log10,
    Log2,
    Pow,
    Round,
    Sin,
    Sqrt,
    Tan,
}

impl Math {
    /// The function of this name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        Some(match name {
            "abs" => Self::Abs,
            "acos" => Self::Acos,
            "asin" => Self::Asin,
            "atan" => Self::Atan,
            "atan2" => Self::Atan2,
            "ceil" => Self::Ceil,
            "cos" => Self::Cos,
            "exp" => Self::Exp,
            "floor" => Self::Floor,
            "ln" => Self::Ln,
            "log" => Self::Log,
            "log10" => Self::Log10,
            "log2" => Self::Log2,
            "pow" => Self::Pow,
            "round" => Self::Round,
            "sin" => Self::Sin,
            "sqrt" => Self::Sqrt,
            "tan" => Self::Tan,
            _ => return None,
        })
    }

    /// How many arguments it takes.
    pub(crate) fn arity(self) -> usize {
        if matches!(self, Self::Atan2 | Self::Log | Self::Pow) { 2 } else { 1 }
    }

    /// Its value; null where an argument is no number.
    pub(crate) fn apply(self, args: &[Cell]) -> Cell {
        let [first, rest @ ..] = args else { return Cell::Null };
        // Whole numbers are whole already, whatever their size.
        let keeps = matches!(self, Self::Abs | Self::Ceil | Self::Floor | Self::Round);
        if keeps && matches!(first, Cell::Integer(_) | Cell::Unsigned(_)) {
            return match (self, first) {
                (Self::Abs, Cell::Integer(value)) => Cell::Integer(value.wrapping_abs()),
                _ => first.clone(),
            };
        }
        let Some(x) = first.as_f64() else { return Cell::Null };
        let second = rest.first().and_then(Cell::as_f64);
        let value = match (self, second) {
            (Self::Abs, _) => x.abs(),
            (Self::Acos, _) => x.acos(),
            (Self::Asin, _) => x.asin(),
            (Self::Atan, _) => x.atan(),
            (Self::Ceil, _) => x.ceil(),
            (Self::Cos, _) => x.cos(),
            (Self::Exp, _) => x.exp(),
            (Self::Floor, _) => x.floor(),
            (Self::Ln, _) => x.ln(),
            (Self::Log10, _) => x.log10(),
            (Self::Log2, _) => x.log2(),
            (Self::Round, _) => x.round(),
            (Self::Sin, _) => x.sin(),
            (Self::Sqrt, _) => x.sqrt(),
            (Self::Tan, _) => x.tan(),
            (Self::Atan2, Some(y)) => x.atan2(y),
            (Self::Log, Some(y)) => x.ln() / y.ln(),
            (Self::Pow, Some(y)) => x.powf(y),
            (Self::Atan2 | Self::Log | Self::Pow, None) => return Cell::Null,
        };
        Cell::Float(value)
    }
}

/// What kind of number the function `name` gives for arguments of `kinds`.
///
/// # Errors
/// Where an argument is of a kind it does not take.
pub(crate) fn type_of_math(name: &str, kinds: &[DataType]) -> Result<DataType, Error> {
    let wrong = |place: &str, kind: DataType| {
        let kind = kind.name();
        Error::invalid(format!(
            "invalid argument type for the {place} argument in {name}(): {kind}"
        ))
    };
    let numeric = |kind: DataType| kind.is_number() || kind == DataType::Unknown;
    let first = kinds.first().copied().unwrap_or_default();
    let fits = match name {
        "asin" | "acos" => matches!(first, DataType::Float | DataType::Unknown),
        _ => numeric(first),
    };
    if !fits {
        return Err(wrong("first", first));
    }
    if let Some(second) = kinds.get(1).copied().filter(|kind| !numeric(*kind)) {
        return Err(wrong("second", second));
    }
    match name {
        "abs" | "floor" | "ceil" | "round" => Ok(first),
        _ => Ok(DataType::Float),
    }
}

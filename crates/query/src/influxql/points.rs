//! Rows that are points of the data as they are, kept column by column and input by input.
//!
//! A row is put together when it is written. So a point takes as many bytes as its time, its
//! values and its place in the order, and nothing of its own on the heap.
//!
//! Invariant: each column of an input has a value for each of its times.

use super::answer::Cell;
use model::Timestamp;
use std::ops::Range;

/// Where more ticks than this for each point lie between the first and the last, points are
/// sorted and not counted.
const TICKS_PER_POINT_MAX: u64 = 4;
/// So few ticks are counted, however few points there are.
const TICKS_MIN: u64 = 1 << 12;

/// Points of several inputs, in the order of the query.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Points {
    inputs: Vec<Input>,
    /// Of each row the input, and which of its points.
    order: Vec<(u32, u32)>,
}

/// Points of one input, in the order of the query.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Input {
    /// When each stands.
    pub(crate) times: Vec<i64>,
    /// What they hold.
    pub(crate) columns: Vec<Values>,
}

/// A column of an input.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Values {
    /// Floats, none of them missing.
    Floats(Vec<f64>),
    /// Integers, none of them missing.
    Integers(Vec<i64>),
    /// The same at every point.
    Same(Cell),
    /// Anything.
    Cells(Vec<Cell>),
}

impl Values {
    /// Puts the value of point `at` into `cell`, whose memory is used again.
    fn put(&self, at: usize, cell: &mut Cell) {
        match (self, cell) {
            (Self::Floats(values), cell) => *cell = Cell::Float(values[at]),
            (Self::Integers(values), cell) => *cell = Cell::Integer(values[at]),
            (Self::Same(Cell::Text(text)), Cell::Text(cell)) => cell.clone_from(text),
            (Self::Same(value), cell) => *cell = value.clone(),
            (Self::Cells(values), cell) => cell.clone_from(&values[at]),
        }
    }

    /// The same without NaN, which an answer has no number for.
    fn without_nan(self) -> Self {
        let or_null = |value: f64| if value.is_nan() { Cell::Null } else { Cell::Float(value) };
        match self {
            Self::Floats(values) if values.iter().any(|value| value.is_nan()) => {
                Self::Cells(values.into_iter().map(or_null).collect())
            }
            Self::Cells(mut cells) => {
                for cell in &mut cells {
                    if let Cell::Float(value) = *cell {
                        *cell = or_null(value);
                    }
                }
                Self::Cells(cells)
            }
            plain => plain,
        }
    }
}

impl Points {
    /// Those of all inputs: in the order of time, or the other way round, and at equal times
    /// in the order of inputs.
    pub(crate) fn new(inputs: Vec<Input>, ascending: bool) -> Self {
        let order = match Ticks::of(&inputs) {
            Some(ticks) => ticks.order(&inputs, ascending),
            None => sorted(&inputs, ascending),
        };
        Self { inputs, order }
    }

    /// Leaves `count` rows behind the first `skipped`.
    pub(crate) fn cut(&mut self, skipped: usize, count: usize) {
        self.order.truncate(skipped.saturating_add(count));
        self.order.drain(..skipped.min(self.order.len()));
    }

    /// The same without NaN.
    pub(crate) fn without_nan(mut self) -> Self {
        for input in &mut self.inputs {
            let columns = std::mem::take(&mut input.columns);
            input.columns = columns.into_iter().map(Values::without_nan).collect();
        }
        self
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Hands the cells of each row in `rows` to `each`, the time first.
    pub fn each(&self, rows: Range<usize>, mut each: impl FnMut(&[Cell])) {
        let mut row: Vec<Cell> = Vec::new();
        for (input, point) in &self.order[rows] {
            let Input { times, columns } = &self.inputs[*input as usize];
            row.resize(columns.len() + 1, Cell::Null);
            row[0] = Cell::Time(Timestamp(times[*point as usize]));
            for (column, cell) in columns.iter().zip(&mut row[1..]) {
                column.put(*point as usize, cell);
            }
            each(&row);
        }
    }
}

/// Even ticks that all points stand on.
struct Ticks {
    first: i64,
    last: i64,
    step: u64,
    count: usize,
}

impl Ticks {
    /// The widest ticks; none where there are far more than points.
    fn of(inputs: &[Input]) -> Option<Self> {
        let times = || inputs.iter().flat_map(|input| &input.times);
        let points = times().count() as u64;
        let (first, last) = (*times().min()?, *times().max()?);
        // Two times may be further apart than a signed number tells, not an unsigned one.
        let length = last.wrapping_sub(first) as u64;
        let steps_max = points.saturating_mul(TICKS_PER_POINT_MAX).max(TICKS_MIN);
        let mut step = length;
        for at in times() {
            let distance = at.wrapping_sub(first) as u64;
            if step > 0 && !distance.is_multiple_of(step) {
                step = greatest_divisor(step, distance);
                if length / step > steps_max {
                    return None;
                }
            }
        }
        let step = step.max(1);
        Some(Self { first, last, step, count: (length / step) as usize + 1 })
    }

    /// The order of points, by counting how many stand on each tick.
    fn order(&self, inputs: &[Input], ascending: bool) -> Vec<(u32, u32)> {
        let tick = |at: i64| {
            let distance =
                if ascending { at.wrapping_sub(self.first) } else { self.last.wrapping_sub(at) };
            (distance as u64 / self.step) as usize
        };
        let mut places = vec![0usize; self.count + 1];
        for at in inputs.iter().flat_map(|input| &input.times) {
            places[tick(*at) + 1] += 1;
        }
        for place in 1..places.len() {
            places[place] += places[place - 1];
        }
        let mut order = vec![(0, 0); places[self.count]];
        for (number, input) in (0..).zip(inputs) {
            for (point, at) in (0..).zip(&input.times) {
                let place = &mut places[tick(*at)];
                order[*place] = (number, point);
                *place += 1;
            }
        }
        order
    }
}

/// Euclid's.
fn greatest_divisor(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The order of points, by sorting.
fn sorted(inputs: &[Input], ascending: bool) -> Vec<(u32, u32)> {
    let mut order = Vec::with_capacity(inputs.iter().map(|input| input.times.len()).sum());
    for (number, input) in (0..).zip(inputs) {
        order.extend((0..).zip(&input.times).map(|(point, at)| (*at, number, point)));
    }
    // Stable, and quick where inputs are in order already.
    if ascending {
        order.sort_by_key(|(at, ..)| *at);
    } else {
        order.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
    }
    order.into_iter().map(|(_, number, point)| (number, point)).collect()
}

#[cfg(test)]
mod tests;

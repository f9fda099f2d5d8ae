//! Quantiles and fractions of classic histograms: series that count what was at most `le`.

use super::column::{ABSENT, Column, Vector, is_present, merge_equal};
use super::evaluate::Query;
use super::grid::Grid;
use crate::promql::ast::Expr;
use crate::promql::error::Error;
use crate::promql::position::Position;
use model::Labels;
use model::labels::NAME;
use std::collections::HashMap;

/// The label that holds a bucket's upper bound.
const BOUND: &str = "le";
/// How far apart, in relation to their size, two counts may be and still be equal: about what
/// summing rates in different orders makes.
const TOLERANCE: f64 = 1e-12;

/// A bucket at one step.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Its upper bound.
    bound: f64,
    /// How much was at most that.
    count: f64,
}

/// The series of one histogram, by rising bound.
struct Histogram<'a> {
    labels: Labels,
    drops_name: bool,
    buckets: Vec<(f64, &'a Column)>,
}

impl Query<'_> {
    pub fn histogram_quantile(
        &self,
        phi: &[f64],
        args: &[Expr],
        grid: Grid,
    ) -> Result<Vector, Error> {
        let input = self.vector(&args[1], grid)?;
        let histograms = self.histograms(&input, args[1].position);
        if !histograms.is_empty() {
            for &phi in phi.iter().filter(|phi| !(0.0..=1.0).contains(*phi)) {
                self.notes.invalid_quantile(phi, args[0].position);
            }
        }
        self.each_histogram(histograms, grid, |step, buckets, labels| {
            let (value, forced) = quantile(phi[step], buckets);
            if forced {
                self.notes.forced_monotonicity(labels.get(NAME), args[1].position);
            }
            value
        })
    }

    pub fn histogram_fraction(&self, args: &[Expr], grid: Grid) -> Result<Vector, Error> {
        let lower = self.scalar(&args[0], grid)?;
        let upper = self.scalar(&args[1], grid)?;
        let input = self.vector(&args[2], grid)?;
        let histograms = self.histograms(&input, args[2].position);
        self.each_histogram(histograms, grid, |step, buckets, _| {
            fraction(lower[step], upper[step], buckets)
        })
    }

    /// Puts the buckets of each histogram together.
    fn histograms<'a>(&self, input: &'a [Column], position: Position) -> Vec<Histogram<'a>> {
        let mut found: HashMap<Labels, usize> = HashMap::new();
        let mut histograms: Vec<Histogram<'a>> = Vec::new();
        for column in input {
            let text = column.labels.get(BOUND);
            let Ok(bound) = text.parse::<f64>() else {
                self.notes.bad_bucket_label(column.labels.get(NAME), text, position);
                continue;
            };
            let mut labels = column.labels.clone();
            labels.retain(|name| name != BOUND);
            let index = *found.entry(labels.clone()).or_insert_with(|| {
                let drops_name = column.drops_name;
                histograms.push(Histogram { labels, drops_name, buckets: Vec::new() });
                histograms.len() - 1
            });
            histograms[index].buckets.push((bound, column));
        }
        for histogram in &mut histograms {
            histogram.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        histograms
    }

    fn each_histogram(
        &self,
        histograms: Vec<Histogram<'_>>,
        grid: Grid,
        compute: impl Fn(usize, &mut Vec<Bucket>, &Labels) -> f64,
    ) -> Result<Vector, Error> {
        let mut vector = Vector::with_capacity(histograms.len());
        let mut buckets = Vec::new();
        for histogram in histograms {
            self.hold(grid.count)?;
            let mut cells = vec![ABSENT; grid.count];
            for (step, cell) in cells.iter_mut().enumerate() {
                buckets.clear();
                for &(bound, column) in &histogram.buckets {
                    let count = column.cells[step];
                    if is_present(count) {
                        buckets.push(Bucket { bound, count });
                    }
                }
                if !buckets.is_empty() {
                    *cell = compute(step, &mut buckets, &histogram.labels);
                }
            }
            let Histogram { labels, drops_name, .. } = histogram;
            vector.push(Column { labels, cells, drops_name });
        }
        vector.iter_mut().for_each(|column| column.drop_name(self.removal));
        merge_equal(vector)
    }
}

/// The φ-quantile, linear inside its bucket, and whether counts that fell had to be lifted.
fn quantile(phi: f64, buckets: &mut Vec<Bucket>) -> (f64, bool) {
    if phi.is_nan() {
        return (f64::NAN, false);
    }
    if phi < 0.0 {
        return (f64::NEG_INFINITY, false);
    }
    if phi > 1.0 {
        return (f64::INFINITY, false);
    }
    if !ends_in_infinity(buckets) {
        return (f64::NAN, false);
    }
    coalesce(buckets);
    let forced = lift(buckets);
    let last = buckets.len() - 1;
    let observations = buckets[last].count;
    if last < 1 || observations == 0.0 {
        return (f64::NAN, forced);
    }
    let rank = phi * observations;
    let index = buckets.iter().position(|bucket| bucket.count >= rank).unwrap_or(last);
    let bucket = buckets[index];
    let value = if index == last {
        buckets[last - 1].bound
    } else if index == 0 && bucket.bound <= 0.0 {
        bucket.bound
    } else {
        let below = index.checked_sub(1).map(|below| buckets[below]);
        let Bucket { bound: start, count: before } =
            below.unwrap_or(Bucket { bound: 0.0, count: 0.0 });
        start + (bucket.bound - start) * ((rank - before) / (bucket.count - before))
    };
    (value, forced)
}

/// The share of what lies between `lower` and `upper`, linear inside a bucket.
fn fraction(lower: f64, upper: f64, buckets: &mut Vec<Bucket>) -> f64 {
    if !ends_in_infinity(buckets) {
        return f64::NAN;
    }
    coalesce(buckets);
    let total = buckets[buckets.len() - 1].count;
    if total == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    (rank_of(upper, buckets) - rank_of(lower, buckets)) / total
}

/// How much is at most `value`. As for quantiles, the first bucket starts at zero, unless its
/// bound is not above that: then everything in it lies at its bound.
fn rank_of(value: f64, buckets: &[Bucket]) -> f64 {
    let total = buckets[buckets.len() - 1].count;
    let mut below = Bucket { bound: buckets[0].bound.min(0.0), count: 0.0 };
    for &bucket in buckets {
        if below.bound > value {
            break;
        }
        if bucket.bound > value {
            let share = (value - below.bound) / (bucket.bound - below.bound);
            return (below.count + (bucket.count - below.count) * share).min(total);
        }
        below = bucket;
    }
    below.count.min(total)
}

fn ends_in_infinity(buckets: &[Bucket]) -> bool {
    buckets.last().is_some_and(|bucket| bucket.bound == f64::INFINITY)
}

/// Adds up buckets whose bounds are one number written in two ways.
fn coalesce(buckets: &mut Vec<Bucket>) {
    buckets.dedup_by(|later, kept| {
        let same = later.bound == kept.bound;
        if same {
            kept.count += later.count;
        }
        same
    });
}

/// Makes counts rise: each that is less than one before it becomes that one. Gives whether
/// any was less by more than rounding.
fn lift(buckets: &mut [Bucket]) -> bool {
    let mut forced = false;
    let mut highest = buckets[0].count;
    for bucket in &mut buckets[1..] {
        if bucket.count == highest {
            continue;
        }
        if nearly_equal(highest, bucket.count) {
            bucket.count = highest;
        } else if bucket.count < highest {
            bucket.count = highest;
            forced = true;
        } else {
            highest = bucket.count;
        }
    }
    forced
}

fn nearly_equal(a: f64, b: f64) -> bool {
    let (size, distance) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || size < f64::MIN_POSITIVE {
        return distance < TOLERANCE * f64::MIN_POSITIVE;
    }
    distance / size.min(f64::MAX) < TOLERANCE
}

#[cfg(test)]
mod tests;

//! Operators between scalars and vectors.

use super::column::{ABSENT, Column, Vector, is_present, merge_equal, remove_metadata};
use super::evaluate::{Query, Value, misplaced};
use super::grid::Grid;
use super::matching::{Groups, presence, signature};
use super::sets;
use crate::promql::ast::{Binary, Cardinality, Matching, Operator};
use crate::promql::error::Error;
use model::Labels;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

impl Query<'_> {
    pub fn binary(&self, binary: &Binary, grid: Grid) -> Result<Value, Error> {
        if let Some(vector) = self.filtered(binary, grid)? {
            return Ok(Value::Vector(vector));
        }
        let left = self.evaluate(&binary.left, grid)?;
        let right = self.evaluate(&binary.right, grid)?;
        let compute = Compute { op: binary.op, returns_bool: binary.returns_bool };
        match (left, right) {
            (Value::Scalar(left), Value::Scalar(right)) => {
                let cells = left.iter().zip(&right).map(|(&l, &r)| compute.scalar(l, r));
                Ok(Value::Scalar(cells.collect()))
            }
            (Value::Vector(vector), Value::Scalar(scalar)) => {
                self.with_scalar(vector, &scalar, &compute, |cell, number| {
                    compute.cell(cell, number)
                })
            }
            (Value::Scalar(scalar), Value::Vector(vector)) => {
                self.with_scalar(vector, &scalar, &compute, |cell, number| {
                    match compute.cell(number, cell) {
                        // A filter keeps the vector's value, on whichever side it stands.
                        kept if compute.is_filter() && is_present(kept) => cell,
                        result => result,
                    }
                })
            }
            (Value::Vector(left), Value::Vector(right)) => {
                let everything = Matching::on_everything();
                let matching = binary.matching.as_ref().unwrap_or(&everything);
                let vector = if binary.op.is_set() {
                    sets::join(binary.op, left, right, matching, grid.count)?
                } else {
                    self.hold(left.len().max(right.len()) * grid.count)?;
                    Pairing { compute, matching, steps: grid.count }.join(&left, &right)?
                };
                Ok(Value::Vector(vector))
            }
            (Value::Text(_), _) => Err(misplaced(&binary.left)),
            (_, Value::Text(_)) => Err(misplaced(&binary.right)),
        }
    }

    fn with_scalar(
        &self,
        mut vector: Vector,
        scalar: &[f64],
        compute: &Compute,
        call: impl Fn(f64, f64) -> f64,
    ) -> Result<Value, Error> {
        for column in &mut vector {
            for (cell, &number) in column.cells.iter_mut().zip(scalar) {
                if is_present(*cell) {
                    *cell = call(*cell, number);
                }
            }
        }
        vector.retain(Column::is_any_present);
        Ok(Value::Vector(if compute.is_filter() { vector } else { self.without_names(vector)? }))
    }
}

/// An operator on two numbers.
#[derive(Clone, Copy)]
struct Compute {
    op: Operator,
    returns_bool: bool,
}

impl Compute {
    /// Whether it keeps or drops values in place of making new ones.
    fn is_filter(&self) -> bool {
        self.op.is_comparison() && !self.returns_bool
    }

    /// Of two cells that hold something; a filter gives the left one or none.
    fn cell(&self, left: f64, right: f64) -> f64 {
        if !self.op.is_comparison() {
            return arithmetic(self.op, left, right);
        }
        match (compare(self.op, left, right), self.returns_bool) {
            (holds, true) => f64::from(u8::from(holds)),
            (true, false) => left,
            (false, false) => ABSENT,
        }
    }

    /// Of two scalars, of which a comparison is always 0 or 1.
    fn scalar(&self, left: f64, right: f64) -> f64 {
        Self { returns_bool: true, ..*self }.cell(left, right)
    }
}

pub(crate) fn arithmetic(op: Operator, left: f64, right: f64) -> f64 {
    match op {
        Operator::Add => left + right,
        Operator::Sub => left - right,
        Operator::Mul => left * right,
        Operator::Div => left / right,
        Operator::Mod => left % right,
        Operator::Pow => left.powf(right),
        Operator::Atan2 => left.atan2(right),
        // Comparisons and sets never get here.
        _ => f64::NAN,
    }
}

#[inline]
pub(crate) fn compare(op: Operator, left: f64, right: f64) -> bool {
    match op {
        Operator::Equal => left == right,
        Operator::NotEqual => left != right,
        Operator::Greater => left > right,
        Operator::Less => left < right,
        Operator::GreaterEqual => left >= right,
        Operator::LessEqual => left <= right,
        _ => false,
    }
}

/// An operator between two vectors.
struct Pairing<'a> {
    compute: Compute,
    matching: &'a Matching,
    steps: usize,
}

impl Pairing<'_> {
    fn join(&self, left: &[Column], right: &[Column]) -> Result<Vector, Error> {
        let swapped = self.matching.cardinality == Cardinality::OneToMany;
        let (many, one) = if swapped { (right, left) } else { (left, right) };
        if many.is_empty() || one.is_empty() {
            return Ok(Vector::new());
        }
        let groups = Groups::new(many, one, self.matching);
        let mut partners: Vec<Vec<&Column>> = vec![Vec::new(); groups.count];
        for (column, &number) in one.iter().zip(&groups.second) {
            partners[number].push(column);
        }
        self.check_one_side(&partners, many, one)?;
        let mut crowd = vec![0usize; groups.count];
        groups.first.iter().for_each(|&number| crowd[number] += 1);
        let mut results = Results::default();
        for (column, &number) in many.iter().zip(&groups.first) {
            for partner in &partners[number] {
                let cells = self.cells(column, partner, swapped);
                let labels = self.result_labels(&column.labels, &partner.labels);
                let drops_name = self.compute.returns_bool || column.drops_name;
                let result = Column { labels, cells, drops_name };
                // Alone in its group, nothing can be matched twice.
                if crowd[number] > 1 {
                    self.check_many_side(&mut results, &result, number)?;
                }
                if result.is_any_present() {
                    results.vector.push(result);
                }
            }
        }
        merge_equal(results.vector)
    }

    fn cells(&self, many: &Column, one: &Column, swapped: bool) -> Vec<f64> {
        let cell = |(&many, &one): (&f64, &f64)| {
            if !is_present(many) || !is_present(one) {
                ABSENT
            } else if swapped {
                self.compute.cell(one, many)
            } else {
                self.compute.cell(many, one)
            }
        };
        many.cells.iter().zip(&one.cells).map(cell).collect()
    }

    fn result_labels(&self, many: &Labels, one: &Labels) -> Labels {
        let mut labels = many.clone();
        if !self.compute.is_filter() {
            remove_metadata(&mut labels);
        }
        if self.matching.cardinality == Cardinality::OneToOne {
            let named = |name: &str| self.matching.labels.iter().any(|l| l.as_ref() == name);
            labels.retain(|name| named(name) == self.matching.on);
        }
        for included in &self.matching.include {
            labels.set(included.clone(), one.find(included).cloned().unwrap_or_default());
        }
        labels
    }

    /// # Errors
    /// When two series of the side that must be unique match the same at one step.
    fn check_one_side(
        &self,
        partners: &[Vec<&Column>],
        many: &[Column],
        one: &[Column],
    ) -> Result<(), Error> {
        if partners.iter().all(|group| group.len() < 2) {
            return Ok(());
        }
        // Where one vector is empty, nothing is matched and nothing can be wrong.
        let (many, one) = (presence(many, self.steps), presence(one, self.steps));
        for group in partners.iter().filter(|group| group.len() > 1) {
            for step in (0..self.steps).filter(|&step| many[step] && one[step]) {
                let mut present = group.iter().filter(|column| is_present(column.cells[step]));
                if let (Some(first), Some(second)) = (present.next(), present.next()) {
                    return Err(self.not_unique(first, second));
                }
            }
        }
        Ok(())
    }

    fn not_unique(&self, first: &Column, second: &Column) -> Error {
        let swapped = self.matching.cardinality == Cardinality::OneToMany;
        let side = if swapped { "left" } else { "right" };
        let group = signature(&first.labels, self.matching);
        Error::execution(format!(
            "found duplicate series for the match group {} on the {side} hand-side of the operation: [{}, {}];many-to-many matching not allowed: matching labels must be unique on one side",
            braced(&group),
            braced(&second.labels),
            braced(&first.labels)
        ))
    }

    /// # Errors
    /// When two series of the other side give results that may not stand side by side.
    fn check_many_side(
        &self,
        results: &mut Results,
        result: &Column,
        number: usize,
    ) -> Result<(), Error> {
        let grouped = self.matching.cardinality != Cardinality::OneToOne;
        let key = if grouped { result.labels.clone() } else { Labels::default() };
        let used = match results.used.entry((number, key)) {
            Entry::Occupied(used) => used.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(vec![false; self.steps]),
        };
        for (used, &cell) in used.iter_mut().zip(&result.cells) {
            if !is_present(cell) {
                continue;
            }
            if std::mem::replace(used, true) {
                return Err(Error::execution(if grouped {
                    "multiple matches for labels: grouping labels must ensure unique matches"
                } else {
                    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
                }));
            }
        }
        Ok(())
    }
}

/// Results of a pairing, and at which steps each group already has one.
#[derive(Default)]
struct Results {
    vector: Vector,
    used: HashMap<(usize, Labels), Vec<bool>>,
}

/// Labels with all names inside braces, as Prometheus shows them in errors.
fn braced(labels: &Labels) -> String {
    use crate::promql::quote::quote;
    let pairs: Vec<String> =
        labels.iter().map(|(name, value)| format!("{name}={}", quote(value))).collect();
    format!("{{{}}}", pairs.join(", "))
}

//! `absent` and `absent_over_time`: one series where there is none.

use super::column::{ABSENT, Column, Vector};
use super::evaluate::Query;
use super::grid::Grid;
use super::matching::presence;
use super::over_time;
use super::subquery::Windowing;
use crate::promql::ast::{Expr, ExprKind};
use crate::promql::error::Error;
use crate::promql::functions::WindowBody;
use crate::promql::matcher::MatchKind;
use model::Labels;
use model::labels::NAME;
use std::collections::HashSet;

/// Keeps names, so that series that differ in nothing else do not collide.
const PRESENT: WindowBody = WindowBody {
    call: over_time::present,
    keeps_name: true,
    counter: false,
    quantile: false,
    pushed_down: None,
};

impl Query<'_> {
    pub fn absent(&self, arg: &Expr, grid: Grid) -> Result<Vector, Error> {
        let vector = self.vector(arg, grid)?;
        Ok(complement(&vector, arg, grid))
    }

    pub fn absent_over_time(&self, arg: &Expr, grid: Grid) -> Result<Vector, Error> {
        let windowing = Windowing { body: &PRESENT, params: &[] };
        let vector = self.over_windows(arg, &windowing, grid)?;
        Ok(complement(&vector, arg, grid))
    }
}

fn complement(vector: &[Column], arg: &Expr, grid: Grid) -> Vector {
    let present = presence(vector, grid.count);
    let cells = present.iter().map(|&present| if present { ABSENT } else { 1.0 }).collect();
    vec![Column::new(labels_asked_for(arg), cells)]
}

/// The labels that a selector pins to one value. A label with several conditions is left
/// out, except that only its first being no equality leaves later ones a say, as Prometheus
/// has it.
fn labels_asked_for(arg: &Expr) -> Labels {
    let mut labels = Labels::default();
    let ExprKind::Selector(selector) = &arg.bare().kind else { return labels };
    let mut pinned = HashSet::new();
    for matcher in selector.matchers.iter().filter(|matcher| matcher.name.as_ref() != NAME) {
        if matcher.kind == MatchKind::Equal && pinned.insert(&matcher.name) {
            labels.set(matcher.name.clone(), matcher.value.clone());
        } else {
            labels.set(matcher.name.clone(), "");
        }
    }
    labels
}

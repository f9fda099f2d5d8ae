//! What a query computes once though it is written twice, so that its series are read and
//! decoded once: selectors, and functions of range selectors.

use super::column::Vector;
use super::grid::Grid;
use crate::promql::ast::{Expr, ExprKind};
use crate::promql::error::Error;
use crate::promql::functions::Body;
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

/// Results of expressions that occur more than once.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    /// The expressions worth remembering, as they print.
    repeated: HashSet<String>,
    results: Mutex<HashMap<(String, Grid), Vector>>,
}

impl Memo {
    /// For the query `expr`.
    pub fn new(expr: &Expr) -> Self {
        let mut seen = HashSet::new();
        let mut repeated = HashSet::new();
        visit(expr, &mut |expr| {
            if reads(expr) && !seen.insert(expr.to_string()) {
                repeated.insert(expr.to_string());
            }
        });
        Self { repeated, results: Mutex::default() }
    }

    /// Whether `expr` occurs more than once.
    pub fn is_repeated(&self, expr: &Expr) -> bool {
        !self.repeated.is_empty() && self.repeated.contains(&expr.to_string())
    }

    /// What `expr` gave before at these steps; else what `compute` gives now.
    pub fn remember(
        &self,
        expr: &Expr,
        grid: Grid,
        compute: impl FnOnce() -> Result<Vector, Error>,
    ) -> Result<Vector, Error> {
        if self.repeated.is_empty() || !reads(expr) {
            return compute();
        }
        let key = (expr.to_string(), grid);
        if !self.repeated.contains(&key.0) {
            return compute();
        }
        let results = || self.results.lock().unwrap_or_else(|broken| broken.into_inner());
        if let Some(vector) = results().get(&key) {
            return Ok(vector.clone());
        }
        let vector = compute()?;
        results().insert(key, vector.clone());
        Ok(vector)
    }
}

/// Whether `expr` itself reads series: an instant selector, or a function of a range vector.
fn reads(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Selector(selector) => selector.range.is_none(),
        ExprKind::Call(call) => matches!(call.function.body, Body::Window(_)),
        _ => false,
    }
}

fn visit(expr: &Expr, seen: &mut impl FnMut(&Expr)) {
    seen(expr);
    expr.kind.each_child(&mut |child| visit(child, &mut *seen));
}

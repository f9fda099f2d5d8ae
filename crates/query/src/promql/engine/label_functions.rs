//! `label_replace` and `label_join`.

use super::call::text_of;
use super::column::{Vector, reject_equal};
use super::evaluate::Query;
use super::grid::Grid;
use crate::promql::ast::Expr;
use crate::promql::error::Error;
use crate::promql::matcher;
use model::Labels;
use model::labels::NAME;

impl Query<'_> {
    /// `label_replace(v, target, replacement, source, pattern)`.
    pub fn label_replace(&self, args: &[Expr], grid: Grid) -> Result<Vector, Error> {
        let (target, replacement) = (text_of(&args[1])?, text_of(&args[2])?);
        let (source, pattern) = (text_of(&args[3])?, text_of(&args[4])?);
        let regex = matcher::regex(pattern).map_err(|_| {
            Error::execution(format!("invalid regular expression in label_replace(): {pattern}"))
        })?;
        check_label(target, "destination", "label_replace")?;
        self.relabel(&args[0], target, grid, |labels| {
            let found = regex.captures(labels.get(source))?;
            let mut value = String::new();
            found.expand(replacement, &mut value);
            Some(value)
        })
    }

    /// `label_join(v, target, separator, sources…)`.
    pub fn label_join(&self, args: &[Expr], grid: Grid) -> Result<Vector, Error> {
        let (target, separator) = (text_of(&args[1])?, text_of(&args[2])?);
        check_label(target, "destination", "label_join")?;
        let mut sources = Vec::new();
        for arg in &args[3..] {
            let source = text_of(arg)?;
            check_label(source, "source", "label_join")?;
            sources.push(source);
        }
        self.relabel(&args[0], target, grid, |labels| {
            let values: Vec<&str> = sources.iter().map(|source| labels.get(source)).collect();
            Some(values.join(separator))
        })
    }

    /// Sets `target` to what `value` says, where it says anything.
    fn relabel(
        &self,
        arg: &Expr,
        target: &str,
        grid: Grid,
        value: impl Fn(&Labels) -> Option<String>,
    ) -> Result<Vector, Error> {
        let mut vector = self.vector(arg, grid)?;
        for column in &mut vector {
            if let Some(value) = value(&column.labels) {
                column.labels.set(target, value);
                // A name that is given on purpose stays.
                column.drops_name &= target != NAME;
            }
        }
        reject_equal(&vector)?;
        Ok(vector)
    }
}

fn check_label(name: &str, role: &str, function: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::execution(format!("invalid {role} label name in {function}(): {name}")));
    }
    Ok(())
}

//! Which series, label names and label values there are.

use super::{Engine, select};
use crate::promql::ast::ExprKind;
use crate::promql::error::Error;
use crate::promql::matcher::DATABASE_LABEL;
use model::labels::NAME;
use model::limits::Budget;
use model::name::metric_name;
use model::port::{Selection, TagValues};
use model::{DEFAULT_DATABASE, Kind, Labels, Predicate, TimeRange, name};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Engine {
    /// The series that fit any of `selectors` and may have samples in `range`, sorted.
    ///
    /// # Errors
    /// When there is no selector, one does not parse, or the source does not answer.
    pub fn series(
        &self,
        selectors: &[String],
        range: TimeRange,
        budget: &Budget,
    ) -> Result<Vec<Labels>, Error> {
        if selectors.is_empty() {
            return Err(Error::Request("no match[] parameter provided".to_owned()));
        }
        let mut found = BTreeSet::new();
        self.each_series(&selection(selectors, range)?, budget, |labels| {
            found.insert(labels);
        })?;
        Ok(found.into_iter().collect())
    }

    /// The label names of the series that fit any of `selectors`, of all series where there
    /// is none; sorted.
    ///
    /// # Errors
    /// When a selector does not parse, or the source does not answer.
    pub fn label_names(
        &self,
        selectors: &[String],
        range: TimeRange,
        budget: &Budget,
    ) -> Result<Vec<String>, Error> {
        let selection = selection(selectors, range)?;
        let outline = self.source.outline(&selection, budget)?;
        let mut columns = outline.columns.iter();
        let mut found: BTreeSet<Arc<str>> = BTreeSet::new();
        if columns.all(|column| column.kind.is_numeric()) {
            if outline.columns.iter().any(|column| column.database.as_ref() != DEFAULT_DATABASE) {
                found.insert(DATABASE_LABEL.into());
            }
            if !outline.columns.is_empty() {
                found.insert(NAME.into());
            }
            found.extend(outline.tags);
            return Ok(texts(found));
        }
        // Which tags stand beside numbers, streams alone tell.
        self.each_series(&selection, budget, |labels| {
            for (name, _) in labels.iter() {
                if !found.contains(name) {
                    found.insert(name.clone());
                }
            }
        })?;
        Ok(texts(found))
    }

    /// The values of the label `name` among the series that fit any of `selectors`, among all
    /// series where there is none; sorted.
    ///
    /// # Errors
    /// When the name cannot be one, a selector does not parse, or the source does not answer.
    pub fn label_values(
        &self,
        name: &str,
        selectors: &[String],
        range: TimeRange,
        budget: &Budget,
    ) -> Result<Vec<String>, Error> {
        if name.is_empty() {
            return Err(Error::Request("invalid label name: \"\"".to_owned()));
        }
        let selection = selection(selectors, range)?;
        match name {
            NAME => {
                let outline = self.source.outline(&selection, budget)?;
                let numeric = outline.columns.iter().filter(|column| column.kind.is_numeric());
                let names = numeric.map(|it| metric_name(&it.measurement, &it.field).into_owned());
                Ok(names.collect::<BTreeSet<String>>().into_iter().collect())
            }
            // It stands for the database where there is no such tag.
            DATABASE_LABEL => {
                let mut found: BTreeSet<Arc<str>> = BTreeSet::new();
                self.each_series(&selection, budget, |labels| {
                    found.extend(labels.find(name).cloned());
                })?;
                Ok(texts(found))
            }
            tag => {
                let asked = TagValues { tag, selection: &selection, kinds: Kind::is_numeric };
                Ok(self.source.values(&asked, budget)?)
            }
        }
    }

    fn each_series(
        &self,
        selection: &Selection,
        budget: &Budget,
        mut visit: impl FnMut(Labels),
    ) -> Result<(), Error> {
        for series in self.source.select(selection, budget)? {
            let meta = series.meta();
            if meta.kind.is_numeric() {
                visit(name::labels(meta));
            }
        }
        Ok(())
    }
}

fn selection(selectors: &[String], range: TimeRange) -> Result<Selection, Error> {
    let predicate = match selectors {
        [] => Predicate::ALL,
        _ => predicate_of(selectors)?,
    };
    Ok(Selection { predicate, range })
}

/// What a series fits that any of `selectors` selects.
///
/// # Errors
/// When one does not parse, or is no selector.
pub fn predicate_of(selectors: &[String]) -> Result<Predicate, Error> {
    let mut ways = Vec::with_capacity(selectors.len());
    for text in selectors {
        let expr = crate::promql::parse(text)?;
        match &expr.kind {
            ExprKind::Selector(selector) if selector.range.is_none() => {
                ways.push(select::predicate(selector));
            }
            _ => return Err(Error::Request(format!("expected a series selector, got {expr}"))),
        }
    }
    Ok(Predicate::Or(ways))
}

fn texts(found: BTreeSet<Arc<str>>) -> Vec<String> {
    found.into_iter().map(|text| text.to_string()).collect()
}

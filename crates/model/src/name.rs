//! How a measurement and a field make the name that PromQL sees.
//!
//! The field `value` gives the bare measurement, any other is joined with `_`. Names are
//! never sanitised. The labels of a series are its tags, `__name__`, and `db` for a stream
//! outside the default database that has no tag of that name.

use crate::labels::NAME;
use crate::{DEFAULT_DATABASE, Labels, SeriesMeta};
use std::borrow::Cow;
use std::sync::Arc;

/// The field that gives the bare measurement name; a Prometheus sample has only this one.
pub const VALUE_FIELD: &str = "value";

/// The metric name PromQL sees.
pub fn metric_name<'a>(measurement: &'a str, field: &str) -> Cow<'a, str> {
    if field == VALUE_FIELD {
        Cow::Borrowed(measurement)
    } else {
        Cow::Owned(format!("{measurement}_{field}"))
    }
}

/// The labels PromQL sees.
pub fn labels(series: &SeriesMeta) -> Labels {
    Labeler::default().labels(series)
}

/// Makes labels of series after series, which share what is the same for neighbours.
#[derive(Debug)]
pub struct Labeler {
    name: Arc<str>,
    database: Arc<str>,
    /// Measurement and field that were met last, and the metric's name.
    last: Option<(Arc<str>, Arc<str>, Arc<str>)>,
}

impl Default for Labeler {
    fn default() -> Self {
        Self { name: NAME.into(), database: "db".into(), last: None }
    }
}

impl Labeler {
    /// The labels PromQL sees.
    pub fn labels(&mut self, series: &SeriesMeta) -> Labels {
        let stream = &series.stream;
        let mut labels = Labels::from_sorted(stream.tags.iter(), 2);
        if stream.database.as_ref() != DEFAULT_DATABASE && labels.find(&self.database).is_none() {
            labels.set(self.database.clone(), stream.database.clone());
        }
        labels.set(self.name.clone(), self.metric(&stream.measurement, &series.field));
        labels
    }

    fn metric(&mut self, measurement: &Arc<str>, field: &Arc<str>) -> Arc<str> {
        match &self.last {
            Some((last, of, metric)) if last == measurement && of == field => metric.clone(),
            _ => {
                let metric: Arc<str> = metric_name(measurement, field).as_ref().into();
                self.last = Some((measurement.clone(), field.clone(), metric.clone()));
                metric
            }
        }
    }
}

#[cfg(test)]
mod tests;

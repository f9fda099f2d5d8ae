//! How a measurement and a field make the name that PromQL sees.
//!
//! The field `value` gives the bare measurement, any other is joined with `_`. Names are
//! never sanitised. The labels of a series are its tags, `__name__`, and `db` for a stream
//! outside the default database that has no tag of that name.

use crate::labels::NAME;
use crate::{DEFAULT_DATABASE, Labels, SeriesMeta};
use std::borrow::Cow;

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
    let stream = &series.stream;
    let tags = stream.tags.iter().map(|(n, v)| (n.clone(), v.clone()));
    let mut labels = Labels::from_pairs(tags);
    if stream.database.as_ref() != DEFAULT_DATABASE && labels.find("db").is_none() {
        labels.set("db", stream.database.clone());
    }
    labels.set(NAME, metric_name(&stream.measurement, &series.field).as_ref());
    labels
}

#[cfg(test)]
mod tests;

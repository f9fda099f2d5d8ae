//! `SHOW … CARDINALITY`: how many there are. Counts are exact, asked for or not.

use super::measurements::tags_only;
use super::series::{field_keys_of, streams_of_all_policies, tag_keys_of, tag_values_of};
use super::{by_measurement, limited, named};
use crate::influxql::answer::{Cell, ResultSeries};
use crate::influxql::ast::{Counted, ShowCardinality};
use crate::influxql::context::Context;
use crate::influxql::error::Error;

/// `SHOW … CARDINALITY`.
pub(crate) fn cardinality(
    show: &ShowCardinality,
    context: &Context<'_>,
) -> Result<Vec<ResultSeries>, Error> {
    let statement = match show.counted {
        Counted::Series => "SHOW SERIES EXACT CARDINALITY",
        Counted::Measurements => "SHOW MEASUREMENT EXACT CARDINALITY",
        Counted::TagKeys => "SHOW TAG KEY EXACT CARDINALITY",
        Counted::TagValues => "SHOW TAG VALUES EXACT CARDINALITY",
        Counted::FieldKeys => "SHOW FIELD KEY EXACT CARDINALITY",
    };
    tags_only(show.show.condition.as_ref(), statement, context)?;
    let streams = streams_of_all_policies(&show.show, context)?;
    let measurements = by_measurement(&streams);
    let row = |count: usize| vec![vec![Cell::Integer(count as i64)]];
    let bare = show.show.sources.is_empty() && show.show.condition.is_none();
    if bare && !show.exact {
        // InfluxDB estimates here, and calls the column so; a count is the best estimate.
        let estimated = |count| Ok(vec![named("", &["cardinality estimation"], row(count))]);
        match show.counted {
            Counted::Series => return estimated(streams.len()),
            Counted::Measurements => return estimated(measurements.len()),
            Counted::TagKeys | Counted::TagValues | Counted::FieldKeys => {}
        }
    }
    if show.counted == Counted::Measurements {
        return Ok(match measurements.len() {
            0 => Vec::new(),
            count => vec![named("", &["count"], row(count))],
        });
    }
    let counts = measurements.iter().filter_map(|(name, streams)| {
        let count = match show.counted {
            Counted::TagKeys => tag_keys_of(&show.show, streams).len(),
            Counted::TagValues => tag_values_of(&show.show, streams).len(),
            Counted::FieldKeys => field_keys_of(streams).len(),
            Counted::Series | Counted::Measurements => streams.len(),
        };
        (count > 0).then(|| named(name, &["count"], row(count)))
    });
    Ok(limited(counts.collect(), &show.show.limits))
}

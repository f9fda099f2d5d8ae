//! The queries of a bench, each asked a few times over what was just written.

use super::super::asked::Server;
use super::DATABASE;
use crate::error::Error;
use model::{Span, Timestamp};
use std::time::{Duration, Instant};

/// How often each is asked; the median is told.
const TIMES: usize = 5;

/// A query and how long its answers took.
pub struct Asked {
    pub what: &'static str,
    pub median: Duration,
}

/// What is asked, in InfluxQL, about the hour before `END`.
const ALL: [(&str, &str); 6] = [
    (
        "last point of one host",
        "SELECT last(usage_user) FROM cpu WHERE hostname = 'host_0' AND WHEN",
    ),
    (
        "one host, 1 h, maximum by minute",
        "SELECT max(usage_user) FROM cpu WHERE hostname = 'host_0' AND WHEN GROUP BY time(1m)",
    ),
    (
        "8 hosts × 5 fields, 1 h, maximum by minute",
        "SELECT max(usage_user), max(usage_system), max(usage_idle), max(usage_nice), max(usage_iowait) FROM cpu WHERE hostname =~ /^host_[0-7]$/ AND WHEN GROUP BY time(1m), hostname",
    ),
    (
        "all hosts, 1 h, mean by region and 5 min",
        "SELECT mean(usage_user) FROM cpu WHERE WHEN GROUP BY time(5m), region",
    ),
    (
        "all hosts, 1 h, points above 90",
        "SELECT count(usage_user) FROM cpu WHERE usage_user > 90 AND WHEN",
    ),
    ("values of a label", "SHOW TAG VALUES FROM cpu WITH KEY = hostname"),
];

/// Asks everything.
///
/// # Errors
/// When a query fails, or finds nothing.
pub fn ask(server: &Server, end: Timestamp) -> Result<Vec<Asked>, Error> {
    let when = format!("time > {}ns AND time <= {}ns", (end - Span::HOUR).0, end.0);
    ALL.iter()
        .map(|(what, statement)| {
            let statement = statement.replace("WHEN", &when);
            let form = [("db", DATABASE.to_owned()), ("q", statement)];
            let mut took = Vec::with_capacity(TIMES);
            for _ in 0..TIMES {
                let asked = Instant::now();
                let answer = server.post_form("/query", &form)?;
                took.push(asked.elapsed());
                let json = answer.json()?;
                let result = &json["results"][0];
                if let Some(error) = result["error"].as_str().or_else(|| json["error"].as_str()) {
                    return Err(Error::Client(format!("{what}: {error}")));
                }
                if result["series"].as_array().is_none_or(Vec::is_empty) {
                    return Err(Error::Client(format!("{what}: nothing was found")));
                }
            }
            took.sort_unstable();
            Ok(Asked { what, median: took[TIMES / 2] })
        })
        .collect()
}

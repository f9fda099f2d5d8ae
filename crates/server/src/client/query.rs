//! `barograph query`: either language, printed as a table, CSV or JSON.

use super::asked::{Answer, Server};
use super::table::Table;
use crate::cli::{Format, Language, Query};
use crate::error::Error;
use model::port::{Clock, SystemClock};
use model::{Span, Timestamp};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;

/// Words InfluxQL statements begin with; no PromQL expression begins with one.
const INFLUXQL_WORDS: [&str; 12] = [
    "select", "show", "create", "drop", "delete", "alter", "explain", "grant", "revoke", "set",
    "kill", "use",
];
/// How many answers a range gives where the step is left out.
const POINTS: i64 = 250;
/// The range where its start is left out.
const RANGE: Span = Span::HOUR;

/// Asks and prints.
///
/// # Errors
/// When the server refuses, or nobody answers.
pub fn run(query: &Query) -> Result<(), Error> {
    let server = Server::new(&query.server);
    let language = query.lang.unwrap_or_else(|| guess(&query.expr));
    let text = match language {
        Language::Promql => promql(&server, query)?,
        Language::Influxql => influxql(&server, query)?,
    };
    // A reader such as `head` that has gone away is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}

/// The language an expression is in, by its first word.
fn guess(expr: &str) -> Language {
    let word = expr.split_whitespace().next().unwrap_or_default().to_lowercase();
    let is_influxql = INFLUXQL_WORDS.contains(&word.trim_end_matches(';'));
    // `set` alone may be a metric; a statement has further words.
    match is_influxql && expr.split_whitespace().count() > 1 {
        true => Language::Influxql,
        false => Language::Promql,
    }
}

fn promql(server: &Server, query: &Query) -> Result<String, Error> {
    let now = SystemClock.now();
    let at = |text: &Option<String>, otherwise| match text {
        Some(text) => moment(text, now),
        None => Ok(otherwise),
    };
    let end = at(&query.end, now)?;
    let is_range = query.start.is_some() || query.step.is_some();
    let mut form = vec![("query", query.expr.clone())];
    let path = if is_range {
        let start = at(&query.start, end - RANGE)?;
        let step = match &query.step {
            Some(step) => step.clone(),
            None => seconds(Span(((end - start).0 / POINTS).max(Span::SECOND.0))),
        };
        form.extend([("start", instant(start)), ("end", instant(end)), ("step", step)]);
        "/api/v1/query_range"
    } else {
        form.push(("time", instant(end)));
        "/api/v1/query"
    };
    let answer = server.post_form(path, &form)?;
    if answer.status != 200 {
        return Err(refused(&query.expr, &answer)?);
    }
    let json = answer.json()?;
    for warning in json["warnings"].as_array().into_iter().flatten() {
        eprintln!("warning: {}", warning.as_str().unwrap_or_default());
    }
    Ok(match query.format {
        Format::Json => format!("{json:#}\n"),
        Format::Csv => promql_table(&json["data"]).csv(),
        Format::Table => promql_table(&json["data"]).aligned(),
    })
}

fn influxql(server: &Server, query: &Query) -> Result<String, Error> {
    let form = [("q", query.expr.clone()), ("db", query.db.clone())];
    let answer = server.post_form("/query", &form)?;
    if answer.status != 200 {
        return Err(refused(&query.expr, &answer)?);
    }
    let json = answer.json()?;
    let results = json["results"].as_array().cloned().unwrap_or_default();
    let failed: Vec<&str> = results.iter().filter_map(|it| it["error"].as_str()).collect();
    if !failed.is_empty() {
        return Err(Error::Client(failed.join("; ")));
    }
    if query.format == Format::Json {
        return Ok(format!("{json:#}\n"));
    }
    let tables: Vec<String> = influxql_tables(&results)
        .iter()
        .map(|table| if query.format == Format::Csv { table.csv() } else { table.aligned() })
        .collect();
    Ok(tables.join("\n"))
}

/// A point in time: `now`, a span before now such as `-1h`, or what the server reads.
fn moment(text: &str, now: Timestamp) -> Result<Timestamp, Error> {
    if text == "now" {
        return Ok(now);
    }
    if let Some(ago) = text.strip_prefix('-')
        && let Ok(span) = ago.parse::<Span>()
    {
        return Ok(now - span);
    }
    crate::http::moment(text).map_err(Error::Usage)
}

/// Seconds with a fraction, exact to the millisecond.
fn instant(at: Timestamp) -> String {
    format!("{}", at.as_millis() as f64 / 1e3)
}

fn seconds(span: Span) -> String {
    format!("{}", span.as_millis() as f64 / 1e3)
}

fn refused(expr: &str, answer: &Answer) -> Result<Error, Error> {
    Ok(Error::Client(pointed(expr, &answer.error(), &answer.position()?)))
}

/// The error, with the line it is about and a mark under the place.
fn pointed(expr: &str, error: &str, position: &Value) -> String {
    let number = |name: &str| position[name].as_u64().unwrap_or(0) as usize;
    let (line, column) = (number("line"), number("column"));
    match expr.lines().nth(line.wrapping_sub(1)) {
        Some(text) if column > 0 => format!("{error}\n  {text}\n  {}^", " ".repeat(column - 1)),
        _ => error.to_owned(),
    }
}

/// One column for each label, one for the time, one for the value.
fn promql_table(data: &Value) -> Table {
    let result = match data["resultType"].as_str() {
        Some("scalar" | "string") => {
            let mut table = Table::new(&["time", "value"]);
            table.rows.push(point(&data["result"]));
            return table;
        }
        _ => data["result"].as_array().cloned().unwrap_or_default(),
    };
    let labels: BTreeSet<&String> =
        result.iter().filter_map(|it| it["metric"].as_object()).flat_map(|it| it.keys()).collect();
    let mut table = Table::new(&[]);
    table.columns = labels.iter().map(|label| (*label).clone()).collect();
    table.columns.extend(["time".to_owned(), "value".to_owned()]);
    for series in &result {
        let tags =
            labels.iter().map(|it| series["metric"][it.as_str()].as_str().unwrap_or_default());
        let tags: Vec<String> = tags.map(str::to_owned).collect();
        let points = match series["values"].as_array() {
            Some(points) => points.iter().collect(),
            None => vec![&series["value"]],
        };
        table.rows.extend(points.into_iter().map(|it| [tags.clone(), point(it)].concat()));
    }
    table
}

/// Time as RFC 3339, and value.
fn point(point: &Value) -> Vec<String> {
    let ms = (point[0].as_f64().unwrap_or_default() * 1e3).round() as i64;
    let time = jiff::Timestamp::from_millisecond(ms).map(|it| it.to_string());
    let value = point[1].as_str().unwrap_or_default();
    vec![time.unwrap_or_default(), value.to_owned()]
}

/// One table for each run of series with the same columns; name and tags come first.
fn influxql_tables(results: &[Value]) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for series in results.iter().filter_map(|it| it["series"].as_array()).flatten() {
        let empty = serde_json::Map::new();
        let tags = series["tags"].as_object().unwrap_or(&empty);
        let mut columns = Vec::new();
        let mut before = Vec::new();
        if let Some(name) = series["name"].as_str() {
            columns.push("measurement".to_owned());
            before.push(name.to_owned());
        }
        for (name, value) in tags {
            columns.push(name.clone());
            before.push(value.as_str().unwrap_or_default().to_owned());
        }
        columns.extend(series["columns"].as_array().into_iter().flatten().map(cell));
        if tables.last().is_none_or(|table| table.columns != columns) {
            tables.push(Table { columns, rows: Vec::new() });
        }
        let Some(table) = tables.last_mut() else { continue };
        for row in series["values"].as_array().into_iter().flatten() {
            let cells = row.as_array().into_iter().flatten().map(cell);
            table.rows.push(before.iter().cloned().chain(cells).collect());
        }
    }
    tables
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;

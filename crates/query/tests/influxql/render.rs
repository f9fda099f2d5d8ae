//! Answers as people read them, and as InfluxDB's JSON.

use query::influxql::{Cell, ParseError, StatementResult, Zone, format_time};
use serde_json::{Value, json};

/// An answer as aligned columns, one block for each series.
pub fn table(answer: &Result<Vec<StatementResult>, ParseError>) -> String {
    let results = match answer {
        Ok(results) => results,
        Err(error) => return format!("{error}\n"),
    };
    let mut out = String::new();
    for (index, result) in results.iter().enumerate() {
        if results.len() > 1 {
            out.push_str(&format!("statement {index}\n"));
        }
        if let Some(error) = &result.error {
            out.push_str(&format!("error: {error}\n"));
            continue;
        }
        for message in &result.messages {
            out.push_str(&format!("{}: {}\n", message.level, message.text));
        }
        for series in &result.series {
            let tags: Vec<_> = series.tags.iter().map(|(k, v)| format!("{k}={v:?}")).collect();
            let tags =
                if tags.is_empty() { String::new() } else { format!("{{{}}}", tags.join(", ")) };
            out.push_str(&format!("{}{tags}:\n", series.name));
            let mut lines = vec![series.columns.clone()];
            let zone = result.zone.as_ref();
            series.rows.each(0..series.rows.len(), |row| {
                lines.push(row.iter().map(|c| cell(c, zone)).collect());
            });
            out.push_str(&aligned(&lines));
        }
        if result.series.is_empty() {
            out.push_str("nothing\n");
        }
    }
    out
}

fn aligned(lines: &[Vec<String>]) -> String {
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|c| c.chars().count()).max()
    };
    let mut out = String::new();
    for line in lines {
        let cells = line.iter().enumerate();
        let cells = cells.map(|(at, cell)| format!("{cell:<0$}", width(at).unwrap_or(0)));
        let text = cells.collect::<Vec<_>>().join("  ");
        out.push_str(&format!("  {}\n", text.trim_end()));
    }
    out
}

fn cell(cell: &Cell, zone: Option<&Zone>) -> String {
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Time(at) => format_time(*at, zone),
        Cell::Float(value) => format!("{value:?}"),
        Cell::Integer(value) => format!("{value}i"),
        Cell::Unsigned(value) => format!("{value}u"),
        Cell::Bool(value) => value.to_string(),
        Cell::Text(text) => format!("{text:?}"),
    }
}

/// An answer as InfluxDB's JSON.
pub fn to_json(answer: &Result<Vec<StatementResult>, ParseError>) -> Value {
    let results = match answer {
        Ok(results) => results,
        Err(error) => return json!({ "error": error.to_string() }),
    };
    let results: Vec<Value> = results
        .iter()
        .enumerate()
        .map(|(id, result)| {
            let mut out = json!({ "statement_id": id });
            if let Some(error) = &result.error {
                out["error"] = json!(error);
            }
            if !result.series.is_empty() {
                let series = result.series.iter().map(|series| {
                    let mut out = json!({ "columns": series.columns });
                    if !series.name.is_empty() {
                        out["name"] = json!(series.name);
                    }
                    if !series.tags.is_empty() {
                        out["tags"] =
                            series.tags.iter().cloned().map(|(k, v)| (k, json!(v))).collect();
                    }
                    if !series.rows.is_empty() {
                        let zone = result.zone.as_ref();
                        let mut rows: Vec<Vec<Value>> = Vec::new();
                        series.rows.each(0..series.rows.len(), |row| {
                            rows.push(row.iter().map(|cell| json_cell(cell, zone)).collect());
                        });
                        out["values"] = json!(rows);
                    }
                    out
                });
                out["series"] = series.collect();
            }
            out
        })
        .collect();
    json!({ "results": results })
}

fn json_cell(cell: &Cell, zone: Option<&Zone>) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Time(at) => json!(format_time(*at, zone)),
        Cell::Float(value) => json!(value),
        Cell::Integer(value) => json!(value),
        Cell::Unsigned(value) => json!(value),
        Cell::Bool(value) => json!(value),
        Cell::Text(text) => json!(text),
    }
}

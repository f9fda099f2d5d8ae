use super::*;
use model::Timestamp;
use query::influxql::Message;

fn series(tags: &[(&str, &str)], rows: Vec<Vec<Cell>>) -> ResultSeries {
    ResultSeries {
        name: "cpu".to_owned(),
        tags: tags.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        columns: vec!["time".to_owned(), "v".to_owned()],
        rows: rows.into(),
    }
}

fn row(at: i64, value: f64) -> Vec<Cell> {
    vec![Cell::Time(Timestamp(at)), Cell::Float(value)]
}

fn result(series: Vec<ResultSeries>) -> StatementResult {
    StatementResult { series, ..StatementResult::default() }
}

fn check(results: &[StatementResult], shape: Shape, expected: &str) {
    let text = String::from_utf8(render(results, shape).into_bytes()).unwrap();
    assert_eq!(text, expected);
    for line in text.lines().filter(|_| !shape.pretty) {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

const PLAIN: Shape = Shape { epoch: None, pretty: false, chunk_rows: None };

#[test]
fn series_are_written_as_influxdb_does() {
    let rows = vec![row(1_439_856_000_000_000_000, 2.0), row(1_439_856_000_120_000_000, 0.5)];
    check(
        &[result(vec![series(&[("host", "a\"b")], rows)])],
        PLAIN,
        "{\"results\":[{\"statement_id\":0,\"series\":[{\"name\":\"cpu\",\"tags\":{\"host\":\"a\\\"b\"},\"columns\":[\"time\",\"v\"],\"values\":[[\"2015-08-18T00:00:00Z\",2],[\"2015-08-18T00:00:00.12Z\",0.5]]}]}]}\n",
    );
}

#[test]
fn an_empty_result_has_no_series() {
    check(
        &[result(Vec::new()), result(Vec::new())],
        PLAIN,
        "{\"results\":[{\"statement_id\":0},{\"statement_id\":1}]}\n",
    );
    check(&[], PLAIN, "{\"results\":[]}\n");
}

#[test]
fn errors_and_messages_stand_beside_the_series() {
    let failed = StatementResult {
        error: Some("database not found: x".to_owned()),
        messages: vec![Message { level: "warning", text: "mind".to_owned() }],
        ..StatementResult::default()
    };
    check(
        &[failed],
        PLAIN,
        "{\"results\":[{\"statement_id\":0,\"messages\":[{\"level\":\"warning\",\"text\":\"mind\"}],\"error\":\"database not found: x\"}]}\n",
    );
}

#[test]
fn epochs_count_in_their_unit() {
    let shape = Shape { epoch: Some(Span::from_millis(1)), ..PLAIN };
    check(
        &[result(vec![series(&[], vec![row(1_500_000, 1.0), row(-1_500_000, 1.0)])])],
        shape,
        "{\"results\":[{\"statement_id\":0,\"series\":[{\"name\":\"cpu\",\"columns\":[\"time\",\"v\"],\"values\":[[1,1],[-1,1]]}]}]}\n",
    );
}

#[test]
fn chunks_say_whether_more_follows() {
    let shape = Shape { epoch: Some(Span(1)), chunk_rows: Some(2), pretty: false };
    let a = series(&[], vec![row(1, 1.0), row(2, 1.0), row(3, 1.0)]);
    let b = series(&[], vec![row(4, 1.0)]);
    let head = "\"name\":\"cpu\",\"columns\":[\"time\",\"v\"],\"values\"";
    check(
        &[result(vec![a, b]), result(Vec::new())],
        shape,
        &format!(
            "{{\"results\":[{{\"statement_id\":0,\"series\":[{{{head}:[[1,1],[2,1]],\"partial\":true}}],\"partial\":true}}]}}\n\
             {{\"results\":[{{\"statement_id\":0,\"series\":[{{{head}:[[3,1]]}}],\"partial\":true}}]}}\n\
             {{\"results\":[{{\"statement_id\":0,\"series\":[{{{head}:[[4,1]]}}]}}]}}\n\
             {{\"results\":[{{\"statement_id\":1}}]}}\n"
        ),
    );
}

#[test]
fn pretty_is_indented_by_four() {
    let cells = vec![vec![Cell::Text("{\"x\": [1,2]}\\\"".to_owned()), Cell::Null]];
    let one = ResultSeries {
        name: String::new(),
        tags: Vec::new(),
        columns: vec!["name".to_owned()],
        rows: cells.into(),
    };
    let text = render(&[result(vec![one])], Shape { pretty: true, ..PLAIN }).into_bytes();
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.starts_with("{\n    \"results\": [\n        {\n            \"statement_id\": 0,\n")
    );
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["results"][0]["series"][0]["values"][0][0], "{\"x\": [1,2]}\\\"");
}

#[test]
fn floats_are_written_as_go_does() {
    let cases = [
        (67.0, "67"),
        (0.1, "0.1"),
        (-0.0, "-0"),
        (1e20, "100000000000000000000"),
        (9_223_372_036_854_775_808.0, "9223372036854776000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (f64::NAN, "null"),
        (f64::INFINITY, "null"),
    ];
    for (number, expected) in cases {
        assert_eq!(float(number), expected);
    }
}

use super::*;
use serde_json::json;

#[test]
fn the_first_word_tells_the_language() {
    for expr in
        ["SELECT mean(x) FROM cpu", "  show databases", "DROP DATABASE x", "Create database y"]
    {
        assert_eq!(guess(expr), Language::Influxql, "{expr}");
    }
    for expr in ["up", "sum(rate(x[5m]))", "set", "selected > 1", "-x", "{a=\"b\"}", ""] {
        assert_eq!(guess(expr), Language::Promql, "{expr}");
    }
}

#[test]
fn moments_may_count_back_from_now() {
    let now = Timestamp::from_secs(10_000);
    assert_eq!(moment("now", now).unwrap(), now);
    assert_eq!(moment("-1h", now).unwrap(), Timestamp::from_secs(6_400));
    assert_eq!(moment("5.5", now).unwrap(), Timestamp::from_millis(5_500));
    assert_eq!(moment("-5", now).unwrap(), Timestamp::from_secs(-5));
    assert!(moment("soon", now).is_err());
}

#[test]
fn series_become_rows_with_a_column_for_each_label() {
    let data = json!({ "resultType": "matrix", "result": [
        { "metric": { "host": "a" }, "values": [[1, "2"], [1.5, "3"]] },
        { "metric": { "zone": "z" }, "values": [[1, "4"]] },
    ]});
    assert_eq!(
        promql_table(&data).csv(),
        "host,zone,time,value\na,,1970-01-01T00:00:01Z,2\na,,1970-01-01T00:00:01.5Z,3\n,z,1970-01-01T00:00:01Z,4\n"
    );
    let data = json!({ "resultType": "scalar", "result": [0, "7"] });
    assert_eq!(promql_table(&data).csv(), "time,value\n1970-01-01T00:00:00Z,7\n");
}

#[test]
fn tables_of_influxql_begin_where_the_columns_change() {
    let results = [json!({ "series": [
        { "name": "cpu", "tags": { "host": "a" }, "columns": ["time", "v"], "values": [["t", 1.5]] },
        { "name": "cpu", "tags": { "host": "b" }, "columns": ["time", "v"], "values": [["t", null]] },
        { "columns": ["name"], "values": [["x"]] },
    ]})];
    let tables = influxql_tables(&results);
    assert_eq!(tables.len(), 2);
    assert_eq!(tables[0].csv(), "measurement,host,time,v\ncpu,a,t,1.5\ncpu,b,t,\n");
    assert_eq!(tables[1].csv(), "name\nx\n");
}

#[test]
fn an_error_points_at_its_place() {
    let position = json!({ "offset": 6, "line": 2, "column": 3 });
    assert_eq!(pointed("sum(\nabc", "bad", &position), "bad\n  abc\n    ^");
    assert_eq!(pointed("x", "bad", &json!(null)), "bad");
}

use super::Answer;

fn check(body: &str, values: u64, sum: f64) {
    assert_eq!(Answer::read(body.as_bytes()).unwrap(), Answer { values, sum }, "{body}");
}

#[test]
fn both_apis_are_read() {
    check(
        r#"{"results":[{"statement_id":0,"series":[
            {"name":"cpu","tags":{"region":"a"},"columns":["time","mean"],"values":[[1,2.5],[2,null]]},
            {"name":"cpu","tags":{"region":"b"},"columns":["time","mean"],"values":[[1,4]]}]}]}"#,
        2,
        6.5,
    );
    check(
        r#"{"results":[{"series":[{"name":"cpu","columns":["key","value"],
            "values":[["hostname","a"],["hostname","b"]]}]}]}"#,
        2,
        0.0,
    );
    check(r#"{"results":[{"statement_id":0}]}"#, 0, 0.0);
    check(r#"{"status":"success","data":["a","b","c"]}"#, 3, 0.0);
    check(
        r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{},"values":[[1,"1.5"],[2,"2"]]}]}}"#,
        2,
        3.5,
    );
    check(
        r#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{},"value":[1,"7"]}]}}"#,
        1,
        7.0,
    );
}

#[test]
fn errors_are_no_answers() {
    for body in [r#"{"results":[{"error":"no such thing"}]}"#, r#"{"status":"error"}"#, "", "[]"] {
        assert!(Answer::read(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn sums_agree_to_nine_digits_and_counts_exactly() {
    let answer = Answer { values: 3, sum: 1e9 };
    assert!(answer.agrees(&Answer { values: 3, sum: 1e9 + 0.5 }));
    assert!(!answer.agrees(&Answer { values: 3, sum: 1e9 + 2.0 }));
    assert!(!answer.agrees(&Answer { values: 4, sum: 1e9 }));
}

use super::*;
use query::promql::{InstantSample, RangeSeries};

fn check(value: AnswerValue, expected: &str) {
    let answer = Answer { value, warnings: Vec::new(), infos: Vec::new(), partial: false };
    let text =
        String::from_utf8(super::answer(answer, Vec::new(), usize::MAX).into_bytes()).unwrap();
    assert_eq!(text, format!("{{\"status\":\"success\",\"data\":{expected}}}"));
    serde_json::from_str::<serde_json::Value>(&text).unwrap();
}

fn labels_of(pairs: &[(&str, &str)]) -> Labels {
    Labels::from_pairs(pairs.iter().copied())
}

#[test]
fn scalars_and_strings_are_points() {
    let at = Timestamp::from_millis(1_435_781_430_781);
    check(
        AnswerValue::Scalar(at, 1.5),
        r#"{"resultType":"scalar","result":[1435781430.781,"1.5"]}"#,
    );
    check(
        AnswerValue::String(Timestamp::from_secs(5), "a \"b\"\n".to_owned()),
        r#"{"resultType":"string","result":[5,"a \"b\"\n"]}"#,
    );
}

#[test]
fn vectors_name_their_labels() {
    let sample = InstantSample {
        labels: labels_of(&[("__name__", "up"), ("host", "ä\\")]),
        at: Timestamp::from_millis(-1_050),
        value: f64::INFINITY,
    };
    check(
        AnswerValue::Vector(vec![sample]),
        r#"{"resultType":"vector","result":[{"metric":{"__name__":"up","host":"ä\\"},"value":[-1.050,"+Inf"]}]}"#,
    );
    check(AnswerValue::Vector(Vec::new()), r#"{"resultType":"vector","result":[]}"#);
}

#[test]
fn a_matrix_lists_points_and_a_limit_cuts_series() {
    let series = |host: &str| RangeSeries {
        labels: labels_of(&[("host", host)]),
        points: vec![(Timestamp::from_secs(1), f64::NAN), (Timestamp::from_millis(2_005), 0.1)],
    };
    check(
        AnswerValue::Matrix(vec![series("a")]),
        r#"{"resultType":"matrix","result":[{"metric":{"host":"a"},"values":[[1,"NaN"],[2.005,"0.1"]]}]}"#,
    );
    let value = AnswerValue::Matrix(vec![series("a"), series("b")]);
    let answer = Answer {
        value,
        warnings: vec!["w".to_owned()],
        infos: vec!["i".to_owned()],
        partial: false,
    };
    let text = super::answer(answer, vec!["w".to_owned(), "x".to_owned()], 1);
    let json: serde_json::Value = serde_json::from_slice(&text.into_bytes()).unwrap();
    assert_eq!(json["data"]["result"].as_array().unwrap().len(), 1);
    assert_eq!(json["warnings"], serde_json::json!(["w", "x", "results truncated due to limit"]));
    assert_eq!(json["infos"], serde_json::json!(["i"]));
}

#[test]
fn names_and_series_are_lists() {
    let names = names(&["a".to_owned(), "b".to_owned()], Vec::new(), 2);
    assert_eq!(names, br#"{"status":"success","data":["a","b"]}"#);
    let found = series(&[labels_of(&[("__name__", "up")])], Vec::new(), usize::MAX);
    assert_eq!(found, br#"{"status":"success","data":[{"__name__":"up"}]}"#);
}

#[test]
fn long_answers_are_written_by_several_threads_as_by_one() {
    let points: Vec<_> = (0..2_000).map(|at| (Timestamp::from_secs(at), at as f64 / 4.0)).collect();
    let series = |host: usize| RangeSeries {
        labels: labels_of(&[("host", &format!("h{host}"))]),
        points: points.clone(),
    };
    let all: Vec<_> = (0..40).map(series).collect();
    let mut expected = Vec::new();
    list(&mut expected, all.iter(), range_series);
    let expected = String::from_utf8(expected).unwrap();
    assert!(expected.len() > 2 * ink::BYTES_PER_THREAD_MIN, "{}", expected.len());
    check(AnswerValue::Matrix(all), &format!(r#"{{"resultType":"matrix","result":{expected}}}"#));
}

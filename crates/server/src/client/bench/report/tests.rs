use super::*;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn quantiles_are_of_what_was_seen() {
    let all: Vec<Duration> = (1..=200).map(ms).collect();
    assert_eq!([0.5, 0.99, 1.0].map(|share| quantile(&all, share)), [ms(100), ms(198), ms(200)]);
    assert_eq!(quantile(&[ms(7)], 0.5), ms(7));
    assert_eq!(quantile(&[], 0.5), ms(0));
}

#[test]
fn a_report_tells_rates_and_says_what_it_does_not_know() {
    let report = Report {
        hosts: 100,
        connections: 2,
        lines: 50,
        took: ms(2_000),
        values: 4_000_000,
        cpu_seconds: 0.5,
        latencies: vec![ms(3), ms(1), ms(2)],
        space: None,
        questions: vec![Asked { what: "everything", median: ms(4) }],
    };
    let text = report.as_text();
    for part in
        ["2.00 M values a second", "0.125 s a million", "2.0 ms at p50", "unknown", "everything"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let space = Some(Space { values: 100, bytes: 50 });
    let json: Value = serde_json::from_str(&Report { space, ..report }.as_json()).unwrap();
    assert_eq!((&json["bytes_per_value"], &json["series"]), (&json!(0.5), &json!(1_000)));
}

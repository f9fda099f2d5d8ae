use super::{Recording, parse_name};

#[test]
fn names_of_series_are_read() {
    let check = |text: &str, metric: &str, labels: &[(&str, &str)]| {
        let (name, found) = parse_name(text).unwrap();
        let found: Vec<(&str, &str)> =
            found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!((name.as_str(), found.as_slice()), (metric, labels));
    };
    check("up", "up", &[]);
    check("up{}", "up", &[]);
    check(r#"cpu{cpu="0",mode="idle"}"#, "cpu", &[("cpu", "0"), ("mode", "idle")]);
    check(r#"d{a="x\"y\\",b=","}"#, "d", &[("a", "x\"y\\"), ("b", ",")]);
    assert!(parse_name(r#"d{a="x}"#).is_err());
}

#[test]
fn this_host_gives_series_of_equal_length() {
    let recording = Recording::own(20).unwrap();
    let is_there = |name: &str| recording.series.iter().any(|series| series.metric == name);
    assert!(is_there("cpu_usage_user") && is_there("mem_total"));
    assert_eq!(recording.times_ms.len(), 20);
    for series in &recording.series {
        assert_eq!(series.values.len(), recording.times_ms.len(), "{}", series.metric);
    }
}

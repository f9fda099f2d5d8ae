use super::*;

#[test]
fn buckets_are_cumulative() {
    let histogram = Histogram::default();
    for seconds in [0.0005, 0.001, 0.002, 0.5, 100.0] {
        histogram.observe(seconds);
    }
    let snapshot = histogram.snapshot();
    assert_eq!(snapshot.cumulative[..3], [2, 3, 3]);
    assert_eq!(snapshot.cumulative[6], 4);
    assert_eq!(snapshot.cumulative[SECONDS_BOUNDS.len()], 5);
    assert!((snapshot.sum - 100.5035).abs() < 1e-6);
}

#[test]
fn the_text_is_prometheus_format() {
    let mut text = Text::default();
    text.family("a_total", Kind::Counter, "Things.");
    text.sample("a_total", &[("why", "x \"y\"\\\n"), ("b", "c")], 3);
    text.single("b", Kind::Gauge, "One thing.", 1.5);
    assert_eq!(
        text.finish(),
        "# HELP a_total Things.\n# TYPE a_total counter\n\
         a_total{why=\"x \\\"y\\\"\\\\\\n\",b=\"c\"} 3\n\
         # HELP b One thing.\n# TYPE b gauge\nb 1.5\n"
    );
}

#[test]
fn a_gauge_counts_what_lives() {
    let gauge = Gauge::default();
    let (one, two) = (gauge.enter(), gauge.enter());
    assert_eq!(gauge.get(), 2);
    drop(one);
    assert_eq!(gauge.get(), 1);
    drop(two);
    assert_eq!(gauge.get(), 0);
}

#[test]
fn families_count_by_label() {
    let family = Family::<2>::default();
    family.add(["line", "204"], 2);
    family.add(["line", "204"], 3);
    family.add(["line", "400"], 1);
    assert_eq!(family.snapshot().get(&["line", "204"]), Some(&5));
    assert_eq!(family.snapshot().len(), 2);
}

use super::*;

fn check(value: f64, expected: &str) {
    assert_eq!(number(value), expected);
}

#[test]
fn numbers_are_short_and_exact_enough() {
    check(95.2, "95.2");
    check(95.0, "95");
    check(95.234567891, "95.2346");
    check(0.1 + 0.2, "0.3");
    check(-0.000123456789, "-0.000123457");
    check(123456789.123, "123456789");
    check(1e300, "1.000e300");
    check(1e-9, "1.000e-9");
    check(0.0, "0");
    check(f64::INFINITY, "inf");
    check(100.0, "100");
    check(1234567.8, "1234568");
}

#[test]
fn places_lead_with_the_host_and_do_not_list_everything() {
    let mut notice = Notice {
        rule_id: String::new(),
        rule_name: "n".to_owned(),
        severity: Severity::Info,
        subject: "load".to_owned(),
        condition: String::new(),
        watched: String::new(),
        threshold: None,
        labels: BTreeMap::new(),
        hash: String::new(),
        epoch: 1,
        value: Some(1.5),
        peak: None,
        fired_at: String::new(),
        resolved_at: None,
        cause: None,
        acknowledged_by: Some("ann".to_owned()),
        created_by: None,
        notify: Vec::new(),
        dedup_key: String::new(),
        refused_by: None,
    };
    assert_eq!(notice.summary(Kind::Trigger), "load is 1.5");
    assert_eq!(notice.source(), "n");
    notice.labels.insert("job".to_owned(), "api".to_owned());
    assert_eq!(notice.summary(Kind::Trigger), "load is 1.5 on job=api");
    notice.labels.insert("host".to_owned(), "a".to_owned());
    assert_eq!(notice.summary(Kind::Trigger), "load is 1.5 on host a (job=api)");
    assert_eq!(notice.source(), "a");
    assert_eq!(notice.summary(Kind::Acknowledge), "Acknowledged by ann: load on host a (job=api)");
    (0..9).for_each(|n| drop(notice.labels.insert(format!("l{n}"), "x".to_owned())));
    assert!(notice.summary(Kind::Trigger).ends_with(", …)"));
    notice.cause = Some("expired".to_owned());
    assert!(notice.summary(Kind::Resolve).starts_with("Closed: load on host a"));
    assert!(notice.summary(Kind::Resolve).ends_with("no data for a day"));
    notice.cause = Some("recovered".to_owned());
    notice.value = None;
    assert!(notice.summary(Kind::Resolve).starts_with("Resolved: load is over (worst unknown)"));
}

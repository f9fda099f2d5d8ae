use super::*;
use std::collections::BTreeSet;

#[test]
fn each_host_belongs_to_one_connection_and_reports_whole_lines() {
    let mut seen = BTreeSet::new();
    for lane in 0..3 {
        let mut traffic = Traffic::new(lane, 3, 10);
        let mut body = Vec::new();
        let mut rows = 0;
        for first in (0..traffic.hosts()).step_by(2) {
            rows += traffic.write(first, 2, Timestamp(17), &mut body);
            for line in std::str::from_utf8(&body).unwrap().lines() {
                assert!(
                    line.ends_with("i 17") && line.matches('=').count() == 10 + FIELDS,
                    "{line}"
                );
                assert!(seen.insert(line.split(',').nth(1).unwrap().to_owned()), "{line}");
            }
        }
        assert_eq!(rows, traffic.hosts());
    }
    assert_eq!(seen.len(), 10);
}

#[test]
fn values_walk_by_small_steps_between_0_and_100() {
    let mut traffic = Traffic::new(0, 1, 50);
    let mut body = Vec::new();
    let mut before: Vec<[u8; FIELDS]> = traffic.hosts.iter().map(|host| host.values).collect();
    let mut changed = 0;
    for at in 0..200 {
        traffic.write(0, 50, Timestamp(at), &mut body);
        for (host, old) in traffic.hosts.iter().zip(&mut before) {
            for (new, old) in host.values.iter().zip(old.iter_mut()) {
                assert!(*new <= 100 && new.abs_diff(*old) <= 2);
                changed += u64::from(new != old);
                *old = *new;
            }
        }
    }
    // Three of eight steps are none.
    assert!((50_000..75_000).contains(&changed), "{changed} of 100,000");
}

#[test]
fn digits_are_those_of_the_number() {
    for value in 0..=100 {
        let mut out = Vec::new();
        put_digits(value, &mut out);
        assert_eq!(out, value.to_string().as_bytes());
    }
}

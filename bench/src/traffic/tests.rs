use super::{Plan, Traffic, Variant};
use crate::shape::Shape;
use std::collections::{HashMap, HashSet};

fn plan(variant: Variant) -> Plan {
    Plan { variant, hosts: 50, connections: 2, shape: Shape::Mixed, rounds: 80 }
}

/// Host and time of every line of a lap, in the order they are sent.
fn rows(traffic: &mut Traffic, lap: u32) -> Vec<Vec<(String, i64)>> {
    let span = traffic.lap_ns();
    let row = |line: &str| {
        let host = line.split(['=', ',']).nth(2).unwrap().to_owned();
        (host, line.rsplit(' ').next().unwrap().parse().unwrap())
    };
    let connections = traffic.connections.iter_mut();
    connections
        .map(|bodies| {
            let texts = bodies.iter_mut().map(|body| {
                body.turn_to(lap, span, super::SERIALS_OF_LAP);
                String::from_utf8(body.bytes.clone()).unwrap()
            });
            texts.flat_map(|text| text.lines().map(row).collect::<Vec<_>>()).collect()
        })
        .collect()
}

#[test]
fn each_host_stays_with_its_connection_and_in_order() {
    for variant in [Variant::Ordered, Variant::Shuffled, Variant::Crowd, Variant::OneWriter] {
        let mut traffic = Traffic::make(plan(variant)).unwrap();
        let (mut owner, mut last) = (HashMap::new(), HashMap::new());
        for lap in 0..2 {
            for (connection, rows) in rows(&mut traffic, lap).into_iter().enumerate() {
                for (host, time) in rows {
                    assert_eq!(*owner.entry(host.clone()).or_insert(connection), connection);
                    assert!(last.insert(host, time).is_none_or(|before| before < time));
                }
            }
        }
        assert_eq!(owner.len(), 50, "{variant:?}");
    }
}

#[test]
fn late_rows_are_one_in_twenty_and_none_comes_twice() {
    let mut traffic = Traffic::make(plan(Variant::Late)).unwrap();
    let (mut seen, mut newest, mut late, mut all) = (HashSet::new(), HashMap::new(), 0, 0);
    for lap in 0..12 {
        for (host, time) in rows(&mut traffic, lap).into_iter().flatten() {
            assert!(seen.insert((host.clone(), time)), "{host} at {time} was sent twice");
            let newest = newest.entry(host).or_insert(time);
            let by = *newest - time;
            late += usize::from(by >= 60_000_000_000);
            assert!(by <= 3_600_000_000_000, "late by {by} ns");
            *newest = time.max(*newest);
            all += 1;
        }
    }
    let share = late as f64 / all as f64;
    assert!((0.04..0.06).contains(&share), "{share}");
}

#[test]
fn new_hosts_are_new_in_every_lap() {
    let mut traffic = Traffic::make(plan(Variant::New)).unwrap();
    let mut new = HashSet::new();
    for lap in 0..3 {
        for (host, _) in rows(&mut traffic, lap).into_iter().flatten() {
            if host.starts_with("new_") {
                assert!(new.insert(host));
            }
        }
    }
    // 2,000 lines a connection and lap, one in a thousand.
    assert_eq!(new.len(), 3 * 2 * 2);
}

#[test]
fn samples_are_counted() {
    for variant in Variant::ALL {
        let traffic = Traffic::make(plan(variant)).unwrap();
        let samples: u32 = traffic.connections.iter().flatten().map(|body| body.samples).sum();
        assert_eq!(samples, 50 * 80 * 10, "{variant:?}");
        assert_eq!(traffic.first.iter().map(|body| body.samples).sum::<u32>(), 500);
    }
}

//! A delete that was acknowledged stays one after `kill -9`, and costs nothing else.

use barograph_tests::binary::{Barograph, escape};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const FLAGS: [&str; 3] = ["--no-collect", "--retention", "inf"];
/// How often the server is killed.
const KILLS: u64 = 6;
/// Hosts of one round, and points of each.
const HOSTS: u64 = 120;
const POINTS: u64 = 25;

/// Points of the hosts `from..to`.
fn write(server: &Barograph, round: u64, from: u64, to: u64) {
    let point = |host: u64, n: u64| format!("kept,round={round},host={host} v={n}i {}", n + 1);
    let lines: Vec<String> =
        (from..to).flat_map(|host| (0..POINTS).map(move |n| point(host, n))).collect();
    server.write(&lines.join("\n"));
}

/// How many points each host of a round has.
fn counts(server: &Barograph, round: u64) -> BTreeMap<u64, u64> {
    let statement = format!("SELECT count(v) FROM kept WHERE round = '{round}' GROUP BY host");
    let answer = server.influx(&statement);
    let series = answer["series"].as_array().cloned().unwrap_or_default();
    let one = |it: &serde_json::Value| {
        let host = it["tags"]["host"].as_str().and_then(|host| host.parse().ok());
        (host.expect("a host"), it["values"][0][1].as_u64().expect("a count"))
    };
    series.iter().map(one).collect()
}

/// Deletes host after host, until the server is killed. `asked` is how many were begun.
fn delete(server: &Barograph, round: u64, asked: &AtomicU64) -> u64 {
    for host in 0..HOSTS {
        asked.store(host + 1, Ordering::SeqCst);
        // Whole series, and all times of them: two ways to the same.
        let verb = if host % 2 == 0 { "DROP SERIES" } else { "DELETE" };
        let statement = format!("{verb} FROM kept WHERE round = '{round}' AND host = '{host}'");
        let path = format!("/query?db=metrics&q={}", escape(&statement));
        match server.try_post(&path, "") {
            Some(answer) if answer.status == 200 => {
                assert!(!answer.body.contains("error"), "{}", answer.body);
            }
            Some(answer) => panic!("{statement}: {}", answer.body),
            None => return host,
        }
    }
    HOSTS
}

#[test]
fn kill_9_in_a_stream_of_deletes_undoes_none_and_loses_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    // For each round, which hosts were deleted and which may have been.
    let mut rounds: Vec<(u64, u64)> = Vec::new();
    for round in 0..KILLS {
        let server = Barograph::start(folder.path(), "", &FLAGS);
        compare(&server, &rounds);
        // One half lies in blocks, the other in the log.
        write(&server, round, 0, HOSTS / 2);
        assert_eq!(server.post("/api/v1/admin/tsdb/snapshot", "").status, 200);
        write(&server, round, HOSTS / 2, HOSTS);
        let asked = AtomicU64::new(0);
        let acknowledged = std::thread::scope(|scope| {
            let deleting = scope.spawn(|| delete(&server, round, &asked));
            let wanted = (round * 37) % (HOSTS * 3 / 4);
            while asked.load(Ordering::SeqCst) <= wanted && !deleting.is_finished() {
                std::thread::sleep(Duration::from_micros(300));
            }
            barograph_tests::binary::signal(server.pid(), "KILL");
            deleting.join().unwrap()
        });
        server.kill();
        rounds.push((acknowledged, asked.into_inner()));
    }
    assert!(rounds.iter().any(|(done, _)| (1..HOSTS).contains(done)), "{rounds:?}");
    let server = Barograph::start(folder.path(), "", &FLAGS);
    compare(&server, &rounds);
    // What is left is the same in blocks.
    assert_eq!(server.terminate().code(), Some(0));
    compare(&Barograph::start(folder.path(), "", &FLAGS), &rounds);
}

fn compare(server: &Barograph, rounds: &[(u64, u64)]) {
    for (round, (acknowledged, asked)) in (0..).zip(rounds) {
        let found = counts(server, round);
        for host in 0..HOSTS {
            let count = found.get(&host).copied().unwrap_or(0);
            let is_right = match host {
                _ if host < *acknowledged => count == 0,
                // Asked and not answered: all of it or nothing.
                _ if host < *asked => count == 0 || count == POINTS,
                _ => count == POINTS,
            };
            assert!(is_right, "round {round}, host {host}: {count} of {POINTS}, {rounds:?}");
        }
    }
}

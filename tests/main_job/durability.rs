//! What was acknowledged is there after `kill -9`, at any moment.

use barograph_tests::binary::Barograph;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Writers that run beside each other.
const WRITERS: u64 = 4;
/// Points in one body.
const POINTS: u64 = 25;

#[test]
fn kill_9_in_a_stream_of_writes_loses_no_acknowledged_point() {
    let folder = tempfile::tempdir().unwrap();
    let acknowledged = Mutex::new(BTreeSet::new());
    let next = AtomicU64::new(1);
    // Later rounds start on what the earlier ones left, with the WAL that they left.
    for round in 0..4 {
        let server = Barograph::start(folder.path(), "", &["--no-collect", "--retention", "inf"]);
        compare(&server, &acknowledged.lock().unwrap(), next.load(Ordering::SeqCst));
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..WRITERS {
                scope.spawn(|| write_until_refused(&server, &next, &acknowledged, &over));
            }
            std::thread::sleep(Duration::from_millis(300 + 211 * round));
            barograph_tests::binary::signal(server.pid(), "KILL");
            over.store(true, Ordering::SeqCst);
        });
        server.kill();
    }
    let server = Barograph::start(folder.path(), "", &["--no-collect", "--retention", "inf"]);
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() > 100, "only {} points were acknowledged", acknowledged.len());
    compare(&server, &acknowledged, next.into_inner());
    // What is flushed by a clean stop reads the same from blocks.
    assert_eq!(server.terminate().code(), Some(0));
    let server = Barograph::start(folder.path(), "", &["--no-collect", "--retention", "inf"]);
    compare(&server, &acknowledged, u64::MAX);
}

/// Sends bodies of fresh points, and notes those that were acknowledged.
fn write_until_refused(
    server: &Barograph,
    next: &AtomicU64,
    acknowledged: &Mutex<BTreeSet<u64>>,
    over: &AtomicBool,
) {
    while !over.load(Ordering::SeqCst) {
        let first = next.fetch_add(POINTS, Ordering::SeqCst);
        let lines: Vec<String> = (first..first + POINTS)
            .map(|n| format!("kept,shard={} n={n}i,half={} {n}", n % 7, n as f64 / 2.0))
            .collect();
        match server.try_post("/write", &lines.join("\n")) {
            Some(answer) if answer.status == 204 => {
                acknowledged.lock().unwrap().extend(first..first + POINTS);
            }
            Some(answer) => panic!("a good body was refused: {} {}", answer.status, answer.body),
            None => return,
        }
    }
}

/// Every acknowledged point is there with its values, and nothing that was never sent.
fn compare(server: &Barograph, acknowledged: &BTreeSet<u64>, next: u64) {
    let answer = server.influx("SELECT n, half FROM kept");
    let mut found = BTreeSet::new();
    for row in answer["series"][0]["values"].as_array().into_iter().flatten() {
        let (time, n, half) = (row[0].as_u64(), row[1].as_u64(), row[2].as_f64());
        let n = n.unwrap_or_else(|| panic!("a row without its field: {row}"));
        assert_eq!((time, half), (Some(n), Some(n as f64 / 2.0)), "{row}");
        assert!(n < next, "point {n} was never sent");
        found.insert(n);
    }
    let lost: Vec<_> = acknowledged.difference(&found).take(10).collect();
    assert!(lost.is_empty(), "acknowledged points were lost: {lost:?} …; log: {}", server.log());
}

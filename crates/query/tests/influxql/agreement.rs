//! Summing up in the store and summing up here give the same answers.
//!
//! A zone, be it UTC, and a condition on a field both make the engine read samples itself;
//! neither changes the answer of these queries.

use crate::memory::{Memory, StandingClock};
use crate::render::table;
use model::Timestamp;
use model::limits::Budget;
use proptest::prelude::*;
use query::influxql::{Engine, Options, Request};
use std::fmt::Write;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

const FUNCTIONS: [&str; 8] = ["count", "sum", "mean", "min", "max", "first", "last", "spread"];

fn engine(lines: &str) -> (Arc<Memory>, Engine) {
    let memory = Arc::new(Memory::default());
    memory.write("db", None, lines, 1_000_000_000, 0);
    let clock = Arc::new(StandingClock(Mutex::new(Timestamp(200_000_000_000))));
    let engine = Engine::new(memory.clone(), memory.clone(), clock, Options::default());
    (memory, engine)
}

fn ask(engine: &Engine, text: &str) -> String {
    let request = Request { database: Some("db".to_owned()), ..Request::default() };
    table(&engine.run(text, &request, &Budget::unlimited()))
}

/// Asks the same in both ways, and says how often the store summed up in each.
fn both(memory: &Memory, engine: &Engine, fast: &str, slow: &str) -> (String, String, bool) {
    let before = memory.aggregations.load(Ordering::Relaxed);
    let pushed = ask(engine, fast);
    let between = memory.aggregations.load(Ordering::Relaxed);
    let read = ask(engine, slow);
    let after = memory.aggregations.load(Ordering::Relaxed);
    // Where nothing lies inside the bounds there is nothing to sum up.
    let summed = between > before || pushed == "nothing\n";
    (pushed, read, summed && after == between)
}

fn lines(values: &[(u8, i64, f64, i64)]) -> String {
    let mut lines = String::new();
    for (host, at, float, whole) in values {
        let region = ["east", "west"][usize::from(*host) % 2];
        writeln!(lines, "m,host=h{host},region={region} f={float},i={whole}i {at}").unwrap();
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn windows_agree(
        values in prop::collection::vec((0u8..6, 0i64..150, -1e6f64..1e6, -1000i64..1000), 1..80),
        start in 0i64..60,
        length in 1i64..90,
        step in 1i64..40,
        offset in -20i64..20,
        fill in prop::sample::select(vec!["null", "none", "previous", "linear", "7"]),
        group in prop::sample::select(vec!["", ", region", ", host, region"]),
        order in prop::sample::select(vec!["", " ORDER BY time DESC", " LIMIT 3 OFFSET 1"]),
    ) {
        let (memory, engine) = engine(&lines(&values));
        for field in ["f", "i"] {
            let calls = FUNCTIONS.map(|function| format!("{function}({field})")).join(", ");
            let fast = format!(
                "SELECT {calls}, derivative(sum({field}), 1s) FROM m \
                 WHERE time >= {start}s AND time < {}s \
                 GROUP BY time({step}s, {offset}s){group} fill({fill}){order}",
                start + length,
            );
            let (pushed, read, apart) = both(&memory, &engine, &fast, &format!("{fast} tz('UTC')"));
            prop_assert!(apart, "the store sums up one of them");
            prop_assert_eq!(pushed, read, "{}", fast);
        }
    }

    #[test]
    fn everything_agrees(
        values in prop::collection::vec((0u8..6, 0i64..150, -1e6f64..1e6, -1000i64..1000), 1..80),
        bound in prop::sample::select(vec!["", " AND time >= 20s", " AND time < 60s AND time > 3s"]),
        group in prop::sample::select(vec!["", " GROUP BY region", " GROUP BY *"]),
    ) {
        let (memory, engine) = engine(&lines(&values));
        let whole = FUNCTIONS.map(|function| format!("{function}(f), {function}(i)")).join(", ");
        for calls in [whole.as_str(), "max(f)", "first(i)", "last(f) - 1"] {
            let ask = |condition: &str| {
                format!("SELECT {calls} FROM m WHERE {condition}{bound}{group}")
            };
            let (fast, slow) = (ask("host =~ /./"), ask("i > -2000 AND host =~ /./"));
            let (pushed, read, apart) = both(&memory, &engine, &fast, &slow);
            prop_assert!(apart, "the store sums up one of them");
            prop_assert_eq!(pushed, read, "{}", fast);
        }
    }
}

#[test]
fn the_store_is_asked_where_it_can_answer_and_only_there() {
    let (memory, engine) = engine("m,h=a f=1,i=2i,b=true 0\nm,h=b f=2,i=3i,b=false 70");
    let asked = |text: &str| {
        let before = memory.aggregations.load(Ordering::Relaxed);
        ask(&engine, text);
        memory.aggregations.load(Ordering::Relaxed) - before
    };
    let bounds = "WHERE time >= 0s AND time < 2m";
    assert_eq!(asked(&format!("SELECT mean(f) FROM m {bounds} GROUP BY time(1m)")), 1);
    // A window cut short at either end is a question of its own.
    assert_eq!(asked("SELECT mean(f) FROM m WHERE time >= 1s AND time < 3m GROUP BY time(1m)"), 2);
    assert_eq!(
        asked("SELECT mean(f) FROM m WHERE time >= 1s AND time < 179s GROUP BY time(1m)"),
        3
    );
    // Two functions of one field are one question.
    assert_eq!(asked(&format!("SELECT mean(f), max(f), sum(i) FROM m {bounds}")), 2);
    for text in [
        format!("SELECT median(f) FROM m {bounds}"),
        format!("SELECT max(f), h FROM m {bounds}"),
        format!("SELECT mean(f) FROM m {bounds} AND i > 2"),
        format!("SELECT count(b) FROM m {bounds}"),
        "SELECT f FROM m".to_owned(),
    ] {
        assert_eq!(asked(&text), 0, "{text}");
    }
}

#[test]
fn times_out_of_reach_are_read() {
    let (memory, engine) = engine("m f=1 -86400\nm f=2 10\nm f=4 9000000000");
    for (text, sum) in [
        ("SELECT sum(f) FROM m", "7.0"),
        ("SELECT sum(f) FROM m WHERE time > -1d", "6.0"),
        ("SELECT sum(f) FROM m WHERE time < '2020-01-01'", "3.0"),
        ("SELECT sum(f) FROM m WHERE time < 0s", "1.0"),
    ] {
        let before = memory.aggregations.load(Ordering::Relaxed);
        let answer = ask(&engine, text);
        assert!(answer.trim_end().ends_with(sum), "{text}: {answer}");
        assert_eq!(memory.aggregations.load(Ordering::Relaxed), before, "{text}");
    }
}

//! Many series, read on many threads, give what one thread gives.

use crate::memory::{Memory, StandingClock};
use crate::render::table;
use model::Timestamp;
use model::limits::{Budget, End};
use query::influxql::{Engine, Options, Request, StatementResult};
use std::fmt::Write;
use std::sync::{Arc, Mutex};

fn memory() -> Arc<Memory> {
    let mut lines = String::new();
    for host in 0..300 {
        for at in 0..20 {
            let value = (host * 7 + at * 13) % 101;
            writeln!(lines, "cpu,host=h{host},rack=r{} busy={value} {}", host % 7, at * 10)
                .unwrap();
        }
    }
    let memory = Arc::new(Memory::default());
    memory.write("db", None, &lines, 1_000_000_000, 0);
    memory
}

fn engine(memory: &Arc<Memory>, threads: usize) -> Engine {
    let clock = Arc::new(StandingClock(Mutex::new(Timestamp(200_000_000_000))));
    let options = Options { threads, ..Options::default() };
    Engine::new(memory.clone(), memory.clone(), clock, options)
}

fn run(engine: &Engine, text: &str, budget: &Budget) -> Vec<StatementResult> {
    let request = Request { database: Some("db".to_owned()), ..Request::default() };
    engine.run(text, &request, budget).unwrap()
}

#[test]
fn threads_do_not_show() {
    let memory = memory();
    let (one, many) = (engine(&memory, 1), engine(&memory, 5));
    for text in [
        "SELECT median(busy), stddev(busy), mode(busy) FROM cpu",
        "SELECT percentile(busy, 90), host FROM cpu GROUP BY rack",
        "SELECT mean(busy), max(busy) FROM cpu WHERE busy > 50 GROUP BY rack",
        "SELECT max(busy), host FROM cpu WHERE time >= 0s GROUP BY time(1m), rack",
        "SELECT top(busy, rack, 3), host FROM cpu",
        "SELECT * FROM cpu ORDER BY time DESC LIMIT 50",
        "SELECT distinct(busy) FROM cpu GROUP BY rack",
    ] {
        let ask = |engine| table(&Ok(run(engine, text, &Budget::unlimited())));
        assert_eq!(ask(&one), ask(&many), "{text}");
    }
}

/// The index is asked for the values of few measurements, streams for those of many.
#[test]
fn values_of_tags_are_the_same_however_they_are_found() {
    let (few, many) = (memory(), memory());
    let mut lines = String::new();
    for number in 0..100 {
        writeln!(lines, "other{number},host=h{number} busy=1 0").unwrap();
    }
    many.write("db", None, &lines, 1_000_000_000, 0);
    for text in [
        "SHOW TAG VALUES FROM /^cpu$|^other/ WITH KEY IN (rack, host)",
        "SHOW TAG VALUES FROM /^cpu$|^other/ WITH KEY = rack LIMIT 3 OFFSET 2",
        "SHOW TAG VALUES FROM /^cpu$|^other/ WITH KEY != rack WHERE rack = 'r3'",
        "SHOW TAG VALUES FROM /^cpu$|^other/ WITH KEY = nope",
    ] {
        let ask = |memory| {
            let mut results = run(&engine(memory, 1), text, &Budget::unlimited());
            results[0].series.retain(|series| series.name == "cpu");
            results
        };
        let expected = ask(&few);
        assert_eq!(expected, ask(&many), "{text}");
        assert_eq!(expected[0].series.is_empty(), text.ends_with("nope"), "{text}");
    }
}

#[test]
fn a_budget_ends_a_query() {
    let memory = memory();
    let engine = engine(&memory, 4);
    for text in [
        "SELECT busy FROM cpu",
        "SELECT mean(busy) FROM cpu",
        "SELECT median(busy) FROM cpu",
        "SELECT mean(busy) FROM cpu WHERE time >= 0s GROUP BY time(10ms), host",
        "SELECT median(busy) FROM cpu WHERE time >= 0s GROUP BY time(10ms), host",
    ] {
        let [result] = run(&engine, text, &Budget::new(5_000)).try_into().unwrap();
        let error = result.error.expect(text);
        assert!(error.starts_with("query reads more than 5000 samples"), "{text}: {error}");
        let killed = Budget::unlimited();
        killed.end(End::Killed);
        let [result] = run(&engine, text, &killed).try_into().unwrap();
        assert_eq!(result.error.as_deref(), Some("query was killed"), "{text}");
    }
}

#[test]
fn remarks_of_the_store_come_with_the_answer() {
    let memory = memory();
    let budget = Budget::unlimited();
    budget.warn("said before".to_owned());
    let [result] = run(&engine(&memory, 1), "SHOW DATABASES", &budget).try_into().unwrap();
    assert!(result.messages.is_empty(), "what was said before belongs to another answer");
}

//! Replays answers another server gave.
//!
//! With `INFLUXQL_CASES=<file>` it runs a file of recorded cases (create, write, query,
//! compare) and prints how many came out the same; `INFLUXQL_CASES_VERBOSE=1` shows those
//! that did not. Without it there is nothing to replay, and it says so.

use crate::memory::{Memory, StandingClock};
use crate::render::to_json;
use model::limits::Budget;
use model::port::{Catalog, Policy};
use model::{Span, Timestamp};
use query::influxql::{Engine, Options, Request};
use serde_json::Value;
use std::sync::{Arc, Mutex};

#[test]
fn recorded_answers() {
    let Ok(path) = std::env::var("INFLUXQL_CASES") else {
        println!("INFLUXQL_CASES is not set: no recorded answers to replay");
        return;
    };
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("read {path}: {e}"));
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let (mut passed, mut failed) = (0, 0);
    for case in &cases {
        let (right, wrong) = replay(case);
        if wrong > 0 {
            println!("{right:4} right {wrong:4} wrong  {}", case["test"].as_str().unwrap());
        }
        passed += right;
        failed += wrong;
    }
    println!("{passed} passed, {failed} failed");
}

fn replay(case: &Value) -> (usize, usize) {
    let memory = Arc::new(Memory::default());
    let now = Timestamp(1_600_000_000_000_000_000);
    let clock = Arc::new(StandingClock(Mutex::new(now)));
    let engine = Engine::new(memory.clone(), memory.clone(), clock, Options::default());
    let (mut right, mut wrong) = (0, 0);
    for step in case["steps"].as_array().unwrap() {
        match step["do"].as_str().unwrap() {
            "create" => create(&memory, step),
            "write" => {
                let unit = match step["params"]["precision"][0].as_str().unwrap_or("n") {
                    "u" => 1_000,
                    "ms" => 1_000_000,
                    "s" => 1_000_000_000,
                    "m" => 60_000_000_000,
                    "h" => 3_600_000_000_000,
                    _ => 1,
                };
                let (database, policy) = (step["db"].as_str().unwrap(), step["rp"].as_str());
                memory.write(database, policy, step["lines"].as_str().unwrap(), unit, now.0);
            }
            _ => match same(&engine, step) {
                None => {}
                Some(true) => right += 1,
                Some(false) => wrong += 1,
            },
        }
    }
    (right, wrong)
}

fn create(memory: &Memory, step: &Value) {
    let seconds = step["duration_s"].as_i64().unwrap_or(0);
    let policy = step["rp"].as_str().map(|name| Policy {
        name: Arc::from(name),
        duration: (seconds > 0).then(|| Span::from_secs(seconds)),
        shard: Span(7 * Span::DAY.0),
        replication: 1,
        is_default: true,
    });
    memory.create_database(step["db"].as_str().unwrap(), policy).unwrap();
}

/// Whether the answer is the recorded one; none where none was recorded.
fn same(engine: &Engine, step: &Value) -> Option<bool> {
    let text = step["q"].as_str().unwrap();
    let database = step["params"]["db"][0].as_str().map(str::to_owned);
    let request = Request { database, ..Request::default() };
    let answer = to_json(&engine.run(text, &request, &Budget::unlimited()));
    let expected = step["expect"].as_str()?;
    let same = if step["pattern"].as_bool().unwrap_or(false) {
        regex::Regex::new(expected).unwrap().is_match(&answer.to_string())
    } else {
        equal(&serde_json::from_str(expected).unwrap(), &answer)
    };
    if !same && std::env::var_os("INFLUXQL_CASES_VERBOSE").is_some() {
        println!("query    {text}\n  expect {expected}\n  got    {answer}");
    }
    Some(same)
}

/// Whether two JSON texts say the same, numbers by value.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

//! Our own scripts.
//!
//! ```text
//! # A comment.
//! load 1m
//!   metric{host="a"} 0+10x5 _ stale
//!
//! eval instant at 5m rate(metric[5m])
//!   {host="a"} 0.16666666666666666
//!
//! eval range from 0 to 2m step 1m metric
//!   metric{host="a"} 0 10 20
//!
//! clear
//! ```
//!
//! What is indented below an `eval` is compared letter by letter with what came out, in the
//! order in which it came out: numbers with all their digits, `_` where a step has none,
//! `fail …` for an error, `warn …` and `info …` for what was noted.

use crate::memory::Memory;
use crate::notation::{self, duration};
use model::limits::Budget;
use model::{Span, Timestamp};
use query::promql::{Answer, AnswerValue, Engine, Error, Options, format_value};
use std::sync::Arc;

/// What came of a script.
pub struct Outcome {
    /// What is not as it should be; empty when all is.
    pub failures: String,
    /// The script with what came out.
    pub rewritten: String,
}

/// Runs a script.
pub fn run(text: &str) -> Outcome {
    let mut outcome = Outcome { failures: String::new(), rewritten: String::new() };
    let mut memory = Memory::default();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        outcome.rewritten.push_str(line);
        outcome.rewritten.push('\n');
        let is_indented = |line: &str| line.starts_with([' ', '\t']) && !line.trim().is_empty();
        let mut block = Vec::new();
        if line.starts_with("load ") || line.starts_with("eval ") {
            while let Some((_, line)) = lines.next_if(|(_, line)| is_indented(line)) {
                block.push(line.trim());
            }
        }
        if let Some(gap) = line.strip_prefix("load ") {
            for line in block {
                notation::load(&mut memory, line, duration(gap));
                outcome.rewritten.push_str(&format!("  {line}\n"));
            }
        } else if let Some(command) = line.strip_prefix("eval ") {
            let lines = evaluate(&memory, command);
            for line in &lines {
                outcome.rewritten.push_str(&format!("  {line}\n"));
            }
            if lines != block {
                let number = index + 1;
                let (wanted, got) = (block.join("\n    "), lines.join("\n    "));
                outcome.failures.push_str(&format!(
                    "line {number}: {line}\n  should give\n    {wanted}\n  but gave\n    {got}\n"
                ));
            }
        } else if line == "clear" {
            memory = Memory::default();
        } else {
            assert!(line.is_empty() || line.starts_with('#'), "not a command: {line}");
        }
    }
    outcome
}

fn evaluate(memory: &Memory, command: &str) -> Vec<String> {
    let engine = Engine::new(Arc::new(memory.clone()), Options::default());
    let budget = Budget::unlimited();
    let mut words = command.split_whitespace();
    let mut word = || words.next().expect("an eval says instant or range, and when");
    match word() {
        "instant" => {
            word();
            let at = word();
            let query = command.split_once(at).expect("the time was just read").1.trim();
            render(engine.instant(query, Timestamp(duration(at)), &budget), None)
        }
        "range" => {
            let mut times = Vec::new();
            for _ in 0..3 {
                word();
                times.push(word());
            }
            let mark = format!("step {}", times[2]);
            let query = command.split_once(&mark).expect("the step was just read").1.trim();
            let [start, end, step] = [0, 1, 2].map(|index| duration(times[index]));
            let (start, end) = (Timestamp(start), Timestamp(end));
            let steps = Some((start, end, Span(step)));
            render(engine.range(query, start, end, Span(step), &budget), steps)
        }
        other => panic!("an eval is instant or range, not {other}"),
    }
}

/// The lines that an answer is written as.
fn render(
    answer: Result<Answer, Error>,
    steps: Option<(Timestamp, Timestamp, Span)>,
) -> Vec<String> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return vec![format!("fail {error}").trim_end().to_owned()],
    };
    let notes = answer.warnings.iter().map(|text| format!("warn {text}"));
    let infos = answer.infos.iter().map(|text| format!("info {text}"));
    let mut lines: Vec<String> = notes.chain(infos).collect();
    match answer.value {
        AnswerValue::Scalar(_, value) => lines.push(format!("scalar {}", format_value(value))),
        AnswerValue::String(_, text) => lines.push(format!("text {text:?}")),
        AnswerValue::Vector(samples) => lines.extend(
            samples
                .iter()
                .map(|sample| format!("{} {}", sample.labels, format_value(sample.value))),
        ),
        AnswerValue::Matrix(series) => {
            for series in series {
                let mut line = series.labels.to_string();
                match steps {
                    Some((start, end, step)) => {
                        let mut points = series.points.iter().peekable();
                        let mut at = start;
                        while at <= end {
                            let point = points.next_if(|(time, _)| *time == at);
                            let text = point.map_or("_".to_owned(), |(_, v)| format_value(*v));
                            line.push_str(&format!(" {text}"));
                            at = at + step;
                        }
                    }
                    None => {
                        for (at, value) in series.points {
                            let at = Span(at.0);
                            line.push_str(&format!(" {}@{at}", format_value(value)));
                        }
                    }
                }
                lines.push(line);
            }
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

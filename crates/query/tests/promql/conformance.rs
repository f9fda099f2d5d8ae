//! Prometheus's own scripts, read far enough to judge plain numbers.
//!
//! Names are removed at the end of a query, as in Prometheus's own runner.
//! Cases with native histograms, in the data they touch or in what they expect, are skipped.
//! As Prometheus's runner does, instant cases are asked again as the middle of a range, and
//! numbers may differ by one part in a million.

use crate::memory::Memory;
use crate::notation::{self, Item, duration};
use model::limits::Budget;
use model::{Labels, Span, Timestamp};
use query::promql::{Answer, AnswerValue, Engine, Error, Options};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Counts of one file or of all.
#[derive(Clone, Default)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// What came of all files.
pub struct Report {
    files: Vec<(String, Tally)>,
    failures: String,
}

impl Report {
    /// The share of the cases not skipped that passed.
    pub fn share(&self) -> f64 {
        let passed: usize = self.files.iter().map(|(_, tally)| tally.passed).sum();
        let failed: usize = self.files.iter().map(|(_, tally)| tally.failed).sum();
        passed as f64 / (passed + failed).max(1) as f64
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.failures)?;
        writeln!(out, "{:28} {:>6} {:>6} {:>7}", "file", "passed", "failed", "skipped")?;
        let mut total = Tally::default();
        for (name, tally) in &self.files {
            let Tally { passed, failed, skipped } = tally;
            writeln!(out, "{name:28} {passed:>6} {failed:>6} {skipped:>7}")?;
            total.passed += passed;
            total.failed += failed;
            total.skipped += skipped;
        }
        let Tally { passed, failed, skipped } = total;
        writeln!(out, "{:28} {passed:>6} {failed:>6} {skipped:>7}", "total")?;
        write!(out, "{:.1} % of the cases that are not skipped pass", self.share() * 100.0)
    }
}

/// Runs all files.
pub fn run(paths: &[PathBuf]) -> Report {
    let mut report = Report { files: Vec::new(), failures: String::new() };
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).expect("a script can be read");
        let (tally, failures) = run_file(&name, &text);
        report.files.push((name, tally));
        report.failures.push_str(&failures);
    }
    report
}

fn run_file(name: &str, text: &str) -> (Tally, String) {
    let mut tally = Tally::default();
    let mut failures = String::new();
    let mut memory = Memory::default();
    // A comment ends a block as an empty line does.
    let lines: Vec<&str> = text
        .lines()
        .map(|line| if line.trim().starts_with('#') { "" } else { line.trim() })
        .collect();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        at += 1;
        if line.is_empty() {
            continue;
        }
        let block_start = at;
        while at < lines.len() && !lines[at].is_empty() {
            // A bare number ends what an eval expects, even without an empty line.
            at += 1;
            if line.starts_with("eval") && lines[at - 1].parse::<f64>().is_ok() {
                break;
            }
        }
        let block = &lines[block_start..at];
        if line == "clear" {
            memory = Memory::default();
            at = block_start;
        } else if let Some(gap) = line.strip_prefix("load_with_nhcb ") {
            load(&mut memory, block, duration(gap));
            block.iter().for_each(|line| load_native(&mut memory, line, duration(gap)));
        } else if let Some(gap) = line.strip_prefix("load ") {
            load(&mut memory, block, duration(gap));
        } else if line.starts_with("eval") {
            let case = Case::read(line, block);
            match case.judge(&memory) {
                Verdict::Passed => tally.passed += 1,
                Verdict::Skipped => tally.skipped += 1,
                Verdict::Failed(reason) => {
                    tally.failed += 1;
                    failures.push_str(&format!("{name}:{block_start}: {line}\n    {reason}\n"));
                }
            }
        } else {
            panic!("{name}:{at}: not a command: {line}");
        }
    }
    (tally, failures)
}

fn load(memory: &mut Memory, block: &[&str], gap: i64) {
    block.iter().for_each(|line| notation::load(memory, line, gap));
}

/// The native twin of a classic histogram, so that queries that touch it are known.
fn load_native(memory: &mut Memory, line: &str, gap: i64) {
    let (mut pairs, rest) = notation::metric(line);
    let items = vec![Item::Histogram; notation::values(rest).len()];
    pairs.retain(|(name, _)| name != "le");
    for (name, value) in &mut pairs {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| value.strip_suffix(end));
        if name == "__name__" {
            let Some(base) = base else { return };
            *value = base.to_owned();
        }
    }
    notation::add(memory, &pairs, &items, gap);
}

enum Verdict {
    Passed,
    Skipped,
    Failed(String),
}

/// One `eval` and what it expects.
#[derive(Default)]
struct Case {
    query: String,
    /// Start, end and step of a range case.
    range: Option<(i64, i64, i64)>,
    at: i64,
    fails: bool,
    fail_message: Option<String>,
    ordered: bool,
    warns: bool,
    informs: bool,
    messages: Vec<String>,
    scalar: Option<f64>,
    text: Option<String>,
    series: Vec<(Labels, Vec<Item>)>,
}

impl Case {
    fn read(line: &str, block: &[&str]) -> Self {
        let mut case = Self::default();
        let (command, rest) = line.split_once(' ').expect("an eval has a query");
        case.fails = command == "eval_fail";
        case.ordered = command == "eval_ordered";
        case.warns = command == "eval_warn";
        case.informs = command == "eval_info";
        let mut words = rest.splitn(8, ' ').filter(|word| !word.is_empty());
        let mut word = || words.next().expect("an eval says when");
        if word() == "instant" {
            let query = rest.trim_start_matches("instant").trim_start();
            match query.strip_prefix("at ") {
                Some(timed) => {
                    let (at, query) = timed.trim_start().split_once(' ').expect("a query");
                    case.at = duration(at);
                    case.query = query.trim().to_owned();
                }
                None => case.query = query.to_owned(),
            }
        } else {
            let mut time = || {
                word();
                duration(word())
            };
            case.range = Some((time(), time(), time()));
            case.query = words.next().expect("a query").trim().to_owned();
        }
        block.iter().for_each(|line| case.expect(line));
        case
    }

    fn expect(&mut self, line: &str) {
        let message =
            |rest: &str| rest.split_once("msg:").map(|(_, message)| message.trim().to_owned());
        if let Some(message) = line.strip_prefix("expected_fail_message") {
            self.fail_message = Some(message.trim().to_owned());
        } else if let Some(rest) = line.strip_prefix("expect fail") {
            self.fails = true;
            self.fail_message = message(rest);
        } else if let Some(rest) = line.strip_prefix("expect warn") {
            self.warns = true;
            self.messages.extend(message(rest));
        } else if let Some(rest) = line.strip_prefix("expect info") {
            self.informs = true;
            self.messages.extend(message(rest));
        } else if line == "expect ordered" {
            self.ordered = true;
        } else if let Some(text) = line.strip_prefix("expect string ") {
            self.text = Some(text.trim_matches('"').to_owned());
        } else if line.starts_with("expect no_") {
            // Notes that are missing are not judged.
        } else if let Ok(number) = line.parse() {
            self.scalar = Some(number);
        } else {
            let (pairs, rest) = notation::metric(line);
            self.series.push((notation::labels(&pairs), notation::values(rest)));
        }
    }

    fn judge(&self, memory: &Memory) -> Verdict {
        let histograms = |(_, items): &(Labels, Vec<Item>)| items.contains(&Item::Histogram);
        if self.series.iter().any(histograms) {
            return Verdict::Skipped;
        }
        let options = Options { delayed_name_removal: true, ..Options::default() };
        let engine = Engine::new(Arc::new(memory.clone()), options);
        let budget = Budget::unlimited();
        let answer = match self.range {
            Some((start, end, step)) => {
                let (start, end) = (Timestamp(start), Timestamp(end));
                engine.range(&self.query, start, end, Span(step), &budget)
            }
            None => engine.instant(&self.query, Timestamp(self.at), &budget),
        };
        let touches = |answer: &Answer| {
            answer.warnings.iter().any(|text| text.contains("native histograms are not supported"))
        };
        if answer.as_ref().is_ok_and(touches) {
            return Verdict::Skipped;
        }
        let verdict = self.check(answer).and_then(|()| self.check_in_range(&engine, &budget));
        verdict.map_or_else(Verdict::Failed, |()| Verdict::Passed)
    }

    fn check(&self, answer: Result<Answer, Error>) -> Result<(), String> {
        let answer = match (answer, self.fails) {
            (Err(error), true) => {
                return match &self.fail_message {
                    Some(wanted) if !error.to_string().contains(wanted) => {
                        Err(format!("failed with {error:?}, should with {wanted:?}"))
                    }
                    _ => Ok(()),
                };
            }
            (Ok(_), true) => return Err("should fail and did not".to_owned()),
            (Err(error), false) => return Err(format!("failed: {error}")),
            (Ok(answer), false) => answer,
        };
        if self.warns && answer.warnings.is_empty() {
            return Err("a warning is missing".to_owned());
        }
        if self.informs && answer.infos.is_empty() {
            return Err("an info is missing".to_owned());
        }
        let notes: Vec<&String> = answer.warnings.iter().chain(&answer.infos).collect();
        for message in &self.messages {
            if !notes.iter().any(|note| note.starts_with(message.as_str())) {
                return Err(format!("noted {notes:?}, should note {message:?}"));
            }
        }
        self.check_value(&answer.value)
    }

    fn check_value(&self, value: &AnswerValue) -> Result<(), String> {
        match value {
            AnswerValue::Scalar(_, got) => {
                let wanted = self.scalar.ok_or("gave a scalar")?;
                equal(wanted, *got)
            }
            AnswerValue::String(_, got) => match &self.text {
                Some(wanted) if wanted == got => Ok(()),
                wanted => Err(format!("gave {got:?}, should give {wanted:?}")),
            },
            AnswerValue::Vector(samples) => {
                let got: Vec<_> =
                    samples.iter().map(|s| (s.labels.clone(), vec![Some(s.value)])).collect();
                let wanted: Vec<_> =
                    self.series.iter().map(|(labels, items)| (labels, &items[..1])).collect();
                if self.ordered {
                    let order: Vec<_> = got.iter().map(|(labels, _)| labels).collect();
                    let wanted: Vec<_> = self.series.iter().map(|(labels, _)| labels).collect();
                    if order != wanted {
                        return Err(format!("wrong order: {order:?}"));
                    }
                }
                compare(&wanted, &got)
            }
            AnswerValue::Matrix(series) => {
                let (start, end, step) = self.range.ok_or("gave a matrix")?;
                let got: Vec<_> = series
                    .iter()
                    .map(|series| {
                        let at = |at: i64| {
                            series.points.iter().find(|(t, _)| t.0 == at).map(|(_, v)| *v)
                        };
                        let steps = (end - start) / step;
                        let points = (0..=steps).map(|n| at(start + n * step)).collect();
                        (series.labels.clone(), points)
                    })
                    .collect();
                let wanted: Vec<_> =
                    self.series.iter().map(|(labels, items)| (labels, items.as_slice())).collect();
                compare(&wanted, &got)
            }
        }
    }

    /// An instant case must come out the same in the middle of a range.
    fn check_in_range(&self, engine: &Engine, budget: &Budget) -> Result<(), String> {
        let depends = ["start()", "end()"].iter().any(|word| self.query.contains(word));
        if self.range.is_some() || self.fails || self.ordered || self.text.is_some() || depends {
            return Ok(());
        }
        let minute = Span::MINUTE.0;
        let start = if self.at < minute { self.at } else { self.at - minute };
        let (start, end) = (Timestamp(start), Timestamp(self.at + minute));
        let answer = engine.range(&self.query, start, end, Span::MINUTE, budget);
        let answer = answer.map_err(|error| format!("as a range: failed: {error}"))?;
        let AnswerValue::Matrix(series) = answer.value else {
            return Err("as a range: no matrix".to_owned());
        };
        let mut got = Vec::new();
        for series in series {
            let point = series.points.iter().find(|(at, _)| at.0 == self.at);
            got.extend(point.map(|(_, value)| (series.labels.clone(), vec![Some(*value)])));
        }
        let empty = Labels::default();
        let wanted: Vec<(&Labels, Vec<Item>)> = match self.scalar {
            Some(number) => vec![(&empty, vec![Item::Number(number)])],
            None => self.series.iter().map(|(l, items)| (l, items[..1].to_vec())).collect(),
        };
        let wanted: Vec<_> = wanted.iter().map(|(l, items)| (*l, items.as_slice())).collect();
        compare(&wanted, &got).map_err(|reason| format!("as a range: {reason}"))
    }
}

fn compare(
    wanted: &[(&Labels, &[Item])],
    got: &[(Labels, Vec<Option<f64>>)],
) -> Result<(), String> {
    if wanted.len() != got.len() {
        return Err(format!("gave {got:?}"));
    }
    for (labels, items) in wanted {
        let Some((_, points)) = got.iter().find(|(found, _)| found == *labels) else {
            return Err(format!("no {labels} in {got:?}"));
        };
        for (index, point) in points.iter().enumerate() {
            match (items.get(index).copied().unwrap_or(Item::Gap), point) {
                (Item::Gap, None) => {}
                (Item::Number(wanted), Some(got)) => {
                    equal(wanted, *got).map_err(|reason| format!("{labels}: {reason}"))?;
                }
                (wanted, got) => {
                    return Err(format!("{labels}: step {index} is {got:?}, not {wanted:?}"));
                }
            }
        }
    }
    Ok(())
}

fn equal(wanted: f64, got: f64) -> Result<(), String> {
    let close = (wanted - got).abs() / (wanted.abs() + got.abs()).min(f64::MAX) < 1e-6;
    if wanted == got || (wanted.is_nan() && got.is_nan()) || close {
        Ok(())
    } else {
        Err(format!("{got}, not {wanted}"))
    }
}

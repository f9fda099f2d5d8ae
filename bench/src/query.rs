//! The query set over the same data in every server: two fleets of 21.6 M samples each, and
//! two of counters, which are asked for rates.

use crate::answer::Answer;
use crate::ask;
use crate::fill::{self, History};
use crate::fleet::{FIELDS, START_NS, round_ns};
use crate::question::Ground;
use crate::rig::Rig;
use crate::server::{Kind, Setup};
use crate::shape::Shape;
use crate::table::Figure;
use anyhow::Result;
use std::collections::HashMap;
use std::time::Instant;

/// Six hours at 10 s.
const ROUNDS: i64 = 2_160;

/// Every fleet, every server.
pub fn measure(rig: &Rig) {
    let (small, large) = (rig.options.query_hosts / 10, rig.options.query_hosts);
    for (hosts, fields, shape) in [
        (small, FIELDS.len(), Shape::Mixed),
        (large, 1, Shape::Mixed),
        (small, 1, Shape::Counter),
        (large, 1, Shape::Counter),
    ] {
        let history = History { hosts, fields, shape, rounds: ROUNDS };
        let mut answers = Answers::default();
        // InfluxQL has no such rates.
        let speaks = |kind: &Kind| shape != Shape::Counter || *kind != Kind::Influxdb;
        for kind in rig.kinds().into_iter().filter(speaks) {
            let fleet = format!("{hosts} hosts × {fields} fields of {} × 6 h", shape.name());
            let what = format!("queries, {fleet}: {}", kind.name());
            rig.measure(&what, || measure_server(rig, kind, history, &mut answers));
        }
    }
}

fn measure_server(rig: &Rig, kind: Kind, history: History, answers: &mut Answers) -> Result<()> {
    let server = rig.start(kind, Setup::Default)?;
    let started = Instant::now();
    fill::fill(&server, history)?;
    let rate = history.samples() as f64 / started.elapsed().as_secs_f64() / 1e6;
    eprintln!("         filled with {rate:.2} M samples/s");
    let server = server.settle(rig)?;
    let ground = Ground {
        first_ns: START_NS,
        start_ns: START_NS,
        end_ns: round_ns(history.rounds),
        hosts: history.hosts,
        fields: history.fields,
        shape: history.shape,
    };
    for question in ground.questions() {
        let Some(paths) = question.paths(kind) else { continue };
        let name = format!("{}, {} hosts", question.name, history.hosts);
        match ask::ask(&server, &paths) {
            Ok(asked) => {
                asked.put(rig, kind, &name);
                answers.check(rig, kind, (&name, question.is_alike), asked.answer);
            }
            Err(error) => rig.note(format!("{}, {name}: {error:#}", kind.name())),
        }
    }
    let peak = server.process.resident_max()? as f64 / f64::from(1 << 20);
    let set = if history.shape == Shape::Counter { "rates" } else { "query set" };
    let what = format!("peak memory of the {set}, {} hosts", history.hosts);
    rig.put(kind, Figure::less(what, "MiB"), peak);
    Ok(())
}

/// The first answer to each question, which all others must agree with.
#[derive(Debug, Default)]
pub struct Answers(HashMap<String, (Kind, Answer)>);

impl Answers {
    /// Compares, and tells of a difference: times of unequal answers cannot be compared. Where
    /// answers need not be alike, they must have as many values.
    pub fn check(&mut self, rig: &Rig, kind: Kind, (name, is_alike): (&str, bool), answer: Answer) {
        if answer.values == 0 {
            rig.note(format!("{name}: {} answered with NOTHING", kind.name()));
        }
        let (first, known) = *self.0.entry(name.to_owned()).or_insert((kind, answer));
        let agrees = answer.agrees(&known) || (!is_alike && answer.values == known.values);
        if !agrees {
            let told = |kind: Kind, answer: Answer| {
                format!("{} has {} values, sum {}", kind.name(), answer.values, answer.sum)
            };
            let (one, other) = (told(first, known), told(kind, answer));
            rig.note(format!("{name}: answers DIFFER: {one}; {other}"));
        }
    }
}

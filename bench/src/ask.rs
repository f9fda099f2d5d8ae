//! Asks a server the same question again and again.

use crate::answer::Answer;
use crate::http::Connection;
use crate::rig::Rig;
use crate::server::{Kind, Server};
use crate::table::Figure;
use anyhow::Result;
use std::time::{Duration, Instant};

/// How often a question is asked: at least so often that a median means something, and, as
/// long as it is quick, often enough for a 99th percentile.
const ROUNDS: std::ops::RangeInclusive<usize> = 5..=100;
/// After this no more than the least rounds are asked.
const TIME: Duration = Duration::from_secs(2);

/// An answer, and what it cost.
#[derive(Debug)]
pub struct Asked {
    /// What it said.
    pub answer: Answer,
    /// Milliseconds from question to the end of the answer, sorted.
    pub times_ms: Vec<f64>,
    /// CPU milliseconds of the server for one.
    pub cpu_ms: f64,
}

impl Asked {
    /// Half of the rounds were at least as fast.
    pub fn median_ms(&self) -> f64 {
        self.times_ms[self.times_ms.len() / 2]
    }

    /// Puts it into the table.
    pub fn put(&self, rig: &Rig, kind: Kind, what: &str) {
        rig.put(kind, Figure::less(format!("{what}: median"), "ms"), self.median_ms());
        let last = self.times_ms.len() - 1;
        let p99 = self.times_ms[(last as f64 * 0.99).round() as usize];
        rig.put(kind, Figure::less(format!("{what}: p99"), "ms"), p99);
        rig.put(kind, Figure::less(format!("{what}: server CPU"), "ms"), self.cpu_ms);
    }
}

/// Asks all `paths` one after the other as one question. The first round, which reads the
/// answer, does not count: it finds cold caches.
///
/// # Errors
/// When the server does not answer, or answers with an error.
pub fn ask(server: &Server, paths: &[String]) -> Result<Asked> {
    let mut connection = Connection::open(&server.address)?;
    let mut answer = Answer::default();
    for path in paths {
        answer = answer.and(Answer::read(&connection.get(path)?.good()?)?);
    }
    let (cpu, started) = (server.process.cpu_seconds()?, Instant::now());
    let mut times_ms = Vec::new();
    while times_ms.len() < *ROUNDS.start()
        || times_ms.len() < *ROUNDS.end() && started.elapsed() < TIME
    {
        let began = Instant::now();
        for path in paths {
            connection.get(path)?.good()?;
        }
        times_ms.push(began.elapsed().as_secs_f64() * 1e3);
    }
    let cpu_ms = (server.process.cpu_seconds()? - cpu) * 1e3 / times_ms.len() as f64;
    times_ms.sort_by(f64::total_cmp);
    Ok(Asked { answer, times_ms, cpu_ms })
}

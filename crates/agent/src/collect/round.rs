//! One round of collecting: where lines go, and what was odd on the way.

use super::{Problem, Roots};
use model::Timestamp;
use protocol::line::{Encoder, Fields};
use std::collections::BTreeMap;

/// A round while it lasts.
pub(super) struct Round<'a> {
    pub(super) roots: &'a Roots,
    tags: &'a BTreeMap<String, String>,
    now: Timestamp,
    encoder: Encoder<'a>,
    lines: usize,
    problems: Vec<Problem>,
}

impl<'a> Round<'a> {
    pub(super) fn new(
        roots: &'a Roots,
        tags: &'a BTreeMap<String, String>,
        now: Timestamp,
        out: &'a mut Vec<u8>,
    ) -> Self {
        let encoder = Encoder::new(out);
        Self { roots, tags, now, encoder, lines: 0, problems: Vec::new() }
    }

    /// Writes a line with the tags of all lines and its own, and the fields that `fill`
    /// adds; nothing where it adds none.
    pub(super) fn write(
        &mut self,
        measurement: &str,
        own: &[(&str, &str)],
        fill: impl FnOnce(&mut Fields<'_>),
    ) {
        let mut point = self.encoder.point(measurement);
        for (name, value) in own {
            point = point.tag(name, value);
        }
        for (name, value) in self.tags {
            if own.iter().all(|(taken, _)| taken != name) {
                point = point.tag(name, value);
            }
        }
        let mut fields = point.fields();
        fill(&mut fields);
        self.lines += usize::from(fields.end(Some(self.now)));
    }

    /// Notes a problem that does not end a measurement.
    pub(super) fn note(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub(super) fn lines(&self) -> usize {
        self.lines
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

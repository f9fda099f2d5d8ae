//! Values of an expression at the times of ticks, those of missed ticks included.

use super::{GAP_STEPS_MAX, INSTANCES_MAX, Observed, Origin, Seen};
use crate::decide::Observation;
use crate::evaluator::Watch;
use crate::instance::hash;
use model::port::Evaluation;
use model::{Labels, Span, Timestamp};
use std::collections::HashMap;

pub(super) fn observe(
    watch: &Watch,
    expr: &str,
    origin: &Origin<'_>,
    now: Timestamp,
) -> Result<Observed, String> {
    let text = judged_text(watch, expr)?;
    let evaluations = match missed_steps(watch.judged_at, now, origin.interval) {
        0 => None,
        missed => over_the_gap(watch, text, missed, origin, now),
    };
    let evaluations = match evaluations {
        Some(evaluations) => evaluations,
        None => {
            let answer = origin.evaluate.instant(text, now).map_err(|error| error.to_string())?;
            vec![(now, answer)]
        }
    };
    let mut instances = Instances { watch, seen: HashMap::new(), too_many: false };
    for (at, evaluation) in &evaluations {
        instances.observe(*at, evaluation);
    }
    let error = instances.too_many.then(|| {
        format!("the expression gives more than {INSTANCES_MAX} series: aggregate them; those beyond are not judged")
    });
    Ok(Observed { seen: instances.seen.into_values().collect(), error })
}

/// What the expression gave at `missed` steps before `now`, and now; none where that cannot
/// be answered. Then the gap stays a gap, and is no evidence: a range that is too much for
/// one query must not keep the rule from being judged for ever.
fn over_the_gap(
    watch: &Watch,
    text: &str,
    missed: i64,
    origin: &Origin<'_>,
    now: Timestamp,
) -> Option<Vec<(Timestamp, Evaluation)>> {
    let start = now - Span(origin.interval.0 * missed);
    let answer = origin.evaluate.range(text, start, now, origin.interval);
    answer
        .inspect_err(|error| {
            tracing::warn!(rule = watch.rule.id, %error, missed, "ticks that were missed are not judged");
        })
        .ok()
}

pub(super) fn matches(watch: &Watch, expr: &str, origin: &Origin<'_>, now: Timestamp) -> usize {
    let answer = judged_text(watch, expr)
        .and_then(|text| origin.evaluate.instant(text, now).map_err(|error| error.to_string()));
    answer
        .map_or(0, |answer| answer.samples.iter().filter(|(labels, _)| fits(watch, labels)).count())
}

/// What is evaluated: the expression, without a comparison that was split off.
fn judged_text<'a>(watch: &'a Watch, expr: &'a str) -> Result<&'a str, String> {
    match &watch.split {
        Ok(Some(split)) => Ok(&split.expr),
        Ok(None) => Ok(expr),
        Err(error) => Err(error.clone()),
    }
}

/// How many ticks before `now` were missed since `judged`.
fn missed_steps(judged: Timestamp, now: Timestamp, step: Span) -> i64 {
    let steps = ((now - judged).0 - 1) / step.0.max(1);
    // One step late is a busy machine; the tick before it is not missing.
    if steps <= 1 { 0 } else { steps.min(GAP_STEPS_MAX) }
}

fn fits(watch: &Watch, labels: &Labels) -> bool {
    watch.rule.tags_filter.iter().all(|(name, value)| labels.get(name) == value)
}

struct Instances<'a> {
    watch: &'a Watch,
    seen: HashMap<String, Seen>,
    too_many: bool,
}

impl Instances<'_> {
    fn observe(&mut self, at: Timestamp, evaluation: &Evaluation) {
        for (labels, value) in &evaluation.samples {
            if fits(self.watch, labels) {
                self.push(labels, Observation { at, value: Some(*value) });
            }
        }
        if !self.watch.absence_is_right() || evaluation.partial {
            return;
        }
        // One that is not open is well already, and is left to be forgotten.
        let open = self.watch.instances.iter().filter(|(hash, tracked)| {
            tracked.instance.progress.state.is_open() && !self.seen.contains_key(*hash)
        });
        let absent: Vec<_> = open.map(|(_, tracked)| tracked.instance.labels.clone()).collect();
        for labels in absent {
            self.push(&labels, Observation { at, value: None });
        }
        // Instances that came up during a gap may be gone before its end.
        for seen in self.seen.values_mut() {
            if seen.observations.last().is_some_and(|last| last.at < at) {
                seen.observations.push(Observation { at, value: None });
            }
        }
    }

    fn push(&mut self, labels: &Labels, observation: Observation) {
        let hash = hash(labels);
        if let Some(seen) = self.seen.get_mut(&hash) {
            seen.observations.push(observation);
            return;
        }
        let is_new = !self.watch.instances.contains_key(&hash);
        if is_new && self.watch.instances.len() + self.seen.len() >= INSTANCES_MAX {
            self.too_many = true;
            return;
        }
        let seen = Seen {
            labels: labels.clone(),
            hash: hash.clone(),
            subject: None,
            observations: vec![observation],
        };
        self.seen.insert(hash, seen);
    }
}

//! What a tick changes about one instance, decided without doing it.
//!
//! Everything here is a function of its arguments. Samples are judged by their own times:
//! a rule matures at `since + duration` whenever that is noticed, and a restart in the
//! middle decides the same. Three rules keep it honest: a gap is no evidence (pending
//! starts again after one), silence is not health (a firing stays until a value says
//! otherwise, or a day has passed), and what was judged is not judged again (late samples
//! change nothing).

use crate::instance::{Health, Progress, State};
use crate::rule::Rule;
use model::port::{Compare, Split};
use model::{Span, Timestamp};

/// A series is silent when three of its samples are missing …
const MISSED_SAMPLES: i64 = 3;
/// … and at least this long, so that one slow scrape is not an outage.
pub const SILENCE_MIN: Span = Span::MINUTE;
/// A firing without data is closed as expired after this long.
pub const EXPIRE_AFTER: Span = Span::DAY;
/// At most so many events of one instance are decided at once; the samples after them are
/// judged at the next tick, so that a day of flapping is not one transaction.
pub const EVENTS_MAX: usize = 64;

/// One value of an instance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// When it stood.
    pub at: Timestamp,
    /// The value; none where a complete answer lacks the instance, which only expressions
    /// that are not a comparison have.
    pub value: Option<f64>,
}

/// What a rule says about values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// The comparison; with none, every value is wrong and only absence is right.
    pub condition: Option<(Compare, f64)>,
    /// A firing ends only beyond this value.
    pub recovery: Option<f64>,
    /// How long it must be wrong.
    pub duration: Span,
    /// Samples before this prepare a state, but do not make it fire: the rule did not
    /// stand yet, or they were judged before a restart.
    pub floor: Timestamp,
}

/// What one value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Wrong,
    /// Not wrong, but not beyond the recovery threshold.
    Between,
    Right,
}

/// Why a firing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A value said so.
    Recovered,
    /// There was no data for [`EXPIRE_AFTER`].
    Expired,
    /// The rule was deleted.
    Deleted,
    /// The rule was turned off.
    Disabled,
    /// The rule now watches something else.
    Replaced,
}

impl Cause {
    const ALL: [Self; 5] =
        [Self::Recovered, Self::Expired, Self::Deleted, Self::Disabled, Self::Replaced];

    /// The word in answers and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::Expired => "expired",
            Self::Deleted => "deleted",
            Self::Disabled => "disabled",
            Self::Replaced => "replaced",
        }
    }

    /// Reads [`Cause::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.word() == word)
    }
}

/// Something that goes into history, and to people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A firing began; it is the next epoch.
    Fired {
        /// When.
        at: Timestamp,
        /// The value then.
        value: f64,
    },
    /// The firing ended.
    Resolved {
        /// When.
        at: Timestamp,
        /// The value that ended it.
        value: Option<f64>,
        /// The worst value it had.
        peak: Option<f64>,
        /// Why it ended.
        cause: Cause,
    },
}

/// What becomes of an instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// How it stands afterwards.
    pub after: Progress,
    /// What happened on the way, in order.
    pub events: Vec<Event>,
}

impl Decision {
    /// Whether it must be written down before anyone acts on it; anything else may be
    /// lost and is found again in the samples.
    pub fn is_durable(&self, before: &Progress) -> bool {
        let moved = self.after.state != before.state;
        let restarted = self.after.state == State::Pending && self.after.since != before.since;
        moved || restarted || !self.events.is_empty()
    }
}

impl Terms {
    /// The terms of `rule`, whose expression splits into `split`.
    pub fn of(rule: &Rule, split: Option<&Split>, floor: Timestamp) -> Self {
        let own = rule.condition.as_ref().map(|c| (c.compare, c.threshold));
        Self {
            condition: own.or(split.map(|split| (split.compare, split.threshold))),
            recovery: rule.recovery_threshold,
            duration: rule.duration,
            floor,
        }
    }

    /// What `value` means; nothing for a NaN that does not hold, for it says nothing.
    fn verdict(&self, value: Option<f64>) -> Option<Verdict> {
        let Some(value) = value else { return Some(Verdict::Right) };
        let Some((compare, threshold)) = self.condition else { return Some(Verdict::Wrong) };
        if compare.holds(value, threshold) {
            return Some(Verdict::Wrong);
        }
        if value.is_nan() {
            return None;
        }
        let between = self.recovery.is_some_and(|recovery| compare.holds(value, recovery));
        Some(if between { Verdict::Between } else { Verdict::Right })
    }

    /// The worse of two values.
    fn worse(&self, peak: Option<f64>, value: f64) -> f64 {
        let Some(peak) = peak else { return value };
        match self.condition {
            None | Some((Compare::Gt | Compare::Gte, _)) => peak.max(value),
            Some((Compare::Lt | Compare::Lte, _)) => peak.min(value),
            Some((Compare::Eq | Compare::Ne, threshold)) => {
                let farther = (value - threshold).abs() > (peak - threshold).abs();
                if farther || peak.is_nan() { value } else { peak }
            }
        }
    }
}

/// After how much silence there is no data.
pub fn silence(interval: Option<Span>) -> Span {
    let interval = interval.unwrap_or(Span::ZERO);
    Span(interval.0.saturating_mul(MISSED_SAMPLES)).max(SILENCE_MIN)
}

/// What `seen`, in the order of time, makes of `before` as of `now`.
pub fn decide(before: &Progress, seen: &[Observation], terms: &Terms, now: Timestamp) -> Decision {
    let mut decision = Decision { after: before.clone(), events: Vec::new() };
    for observation in seen.iter().take_while(|observation| observation.at <= now) {
        if decision.after.judged_at.is_some_and(|judged| observation.at <= judged) {
            continue;
        }
        if let Some(verdict) = terms.verdict(observation.value) {
            decision.judge(*observation, verdict, terms);
            if decision.events.len() >= EVENTS_MAX {
                return decision;
            }
        }
    }
    decision.settle(terms, now);
    decision
}

impl Decision {
    fn judge(&mut self, seen: Observation, verdict: Verdict, terms: &Terms) {
        let gap = self.after.judged_at.map(|judged| seen.at - judged);
        let broken = gap.is_some_and(|gap| gap > silence(self.after.interval));
        self.after.interval = gap.map(|gap| adapted(self.after.interval, gap));
        self.after.judged_at = Some(seen.at);
        self.after.value = seen.value.or(self.after.value);
        match (self.after.state, verdict) {
            (State::Inactive | State::Resolved, Verdict::Wrong) => {
                self.enter(State::Pending, seen.at);
            }
            (State::Pending, Verdict::Wrong) if broken => self.after.since = seen.at,
            (State::Pending, Verdict::Between | Verdict::Right) => {
                self.enter(State::Inactive, seen.at);
            }
            (State::Firing, Verdict::Between) => self.enter(State::Recovering, seen.at),
            (State::Recovering, Verdict::Wrong) => {
                self.enter(State::Firing, self.after.fired_at.unwrap_or(seen.at));
            }
            (State::Firing | State::Recovering, Verdict::Right) => {
                self.resolve(seen.at, seen.value, Cause::Recovered);
            }
            _ => {}
        }
        if self.after.state.is_burning() {
            self.after.peak = seen.value.map(|value| terms.worse(self.after.peak, value));
        }
        if self.after.state == State::Pending
            && seen.at - self.after.since >= terms.duration
            && seen.at >= terms.floor
        {
            self.fire(terms);
        }
    }

    /// What the time that has passed since the last sample means.
    fn settle(&mut self, terms: &Terms, now: Timestamp) {
        let Some(judged) = self.after.judged_at else { return };
        let quiet = now - judged;
        let fresh = quiet <= silence(self.after.interval);
        // Where absence is right, an instance that is absent is not missing.
        let missed = terms.condition.is_some() || self.after.state.is_open();
        self.after.health = if fresh || !missed { Health::Ok } else { Health::NoData };
        let matured = now - self.after.since >= terms.duration && now >= terms.floor;
        match self.after.state {
            State::Pending if fresh && matured => self.fire(terms),
            State::Pending if quiet >= EXPIRE_AFTER => self.enter(State::Inactive, now),
            State::Firing | State::Recovering if quiet >= EXPIRE_AFTER => {
                self.resolve(now, None, Cause::Expired);
            }
            _ => {}
        }
    }

    fn enter(&mut self, state: State, since: Timestamp) {
        self.after.state = state;
        self.after.since = since;
    }

    fn fire(&mut self, terms: &Terms) {
        let at = (self.after.since + terms.duration).max(terms.floor);
        self.enter(State::Firing, at);
        self.after.epoch += 1;
        self.after.fired_at = Some(at);
        self.after.peak = self.after.value;
        self.events.push(Event::Fired { at, value: self.after.value.unwrap_or(f64::NAN) });
    }

    /// Ends the open firing.
    pub(crate) fn resolve(&mut self, at: Timestamp, value: Option<f64>, cause: Cause) {
        // A firing that was noticed late may have been dated after the value that ends it.
        let at = at.max(self.after.fired_at.unwrap_or(at));
        self.events.push(Event::Resolved { at, value, peak: self.after.peak, cause });
        self.enter(State::Resolved, at);
        self.after.fired_at = None;
        self.after.peak = None;
    }
}

/// The interval after one more gap. It moves by a factor of two at most, so that one
/// outage does not pass for a rhythm, while a changed rhythm is learned within a few samples.
fn adapted(interval: Option<Span>, gap: Span) -> Span {
    match interval {
        Some(known) => Span(gap.0.clamp(known.0 / 2, known.0.saturating_mul(2)).max(1)),
        None => gap,
    }
}

#[cfg(test)]
mod tests;

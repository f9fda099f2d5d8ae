//! One round over all rules: read, decide, write, and only then believe it.
//!
//! Changes that must last are written in batches, each change under its own guard. Where a
//! batch fails, nothing of it is believed: the next tick reads the same samples again and
//! decides the same.

use crate::Error;
use crate::channel::Channels;
use crate::decide::{Decision, Terms, decide};
use crate::evaluator::{Evaluator, Tracked, Watch};
use crate::instance::{Instance, Key, Progress};
use crate::observe::{Observed, Origin, observe};
use crate::store::{Checkpoint, Guard, Store, Transaction, read, write};
use crate::transition::{Change, Written, apply};
use model::port::Evaluate;
use model::{Span, Timestamp};
use std::collections::{BTreeMap, HashMap, HashSet};

/// How many changes share one transaction. SQLite's fsync takes 4 ms whether it carries
/// one change or a thousand; fewer keep the lock short.
const BATCH_MAX: usize = 500;
/// How often the store hears how far judging has come. A restart reads that much again.
const CHECKPOINT_EVERY: Span = Span::MINUTE;

/// What one round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TickReport {
    /// Rules that were judged.
    pub rules: usize,
    /// Rules that could not be judged, or only in part.
    pub errors: usize,
    /// Firings that began.
    pub fired: u64,
    /// Firings that ended.
    pub resolved: u64,
    /// Changes that another evaluator had already made.
    pub lost: u64,
}

/// What a round works with.
pub(crate) struct Round<'a> {
    pub store: &'a dyn Store,
    pub evaluate: &'a dyn Evaluate,
    pub channels: &'a Channels,
    pub origin: Origin<'a>,
    pub now: Timestamp,
}

/// A decision about one instance that must be written down.
struct Plan {
    rule_id: String,
    hash: String,
    before: Instance,
    recorded: Option<Guard>,
    decision: Decision,
}

/// Judges every rule once.
///
/// # Errors
/// When the store fails; what it has not taken is decided again next time.
pub(crate) fn run(evaluator: &mut Evaluator, round: &Round<'_>) -> Result<TickReport, Error> {
    evaluator.refresh(round.store, round.evaluate)?;
    let mut report = TickReport::default();
    let mut plans = Vec::new();
    for watch in evaluator.watches.values_mut().filter(|watch| watch.rule.enabled) {
        report.rules += 1;
        match observe(watch, &round.origin, round.now) {
            Ok(observed) => judge(watch, observed, round.now, &mut plans),
            Err(error) => watch.error = Some(error),
        }
        report.errors += usize::from(watch.error.is_some());
    }
    for batch in plans.chunks(BATCH_MAX) {
        act(evaluator, batch, round, &mut report)?;
    }
    for watch in evaluator.watches.values_mut().filter(|watch| watch.rule.enabled) {
        if watch.error.is_none() {
            watch.judged_at = watch.judged_at.max(round.now);
            watch.restored_at = None;
        }
        watch.forget(round.now);
    }
    let due = evaluator.checkpointed_at.is_none_or(|at| round.now - at >= CHECKPOINT_EVERY);
    if due {
        checkpoint(evaluator, round.store, round.now)?;
    }
    Ok(report)
}

/// Decides what `observed` means. What need not last is believed at once.
fn judge(watch: &mut Watch, observed: Observed, now: Timestamp, plans: &mut Vec<Plan>) {
    let split = watch.split.clone().ok().flatten();
    let mut seen_now: HashMap<String, Vec<crate::decide::Observation>> = HashMap::new();
    for seen in observed.seen {
        if let Some(tracked) = watch.instances.get_mut(&seen.hash) {
            tracked.subject = seen.subject.or(tracked.subject.take());
        } else {
            let key = Key { rule_id: watch.rule.id.clone(), hash: seen.hash.clone() };
            let since = seen.observations.first().map_or(now, |first| first.at);
            let progress = Progress::new(since);
            let instance = Instance { key, labels: seen.labels, progress, cooldown_until: None };
            let tracked = watch.track(instance, seen.subject);
            watch.instances.insert(seen.hash.clone(), tracked);
        }
        seen_now.insert(seen.hash, seen.observations);
    }
    watch.error = observed.error;
    for (hash, tracked) in &mut watch.instances {
        let observations = match seen_now.remove(hash) {
            Some(observations) => observations,
            // What went wrong may have hidden it: its silence would prove nothing.
            None if watch.error.is_some() => continue,
            None => Vec::new(),
        };
        let terms = Terms::of(&watch.rule, split.as_ref(), tracked.floor);
        let before = &tracked.instance.progress;
        let decision = decide(before, &observations, &terms, now);
        if decision.is_durable(before) {
            plans.push(Plan {
                rule_id: watch.rule.id.clone(),
                hash: hash.clone(),
                before: tracked.instance.clone(),
                recorded: tracked.recorded.clone(),
                decision,
            });
        } else if decision.after != *before {
            tracked.instance.progress = decision.after;
            tracked.is_ahead = true;
        }
    }
}

/// Writes a batch and believes it. One change that contradicts the database is set aside
/// with its error, so that it does not stop all others for ever.
fn act(
    evaluator: &mut Evaluator,
    batch: &[Plan],
    round: &Round<'_>,
    report: &mut TickReport,
) -> Result<(), Error> {
    match commit(evaluator, batch, round) {
        Ok(written) => believe(evaluator, batch, written, round.store, report),
        Err(error @ Error::Corrupt { .. }) => {
            if let [plan] = batch {
                report.errors += 1;
                if let Some(watch) = evaluator.watches.get_mut(&plan.rule_id) {
                    watch.error = Some(error.to_string());
                }
                return Ok(());
            }
            batch.chunks(1).try_for_each(|plan| act(evaluator, plan, round, report))
        }
        Err(error) => Err(error),
    }
}

/// Writes a batch of plans; what each of them became, none for those that lost.
fn commit(
    evaluator: &Evaluator,
    batch: &[Plan],
    round: &Round<'_>,
) -> Result<Vec<Option<Written>>, Error> {
    write(round.store, |tx| {
        let mut current: HashMap<&str, bool> = HashMap::new();
        batch
            .iter()
            .map(|plan| {
                let Some(watch) = evaluator.watches.get(&plan.rule_id) else { return Ok(None) };
                let is_current = match current.get(plan.rule_id.as_str()) {
                    Some(known) => *known,
                    None => {
                        let is_current = stands(&*tx, watch)?;
                        current.insert(&plan.rule_id, is_current);
                        is_current
                    }
                };
                if !is_current {
                    return Ok(None);
                }
                let tracked = watch.instances.get(&plan.hash);
                let change = Change {
                    rule: &watch.rule,
                    split: watch.split.as_ref().ok().and_then(Option::as_ref),
                    subject: tracked.and_then(|tracked| tracked.subject.as_deref()),
                    before: &plan.before,
                    recorded: plan.recorded.as_ref(),
                    decision: &plan.decision,
                };
                apply(tx, &change, round.channels, round.now)
            })
            .collect()
    })
}

/// Whether the rule still is what was judged.
fn stands(tx: &dyn Transaction, watch: &Watch) -> Result<bool, Error> {
    Ok(tx.rule(&watch.rule.id)?.is_some_and(|rule| {
        rule.enabled
            && rule.revision == watch.rule.revision
            && rule.created_at == watch.rule.created_at
    }))
}

/// Takes over what was written, and reads again where somebody else was faster.
fn believe(
    evaluator: &mut Evaluator,
    batch: &[Plan],
    written: Vec<Option<Written>>,
    store: &dyn Store,
    report: &mut TickReport,
) -> Result<(), Error> {
    let mut behind: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
    for (plan, written) in batch.iter().zip(written) {
        let Some(watch) = evaluator.watches.get_mut(&plan.rule_id) else { continue };
        let Some(written) = written else {
            report.lost += 1;
            behind.entry(&plan.rule_id).or_default().insert(&plan.hash);
            continue;
        };
        report.fired += written.fired;
        report.resolved += written.resolved;
        if let Some(tracked) = watch.instances.get_mut(&plan.hash) {
            tracked.recorded = Some(Guard::of(&written.after.progress));
            tracked.instance = written.after;
            tracked.is_ahead = false;
        }
    }
    for (rule_id, hashes) in behind {
        let Some(watch) = evaluator.watches.get_mut(rule_id) else { continue };
        read(store, |reader| watch.recall(reader, &|hash| hashes.contains(hash)))?;
    }
    Ok(())
}

/// Tells the store how far judging has come.
pub(crate) fn checkpoint(
    evaluator: &mut Evaluator,
    store: &dyn Store,
    now: Timestamp,
) -> Result<(), Error> {
    let watches: Vec<&Watch> = evaluator.watches.values().filter(|w| w.rule.enabled).collect();
    if !watches.is_empty() {
        write(store, |tx| {
            for watch in &watches {
                checkpoint_watch(tx, watch)?;
            }
            Ok(())
        })?;
    }
    for watch in evaluator.watches.values_mut() {
        watch.instances.values_mut().for_each(|tracked| tracked.is_ahead = false);
    }
    evaluator.checkpointed_at = Some(now);
    Ok(())
}

fn checkpoint_watch(tx: &mut dyn Transaction, watch: &Watch) -> Result<(), Error> {
    let Watch { rule, judged_at, .. } = watch;
    tx.checkpoint(&Checkpoint::Rule { id: &rule.id, judged_at: *judged_at })?;
    let open = |tracked: &&Tracked| tracked.is_ahead && tracked.instance.progress.state.is_open();
    for tracked in watch.instances.values().filter(open) {
        if let Some(guard) = tracked.recorded.clone() {
            let Instance { key, progress, .. } = &tracked.instance;
            tx.checkpoint(&Checkpoint::Instance { key, guard, progress })?;
        }
    }
    Ok(())
}

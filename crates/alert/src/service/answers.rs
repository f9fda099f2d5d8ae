//! What people ask: rules with how they stand, history, who changed what.

use super::{Posted, Service, no_rule};
use crate::ApiError;
use crate::evaluator::{Tracked, Watch};
use crate::instance::State;
use crate::rule::Rule;
use crate::store::read;
use crate::view::{
    AuditView, ChannelView, Firing, INSTANCES_SHOWN_MAX, InstanceView, RuleView, Standing,
};
use std::collections::HashMap;

/// The most firings one answer lists, the latest first.
pub(super) const HISTORY_MAX: usize = 1_000;
/// The most changes one answer lists, the latest first.
pub(super) const AUDIT_MAX: usize = 1_000;

impl Service {
    /// Every rule, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn list(&self) -> Result<Vec<RuleView>, ApiError> {
        let rules = read(&*self.inner.store, |reader| reader.rules())?;
        let board = self.inner.board.read();
        let unjudged = Standing::unjudged(0);
        let view = |rule: &Rule| {
            let standing = board.get(&rule.id).map_or(&unjudged, |posted| &posted.standing);
            RuleView::new(rule, standing)
        };
        Ok(rules.iter().map(view).collect())
    }

    /// The rule `id`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] where there is none.
    pub fn get(&self, id: &str) -> Result<RuleView, ApiError> {
        let rule = read(&*self.inner.store, |reader| reader.rule(id))?;
        let rule = rule.ok_or_else(|| no_rule(id))?;
        let board = self.inner.board.read();
        let unjudged = Standing::unjudged(0);
        Ok(RuleView::new(&rule, board.get(id).map_or(&unjudged, |posted| &posted.standing)))
    }

    /// Firings of the rule `id`, the latest first; also of one that was deleted.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] where there is no such rule, and no history of one.
    pub fn history(&self, id: &str) -> Result<Vec<Firing>, ApiError> {
        let (known, mut firings) = read(&*self.inner.store, |reader| {
            Ok((reader.rule(id)?.is_some(), reader.firings(id, HISTORY_MAX)?))
        })?;
        if !known && firings.is_empty() {
            return Err(no_rule(id));
        }
        let board = self.inner.board.read();
        if let Some(posted) = board.get(id) {
            for firing in firings.iter_mut().filter(|firing| firing.resolved.is_none()) {
                // Memory knows the worst value before the next checkpoint does.
                let live = posted.peaks.get(&(firing.key.hash.clone(), firing.epoch));
                firing.peak_value = live.copied().or(firing.peak_value);
            }
        }
        Ok(firings.iter().map(Firing::new).collect())
    }

    /// Changes of the rule `id`, or of all rules, the latest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn audit(&self, id: Option<&str>) -> Result<Vec<AuditView>, ApiError> {
        let rows = read(&*self.inner.store, |reader| reader.audit(id, AUDIT_MAX))?;
        Ok(rows.into_iter().map(AuditView::new).collect())
    }

    /// The configured channels, by name.
    pub fn channels(&self) -> Vec<ChannelView> {
        let view = |(name, kind): (&str, _)| ChannelView { name: name.to_owned(), kind };
        self.inner.channels.iter().map(view).collect()
    }
}

impl Posted {
    /// Of a rule that no tick has judged.
    pub(super) fn unjudged(matches: usize) -> Self {
        let standing = Standing::unjudged(matches);
        Self { standing, peaks: HashMap::new(), is_announced: true }
    }

    /// Of a rule as the last tick left it.
    pub(super) fn of(watch: &Watch) -> Self {
        if !watch.rule.enabled {
            return Self { is_announced: false, ..Self::unjudged(0) };
        }
        let mut tracked: Vec<&Tracked> = watch.instances.values().collect();
        let worst_first = |a: &&Tracked, b: &&Tracked| {
            let (a, b) = (&a.instance, &b.instance);
            let rank = b.progress.state.rank().cmp(&a.progress.state.rank());
            rank.then_with(|| a.labels.cmp(&b.labels))
        };
        let total = tracked.len();
        if total > INSTANCES_SHOWN_MAX {
            tracked.select_nth_unstable_by(INSTANCES_SHOWN_MAX, worst_first);
            tracked.truncate(INSTANCES_SHOWN_MAX);
        }
        tracked.sort_unstable_by(worst_first);
        let progress = || watch.instances.values().map(|tracked| &tracked.instance.progress);
        let open = progress().filter(|progress| progress.state.is_open()).count();
        let worst = progress().map(|p| p.state).max_by_key(|state| state.rank());
        let peaks = watch.instances.values().filter_map(|tracked| {
            let progress = &tracked.instance.progress;
            let key = (tracked.instance.key.hash.clone(), progress.epoch);
            Some((key, progress.peak?))
        });
        Self {
            peaks: peaks.collect(),
            is_announced: false,
            standing: Standing {
                matches: if watch.absence_is_right() { open } else { total },
                state: worst.unwrap_or(State::Inactive),
                health: watch.health(),
                last_error: watch.error.clone(),
                instances: tracked.iter().map(|t| InstanceView::new(&t.instance)).collect(),
                instances_total: total,
            },
        }
    }
}

//! What the tick thread holds in memory: every rule with the instances it has seen.
//!
//! It is a working copy. Open instances stand in the store too; the rest is found again in
//! the samples. When a commit finds the store ahead of it, the copy is read again.

use crate::Error;
use crate::decide::EXPIRE_AFTER;
use crate::instance::{Health, Instance};
use crate::rule::{Query, Rule};
use crate::store::{Guard, Reader, Store, read};
use model::Timestamp;
use model::port::{Evaluate, Split};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An instance in memory.
pub(crate) struct Tracked {
    pub instance: Instance,
    /// How it stands in the store; none where it is not recorded.
    pub recorded: Option<Guard>,
    /// Nothing before this makes it fire.
    pub floor: Timestamp,
    /// Measurement and field, where a series was seen.
    pub subject: Option<String>,
    /// Whether the store has not heard how far it was judged.
    pub is_ahead: bool,
}

/// A rule in memory.
pub(crate) struct Watch {
    pub rule: Rule,
    /// What its expression splits into, or why it cannot be read any more.
    pub split: Result<Option<Split>, String>,
    /// By their hash.
    pub instances: HashMap<String, Tracked>,
    /// What went wrong at the last tick.
    pub error: Option<String>,
    /// Up to when it was judged.
    pub judged_at: Timestamp,
    /// Up to when it had been judged before this process took it over; instances that are
    /// not recorded are looked for from there on.
    pub restored_at: Option<Timestamp>,
}

impl Watch {
    /// Of a rule none of whose instances is known.
    pub fn new(rule: Rule, evaluate: &dyn Evaluate) -> Self {
        let split = match &rule.query {
            Query::Metric(_) => Ok(None),
            Query::Expr(expr) => match evaluate.check(expr) {
                // A condition beside the expression compares its value as it is.
                Ok(split) => Ok(split.filter(|_| rule.condition.is_none())),
                Err(error) => Err(error.to_string()),
            },
        };
        let judged_at = rule.judged_at;
        Self {
            rule,
            split,
            instances: HashMap::new(),
            error: None,
            judged_at,
            restored_at: Some(judged_at),
        }
    }

    /// Takes over what the store knows of those of its instances that `which` says yes to.
    pub fn recall(
        &mut self,
        reader: &dyn Reader,
        which: &dyn Fn(&str) -> bool,
    ) -> Result<(), Error> {
        let mut instances = reader.instances(&self.rule.id)?;
        instances.retain(|instance| which(&instance.key.hash));
        for instance in instances {
            let is_open = instance.progress.state.is_open();
            let tracked = Tracked {
                recorded: Some(Guard::of(&instance.progress)),
                // What is not open was judged up to the rule's checkpoint, and no further.
                floor: if is_open { self.rule.updated_at } else { self.floor() },
                subject: None,
                is_ahead: false,
                instance,
            };
            match self.instances.get_mut(&tracked.instance.key.hash) {
                Some(known) => {
                    *known = Tracked { subject: known.subject.take(), ..tracked };
                }
                None => {
                    self.instances.insert(tracked.instance.key.hash.clone(), tracked);
                }
            }
        }
        Ok(())
    }

    /// Nothing before this makes an instance fire that is not recorded.
    pub fn floor(&self) -> Timestamp {
        self.restored_at.map_or(self.rule.updated_at, |at| at.max(self.rule.updated_at))
    }

    /// An instance that is seen for the first time.
    pub fn track(&self, instance: Instance, subject: Option<String>) -> Tracked {
        Tracked { instance, recorded: None, floor: self.floor(), subject, is_ahead: false }
    }

    /// Forgets what has been silent for so long that nobody misses it.
    pub fn forget(&mut self, now: Timestamp) {
        self.instances.retain(|_, tracked| {
            let progress = &tracked.instance.progress;
            let last = progress.judged_at.map_or(progress.since, |at| at.max(progress.since));
            let quiet = now - last >= EXPIRE_AFTER;
            !quiet || progress.state.is_open()
        });
    }

    /// Whether there is data to judge by.
    pub fn health(&self) -> Health {
        if self.error.is_some() {
            return Health::Error;
        }
        let worst = self.instances.values().map(|tracked| tracked.instance.progress.health).max();
        // Silence is not health: a rule that sees nothing knows nothing. An expression
        // without a comparison gives nothing while all is well.
        worst.unwrap_or(if self.absence_is_right() { Health::Ok } else { Health::NoData })
    }

    /// Whether an instance that is missing from a complete answer is well.
    pub fn absence_is_right(&self) -> bool {
        matches!(self.rule.query, Query::Expr(_))
            && self.rule.condition.is_none()
            && matches!(self.split, Ok(None))
    }
}

/// Every rule in memory.
#[derive(Default)]
pub(crate) struct Evaluator {
    pub watches: BTreeMap<String, Watch>,
    version: Option<i64>,
    pub checkpointed_at: Option<Timestamp>,
}

impl Evaluator {
    /// Takes over what others changed about the rules.
    pub fn refresh(&mut self, store: &dyn Store, evaluate: &dyn Evaluate) -> Result<(), Error> {
        let fresh = read(store, |reader| {
            let version = reader.rules_version()?;
            if self.version == Some(version) {
                return Ok(None);
            }
            let mut changed = Vec::new();
            let mut ids = BTreeSet::new();
            for rule in reader.rules()? {
                ids.insert(rule.id.clone());
                let known = self.watches.get(&rule.id).map(|watch| &watch.rule);
                // Ids can come back after a deletion, with the same revision.
                let same = known.is_some_and(|known| {
                    known.revision == rule.revision && known.created_at == rule.created_at
                });
                if !same {
                    let mut watch = Watch::new(rule, evaluate);
                    watch.recall(reader, &|_| true)?;
                    changed.push(watch);
                }
            }
            Ok(Some((version, changed, ids)))
        })?;
        if let Some((version, changed, ids)) = fresh {
            self.watches.retain(|id, _| ids.contains(id));
            for watch in changed {
                self.watches.insert(watch.rule.id.clone(), watch);
            }
            self.version = Some(version);
        }
        Ok(())
    }
}

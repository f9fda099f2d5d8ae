//! Runs a history against a store and its model.

use super::super::rig::{NOW, Point, TestClock, float, open, write};
use super::catalog::{BORN_WITH, Change, Known, is_alike};
use super::deletes::Deletion;
use super::found::{Found, select};
use super::model::{Model, Outcome};
use super::step::{Action, History, SERIES_MAX, Step, options};
use super::{copies, points, questions};
use crate::disk::simulated::{Fault, Plan, Random, Simulated};
use crate::{Error, Options, Store};
use model::limits::Budget;
use model::port::{Catalog, CatalogError, Clock, WriteError};
use model::{Predicate, Refusal, Span, TimeRange, WriteReport};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A store in the middle of its history.
pub struct Runner {
    pub(super) store: Store,
    pub(super) disk: Simulated,
    pub(super) clock: Arc<TestClock>,
    pub(super) options: Options,
    model: Model,
    /// For how many more steps the disk fails.
    trouble: u64,
    /// How the process ends when the disk says that it has.
    ends_by_cut: bool,
    /// Whether flushes are left to who calls `keep_flushed`, as the server's two threads have it.
    is_kept_flushed: bool,
    /// How many snapshots there were.
    pub(super) snapshots: u64,
    /// Whether everything that is done is printed.
    is_traced: bool,
}

/// Runs a history; panics where the store is wrong.
pub fn run(history: &History) {
    let options = history.options();
    let (disk, clock) = (Simulated::new(), Arc::new(TestClock(NOW.into())));
    let store = start(&disk, &clock, &options).expect("a new folder opens");
    let model = Model::new(&options);
    let (trouble, ends_by_cut) = (0, false);
    let is_traced = std::env::var_os("HISTORY_TRACE").is_some();
    let mut runner = Runner {
        store,
        disk,
        clock,
        options,
        model,
        trouble,
        ends_by_cut,
        is_kept_flushed: history.seed.is_multiple_of(3),
        snapshots: 0,
        is_traced,
    };
    runner.trace(|| format!("{:?}", runner.options));
    for step in &history.steps {
        runner.step(*step);
    }
    runner.finish();
}

pub(super) fn start(
    disk: &Simulated,
    clock: &Arc<TestClock>,
    options: &Options,
) -> Result<Store, Error> {
    open(Arc::new(disk.clone()), clock.clone(), options.clone())
}

/// What an answer says that it misses, the log apart: a power cut in a write of several
/// sectors and a failed sync leave frames there that nobody was told of, and that look as if
/// they had been damaged later. That all others are there, the model knows.
fn warnings(budget: &Budget) -> Vec<String> {
    let is_of_log = |text: &String| text.contains("/wal/") && text.contains("put aside");
    budget.warnings().into_iter().filter(|text| !is_of_log(text)).collect()
}

impl Runner {
    fn step(&mut self, step: Step) {
        let mut random = Random::new(step.seed);
        let random = &mut random;
        self.trace(|| format!("{:?} at {}, trouble {}", step.action, self.now(), self.trouble));
        match step.action {
            Action::Write => self.write(points::body(random, self.now()), random),
            Action::Burst => self.write(points::burst(random, self.now()), random),
            Action::Crowd => self.write(points::crowd(random, self.now()), random),
            Action::Snapshot => self.snapshot(),
            Action::Together => self.together(random),
            Action::Flush => {
                let flushed = self.store.flush().is_ok();
                self.done("flush", flushed);
            }
            Action::Maintain => drop(self.maintain()),
            Action::Wait => self.wait(random),
            Action::Administer => self.administer(random),
            Action::Delete => self.delete(random),
            Action::Ask => self.ask(random),
            Action::Close => {
                self.close();
                self.restart_killed(random);
            }
            Action::Kill => self.restart_killed(random),
            Action::Cut => self.restart_cut(random),
            Action::DieSoon => {
                self.disk.fail_at(self.disk.operations() + random.below(40), Fault::Crash);
                self.ends_by_cut = random.chance(600);
            }
            Action::Trouble => {
                let mut plan = Plan::new(random.number());
                plan.errors = *random.pick(&[0, 50, 300]);
                plan.full = *random.pick(&[0, 0, 200]);
                plan.reads = *random.pick(&[0, 0, 0, 100]);
                self.disk.set_plan(Some(plan));
                self.trouble = random.below(8) + 1;
            }
            Action::Tight => {
                self.disk.set_capacity(Some(self.disk.used() + random.below(6000)));
                self.trouble = random.below(8) + 1;
            }
        }
        self.trace(|| format!("  {:?}", self.disk.files()));
        if self.disk.has_crashed() {
            if self.ends_by_cut { self.restart_cut(random) } else { self.restart_killed(random) }
        }
        if self.trouble > 0 {
            self.model.doubt_syncs();
        }
        self.trouble = self.trouble.saturating_sub(1);
        if self.trouble == 0 {
            self.heal();
        }
    }

    pub(super) fn trace(&self, text: impl FnOnce() -> String) {
        if self.is_traced {
            println!("{}", text());
        }
    }

    fn now(&self) -> i64 {
        self.clock.now().0
    }

    fn heal(&self) {
        self.disk.set_plan(None);
        self.disk.set_capacity(None);
    }

    /// Whether operations may fail just now.
    pub(super) fn may_fail(&self) -> bool {
        self.trouble > 0 || self.disk.has_crashed()
    }

    /// Notes a flush that ended: what it wrote cannot be lost any more.
    pub(super) fn done(&mut self, what: &str, succeeded: bool) {
        self.trace(|| format!("  {what} succeeded: {succeeded}"));
        assert!(succeeded || self.may_fail(), "{what} failed on a sound disk");
        if succeeded {
            self.model.sync();
        }
    }

    fn maintain(&self) -> Result<(), Error> {
        let flushed = match self.is_kept_flushed {
            true => self.store.keep_flushed(Duration::ZERO).map(drop),
            false => Ok(()),
        };
        let maintained = flushed.and_then(|()| self.store.maintain());
        self.trace(|| format!("  {maintained:?}"));
        assert!(maintained.is_ok() || self.may_fail(), "on a sound disk: {maintained:?}");
        maintained.map(drop)
    }

    fn wait(&mut self, random: &mut Random) {
        let span = match random.below(6) {
            0 => random.between(1, 72) * Span::HOUR.0,
            1 => random.between(1, 40) * Span::DAY.0,
            2 => random.between(1, 10) * Span::HOUR.0,
            _ => random.between(1, 600) * Span::SECOND.0,
        };
        self.clock.set(self.now() + span);
        self.model.expire(self.now());
    }

    /// Whether the head has room, so that a write need not wait for it.
    fn has_room(&self) -> bool {
        let is_full = || {
            let stats = self.store.stats();
            stats.head_bytes >= stats.head_bytes_max
        };
        if is_full() {
            let _ = self.maintain();
        }
        !is_full()
    }

    fn target(&self, random: &mut Random) -> (String, Option<String>) {
        let database = format!("d{}", random.below(3));
        let policy = random.chance(300).then(|| format!("p{}", random.below(3)));
        (database, policy)
    }

    fn write(&mut self, points: Vec<Point>, random: &mut Random) {
        if self.has_room() {
            let (database, policy) = self.target(random);
            self.write_to(&database, policy.as_deref(), &points);
        }
    }

    /// Writes a body and notes what became of it; answers the policy it went to.
    fn write_to(
        &mut self,
        database: &str,
        policy: Option<&str>,
        points: &[Point],
    ) -> Option<Known> {
        let result = write(&self.store, database, policy, points);
        self.trace(|| format!("  {database} {policy:?} {result:?} {points:?}"));
        let known = self.resolve(database, policy, &result)?;
        let outcome = self.judge(&known, points, &result);
        let now = self.now();
        let taken: Vec<Point> = match &outcome {
            Outcome::Acknowledged { .. } => points.to_vec(),
            // What could not be taken is in no doubt.
            Outcome::Doubt | Outcome::Contended => {
                let is_taken = |p: &&Point| self.model.takes(known.duration, p.at, now);
                points.iter().filter(is_taken).cloned().collect()
            }
        };
        self.model.write(known.generation, &taken, &outcome);
        Some(known)
    }

    /// The policy that a write meant, which may have made its database.
    fn resolve(
        &mut self,
        database: &str,
        policy: Option<&str>,
        result: &Result<WriteReport, WriteError>,
    ) -> Option<Known> {
        let databases = &mut self.model.databases;
        if !databases.now.contains_key(database) {
            let born = databases.fresh(None, true);
            let mut wanted = databases.now.clone();
            wanted.entry(database.to_owned()).or_default().insert(BORN_WITH.to_owned(), born);
            // A write may fail before or after the database was made.
            let is_made = self.store.databases().iter().any(|name| name.as_ref() == database);
            databases.changed(wanted, is_made, &self.store);
            assert!(is_made || result.is_err(), "a write to no database was acknowledged");
        }
        let known = databases.resolve(database, policy).cloned();
        if known.is_none() && databases.now.contains_key(database) {
            let is_told = matches!(result, Err(WriteError::NoPolicy { .. }));
            assert!(is_told || self.may_fail(), "a write to no policy: {result:?}");
        }
        known
    }

    /// What became of a body, after a look at what was refused.
    fn judge(
        &self,
        known: &Known,
        points: &[Point],
        result: &Result<WriteReport, WriteError>,
    ) -> Outcome {
        let report = match result {
            Ok(report) => report,
            Err(WriteError::Failed { .. } | WriteError::DiskFull { .. }) if self.may_fail() => {
                return Outcome::Doubt;
            }
            Err(error) => panic!("a write on a sound disk: {error}"),
        };
        let mut refused = refused_in(report);
        let is_taken = |point: &Point| self.model.takes(known.duration, point.at, self.now());
        if report.refused_count > report.refused.len() as u64 {
            // Too many to be told: those of a long run, which can only be out of bounds, or of a
            // crowd that finds no room, of which it is not known who came first.
            if !report.limits.is_empty() {
                assert!(self.options.series_max < SERIES_MAX, "{:?}", report.limits);
                return Outcome::Contended;
            }
            refused = (0..points.len()).filter(|at| !is_taken(&points[*at])).collect();
            assert_eq!(refused.len() as u64, report.refused_count, "{:?}", report.reasons);
        }
        assert_eq!(report.rows as usize, points.len() - refused.len());
        for (at, point) in points.iter().enumerate() {
            let why = report.refused.iter().find(|refused| refused.line as usize == at + 1);
            let is_taken = is_taken(point);
            match why.map(|refused| &refused.why) {
                None if refused.contains(&at) => {}
                None => assert!(is_taken, "{point:?} is out of bounds, and was taken"),
                Some(Refusal::TypeConflict { field, stored, measurement, .. }) => {
                    let generation = known.generation;
                    let has_it = self.model.has_kind(generation, measurement, field, *stored);
                    let of_field = |point: &Point| {
                        let same = point.fields.iter().find(|(name, _)| name == field);
                        same.is_some_and(|(_, value)| value.as_ref().kind() == *stored)
                    };
                    let is_told = has_it || points.iter().any(of_field);
                    assert!(is_told, "{point:?} conflicts with nothing that was written");
                }
                Some(Refusal::Limit { name: "series_max", .. }) => {
                    assert!(self.options.series_max < SERIES_MAX, "{point:?} is one of few");
                }
                Some(Refusal::TooOld { .. } | Refusal::TooNew { .. } | Refusal::Limit { .. }) => {
                    assert!(!is_taken, "{point:?} is inside the bounds, and was refused");
                }
                Some(other) => panic!("{point:?}: {other}"),
            }
        }
        Outcome::Acknowledged { refused }
    }

    /// Several writers at once, with background work beside them.
    fn together(&mut self, random: &mut Random) {
        if !self.has_room() {
            return;
        }
        // The database is there before, so that all mean the same policy.
        let database = format!("d{}", random.below(3));
        let first = [float("cpu,host=h0", self.now(), 1.0)];
        let Some(known) = self.write_to(&database, None, &first) else { return };
        let now = self.now();
        let mut bodies = |writer: i64| {
            let mut random = Random::new(random.number());
            let count = random.between(1, 5);
            (0..count).map(|_| points::shared(&mut random, now, writer)).collect::<Vec<_>>()
        };
        let writers: Vec<Vec<Vec<Point>>> = (0..3).map(&mut bodies).collect();
        let is_over = AtomicBool::new(false);
        let (store, database, is_over) = (&self.store, database.as_str(), &is_over);
        let results: Vec<Vec<Result<WriteReport, WriteError>>> = std::thread::scope(|scope| {
            let spawned: Vec<_> = writers
                .iter()
                .map(|bodies| {
                    scope.spawn(move || {
                        bodies.iter().map(|body| write(store, database, None, body)).collect()
                    })
                })
                .collect();
            scope.spawn(move || {
                while !is_over.load(Ordering::SeqCst) {
                    let _ = store.maintain();
                    let _ = store.flush();
                    std::thread::yield_now();
                }
            });
            let results = spawned.into_iter().map(|t| t.join().expect("a writer")).collect();
            is_over.store(true, Ordering::SeqCst);
            results
        });
        self.note_together(&known, &writers, &results);
    }

    fn note_together(
        &mut self,
        known: &Known,
        writers: &[Vec<Vec<Point>>],
        results: &[Vec<Result<WriteReport, WriteError>>],
    ) {
        let mut contended: Vec<&Point> = Vec::new();
        self.trace(|| format!("  {writers:?}\n  {results:?}"));
        for (bodies, results) in writers.iter().zip(results) {
            for (body, result) in bodies.iter().zip(results) {
                let refused = match result {
                    Ok(report) => refused_in(report),
                    Err(WriteError::Overloaded { .. }) => continue,
                    Err(_) => BTreeSet::new(),
                };
                assert!(result.is_ok() || self.may_fail(), "on a sound disk: {result:?}");
                let taken = body.iter().enumerate().filter(|(at, _)| !refused.contains(at));
                let is_shared = |point: &&Point| point.key == points::CONTENDED;
                let (shared, own): (Vec<&Point>, Vec<&Point>) =
                    taken.map(|(_, point)| point).partition(is_shared);
                let outcome = match result {
                    Ok(_) => Outcome::Acknowledged { refused: BTreeSet::new() },
                    Err(_) => Outcome::Doubt,
                };
                let cloned =
                    |points: &[&Point]| points.iter().copied().cloned().collect::<Vec<_>>();
                self.model.write(known.generation, &cloned(&own), &outcome);
                // Whose value came last is seen afterwards.
                self.model.write(known.generation, &cloned(&shared), &Outcome::Contended);
                contended.extend(shared);
            }
        }
        let is_certain = results.iter().flatten().all(Result::is_ok);
        if is_certain && !self.disk.has_crashed() {
            let found = self.all();
            self.model.check(&found, self.now(), false);
            if self.options.fsync == crate::Fsync::Always {
                self.model.settle_contended(known.generation, &found, &contended);
            }
        }
    }

    fn administer(&mut self, random: &mut Random) {
        let change = Change::random(random);
        let (wanted, result) = change.make(&mut self.model.databases, &self.store);
        self.trace(|| format!("  {change:?} {result:?}: {wanted:?}"));
        let databases = &mut self.model.databases;
        match result {
            // What was there already is not made again.
            Ok(()) if is_alike(&wanted, &databases.now) => {}
            Ok(()) => databases.changed(wanted, true, &self.store),
            Err(CatalogError::Failed(what)) => {
                assert!(self.may_fail(), "on a sound disk: {what}");
                self.model.databases.changed(wanted, false, &self.store);
            }
            // Refused for what it asks.
            Err(_) => {
                let now = databases.now.clone();
                databases.changed(now, false, &self.store);
            }
        }
        self.model.forget_dropped();
        self.model.expire(self.now());
    }

    fn delete(&mut self, random: &mut Random) {
        let deletion = Deletion::random(random, self.now());
        let deleted = self.store.delete(&deletion.selection());
        self.trace(|| format!("  {deletion:?} {deleted:?}"));
        self.done("delete", deleted.is_ok());
        self.model.delete(&deletion, deleted.is_ok());
    }

    /// Everything there is, which no failing read may hide.
    pub(super) fn all(&self) -> Found {
        self.disk.spare_reads(true);
        let budget = Budget::unlimited();
        let found = select(&self.store, &Predicate::ALL, TimeRange::ALL, &budget);
        assert_eq!(warnings(&budget), Vec::<String>::new(), "nothing is damaged");
        self.disk.spare_reads(false);
        found.expect("select")
    }

    fn ask(&mut self, random: &mut Random) {
        if self.disk.has_crashed() {
            return;
        }
        self.model.expire(self.now());
        let all = self.all();
        self.model.check(&all, self.now(), false);
        self.disk.spare_reads(true);
        questions::ask(&self.store, &all, self.now(), random);
        self.disk.spare_reads(false);
        if self.trouble > 0 {
            copies::check_told(&self.store, (&all, &all), warnings);
        }
    }

    fn close(&mut self) {
        let closed = self.store.close();
        self.done("close", closed.is_ok());
        if closed.is_ok() {
            let stats = self.store.stats();
            assert_eq!(
                (stats.head_bytes, stats.wal_segments),
                (0, 0),
                "a clean stop leaves no log"
            );
        }
    }

    /// Starts again on what the operating system has.
    fn restart_killed(&mut self, random: &mut Random) {
        let found = self.disk.after_kill();
        if self.trouble > 0 && random.chance(500) {
            // Reads succeed: a start that cannot read an index goes on without the kinds of
            // its fields, and says so.
            let mut plan = Plan::new(random.number());
            plan.errors = 50;
            found.set_plan(Some(plan));
        }
        self.restart(found, false, random);
    }

    /// Starts again on what a power cut leaves.
    fn restart_cut(&mut self, random: &mut Random) {
        let found = self.disk.after_power_cut(random.below(1 << 32));
        self.restart(found, true, random);
    }

    fn restart(&mut self, mut disk: Simulated, mut is_cut: bool, random: &mut Random) {
        if random.chance(200) {
            // How many partitions there are is fixed. With a longer retention, blocks whose removal a
            // power cut undid would be back without those that overwrote their rows.
            let Options { partitions, retention, future_max, .. } = self.options;
            self.options = Options { partitions, retention, future_max, ..options(random) };
            self.model.set_options(&self.options);
        }
        if random.chance(200) {
            disk.fail_at(random.below(30), Fault::Crash);
        }
        let mut tries = 0;
        self.store = loop {
            match start(&disk, &self.clock, &self.options) {
                Ok(store) if !disk.has_crashed() => break store,
                // It died, or failed, in the middle of the start.
                _ if tries == 0 => {}
                Ok(_) => unreachable!("nothing fails any more"),
                Err(error) => panic!("a start after a crash must succeed: {error}"),
            }
            tries += 1;
            let is_cut_now = random.chance(500);
            is_cut |= is_cut_now;
            disk = match is_cut_now {
                true => disk.after_power_cut(random.below(1 << 32)),
                false => disk.after_kill(),
            };
        };
        self.disk = disk;
        // One that lies ahead still may come, in the next steps.
        self.trace(|| {
            format!("  started, after a cut: {is_cut}, tries {tries}, {:?}", self.disk.files())
        });
        self.ends_by_cut = random.chance(500);
        self.trouble = 0;
        self.heal();
        self.model.databases.reopened(&self.store);
        self.model.forget_dropped();
        self.model.expire(self.now());
        let found = self.all();
        self.model.check(&found, self.now(), is_cut);
        self.model.settle(&found, is_cut);
    }

    /// Stops cleanly, starts again, and compares a last time.
    fn finish(mut self) {
        let random = &mut Random::new(0);
        self.heal();
        self.trouble = 0;
        if self.disk.has_crashed() {
            self.restart_cut(random);
        }
        // Nothing fails any more.
        self.disk.fail_at(u64::MAX, Fault::Sync);
        self.ask(random);
        self.flip(random);
        self.close();
        self.restart_killed(random);
        self.ask(random);
    }
}

/// The rows that were refused, from 0, as far as they are told.
fn refused_in(report: &WriteReport) -> BTreeSet<usize> {
    let refused: BTreeSet<usize> =
        report.refused.iter().map(|refused| refused.line as usize - 1).collect();
    let told = report.refused_count.min(WriteReport::REFUSED_MAX as u64);
    assert_eq!(refused.len() as u64, told, "the first refusals are told");
    refused
}

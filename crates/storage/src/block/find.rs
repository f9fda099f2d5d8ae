//! Finds the streams of a block that fit: conditions on tags read the pages of their values.

use super::dictionary::{Dictionary, Tag};
use super::postings::Set;
use super::values::VALUES;
use super::{Block, Lookup};
use crate::error::Error;
use crate::identity::{PolicyId, PolicyName};
use crate::index::{Found, Leaves, evaluate, may_begin_name};
use model::pattern::Hint;
use model::{Attribute, MatchOp, Matcher, Predicate};
use roaring::RoaringBitmap;
use std::ops::Range;
use std::sync::Arc;

/// Fewer pages of values than this are not worth another thread.
const PAGES_PER_THREAD_MIN: usize = 64;

/// Tells how a policy is called; none where it was dropped.
pub type Policies<'a> = dyn Fn(PolicyId) -> Option<PolicyName> + 'a;

/// Finds streams of one block.
pub struct Finder<'a> {
    block: &'a Block,
    dictionary: Arc<Dictionary>,
    /// How each policy is called, and its streams; dropped ones are left out.
    policies: Vec<(PolicyName, Set)>,
    all: RoaringBitmap,
}

impl<'a> Finder<'a> {
    /// Finds streams whose policies are not dropped.
    ///
    /// # Errors
    /// When the block is damaged or cannot be read.
    pub fn new(block: &'a Block, known: &Policies<'_>) -> Result<Self, Error> {
        let named = |(id, set): &(PolicyId, Set)| Some((known(*id)?, set.clone()));
        let policies: Vec<_> = block.root.policies.iter().filter_map(named).collect();
        let mut finder =
            Self { block, dictionary: block.dictionary()?, policies, all: RoaringBitmap::new() };
        finder.all = finder.of_policies(|_| true)?;
        Ok(finder)
    }

    fn of_policies(&self, fits: impl Fn(&PolicyName) -> bool) -> Result<RoaringBitmap, Error> {
        let mut found = RoaringBitmap::new();
        for (_, set) in self.policies.iter().filter(|(name, _)| fits(name)) {
            found |= self.block.set(set)?;
        }
        Ok(found)
    }

    fn of_measurements(&self, fits: impl Fn(&str) -> bool) -> Result<RoaringBitmap, Error> {
        let mut found = RoaringBitmap::new();
        Lookup::new(self.block)?.each_measurement(|_, one| {
            if fits(&one.name) {
                found.insert_range(one.ordinals());
            }
        })?;
        Ok(found & &self.all)
    }

    fn of_measurement(&self, name: &str) -> Result<RoaringBitmap, Error> {
        let mut found = RoaringBitmap::new();
        if let Some((_, one)) = Lookup::new(self.block)?.find_measurement(name)? {
            found.insert_range(one.ordinals());
        }
        Ok(found & &self.all)
    }

    /// A stream without the tag has the value `""`.
    fn of_tag(&self, name: &str, op: &MatchOp) -> Result<RoaringBitmap, Error> {
        let fits_none = op.matches("");
        let Some(tag) = self.dictionary.find(name) else {
            return Ok(if fits_none { self.all.clone() } else { RoaringBitmap::new() });
        };
        let set = match op {
            MatchOp::Equal(value) if value.is_empty() => {
                return Ok(&self.all - self.block.set(&tag.streams)?);
            }
            MatchOp::NotEqual(value) if value.is_empty() => self.block.set(&tag.streams)?,
            MatchOp::Equal(value) => self.of_value(tag, value)?,
            MatchOp::NotEqual(value) => return Ok(&self.all - self.of_value(tag, value)?),
            MatchOp::Regex(_) | MatchOp::NotRegex(_) if fits_none => {
                return Ok(&self.all - self.of_pattern(tag, op, false)?);
            }
            MatchOp::Regex(_) | MatchOp::NotRegex(_) => self.of_pattern(tag, op, true)?,
        };
        Ok(set & &self.all)
    }

    fn of_value(&self, tag: &Tag, value: &str) -> Result<RoaringBitmap, Error> {
        let pages = self.block.value_pages(tag, value, |first| first > value)?;
        for index in pages {
            let values = self.block.values_in(tag, index)?;
            let damaged = |damage| self.block.damaged_value(tag, index, damage);
            if let Ok(at) = values.find(value).map_err(damaged)? {
                return self.block.set(&values.streams(at).map_err(damaged)?);
            }
        }
        Ok(RoaringBitmap::new())
    }

    /// The streams with a value of which `op` says `wanted`.
    fn of_pattern(&self, tag: &Tag, op: &MatchOp, wanted: bool) -> Result<RoaringBitmap, Error> {
        let (hint, is_matching) = match op {
            MatchOp::Regex(pattern) => (pattern.hint(), wanted),
            MatchOp::NotRegex(pattern) => (pattern.hint(), !wanted),
            MatchOp::Equal(_) | MatchOp::NotEqual(_) => (&Hint::Any, wanted),
        };
        let pages = match hint {
            Hint::Every | Hint::NotEmpty if is_matching => return self.block.set(&tag.streams),
            Hint::Every | Hint::NotEmpty => return Ok(RoaringBitmap::new()),
            _ if !is_matching => 0..tag.values.div_ceil(VALUES),
            Hint::OneOf(texts) => {
                let mut found = RoaringBitmap::new();
                for text in texts {
                    found |= self.of_value(tag, text)?;
                }
                return Ok(found);
            }
            Hint::Prefix(prefix) => {
                let is_beyond = |first: &str| first > &**prefix && !first.starts_with(&**prefix);
                self.block.value_pages(tag, prefix, is_beyond)?
            }
            Hint::Any => 0..tag.values.div_ceil(VALUES),
        };
        self.scan(tag, pages, op, wanted)
    }

    /// Looks at every value of some pages, over the cores where they are many.
    fn scan(
        &self,
        tag: &Tag,
        pages: Range<u32>,
        op: &MatchOp,
        wanted: bool,
    ) -> Result<RoaringBitmap, Error> {
        // To ask for the cores costs more than a few pages: the system reads files for it.
        let threads = match pages.len() / PAGES_PER_THREAD_MIN {
            0 | 1 => 1,
            most => std::thread::available_parallelism().map_or(1, |n| n.get()).min(most),
        };
        let each = pages.len().div_ceil(threads).max(1);
        let shares: Vec<Range<u32>> = pages
            .clone()
            .step_by(each)
            .map(|start| start..pages.end.min(start.saturating_add(each as u32)))
            .collect();
        if let [share] = shares.as_slice() {
            return self.scan_share(tag, share.clone(), op, wanted);
        }
        let found: Vec<Result<RoaringBitmap, Error>> = std::thread::scope(|scope| {
            let work = |share: Range<u32>| scope.spawn(|| self.scan_share(tag, share, op, wanted));
            let threads: Vec<_> = shares.into_iter().map(work).collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            threads.into_iter().map(join).collect()
        });
        let mut all = RoaringBitmap::new();
        for share in found {
            all |= share?;
        }
        Ok(all)
    }

    fn scan_share(
        &self,
        tag: &Tag,
        pages: Range<u32>,
        op: &MatchOp,
        wanted: bool,
    ) -> Result<RoaringBitmap, Error> {
        // A pattern keeps scratch memory, which threads would otherwise wait for.
        let op = op.clone();
        let mut few = Vec::new();
        let mut many = RoaringBitmap::new();
        let mut fitting = Vec::new();
        for index in pages {
            let values = self.block.values_in(tag, index)?;
            let damaged = |damage| self.block.damaged_value(tag, index, damage);
            fitting.clear();
            let fits = |at, value: &str| {
                if op.matches(value) == wanted {
                    fitting.push(at);
                }
            };
            values.each(fits).map_err(damaged)?;
            let gathered = values.each_set(&fitting, |set| {
                match set {
                    Set::Few(streams) => few.extend(streams),
                    other => many |= self.block.set(&other)?,
                }
                Ok(())
            });
            gathered.map_err(damaged)??;
        }
        few.sort_unstable();
        many.extend(few);
        Ok(many)
    }
}

impl Block {
    /// The streams that fit conditions on tags, database and policy.
    ///
    /// # Errors
    /// When the index is damaged or cannot be read.
    pub fn find(
        &self,
        predicate: &Predicate,
        known: &Policies<'_>,
    ) -> Result<RoaringBitmap, Error> {
        Ok(evaluate(&Finder::new(self, known)?, predicate)?.set)
    }
}

impl Leaves for Finder<'_> {
    type Error = Error;

    fn all(&self) -> RoaringBitmap {
        self.all.clone()
    }

    fn find(&self, matcher: &Matcher) -> Result<Found, Error> {
        let op = &matcher.op;
        let set = match (&matcher.attribute, op) {
            (Attribute::Database, _) => self.of_policies(|name| op.matches(&name.database))?,
            (Attribute::Policy, _) => self.of_policies(|name| op.matches(&name.policy))?,
            (Attribute::Measurement, MatchOp::Equal(name)) => self.of_measurement(name)?,
            (Attribute::Measurement, _) => self.of_measurements(|name| op.matches(name))?,
            (Attribute::Tag(name), _) => self.of_tag(name, op)?,
            (Attribute::Field, _) => return Ok(Found { set: self.all(), is_exact: false }),
            (Attribute::Name, MatchOp::Equal(wanted)) => {
                let set = self.of_measurements(|name| may_begin_name(name, wanted))?;
                return Ok(Found { set, is_exact: false });
            }
            (Attribute::Name, _) => return Ok(Found { set: self.all(), is_exact: false }),
        };
        Ok(Found { set, is_exact: true })
    }
}

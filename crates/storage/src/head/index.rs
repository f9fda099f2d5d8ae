//! Finds streams of the head by their names and tags, and keeps each text once.
//!
//! A label (a tag's name with a value, or a measurement) is a number; a stream is a list of
//! such numbers. Ordinals are slots. A label without streams is taken out again. Values of one
//! name stand behind each other, so that a pattern is looked for in all of them at once.

use super::paged::Paged;
use super::postings::Postings;
use super::texts::Texts;
use crate::identity::{PolicyId, PolicyName, Text};
use crate::index::{Found, Leaves, may_begin_name};
use hashbrown::{HashMap, HashTable};
use memchr::memmem::Finder;
use model::pattern::Hint;
use model::{Attribute, MatchOp, Matcher, Pattern};
use roaring::{MultiOps, RoaringBitmap};
use std::convert::Infallible;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The name that measurements are values of; no tag has it, as names are not empty.
const MEASUREMENT: u32 = 0;

/// A tag's name, or [`MEASUREMENT`].
struct Name {
    text: Arc<str>,
    /// Its values, each with the number of its label.
    values: Texts,
}

/// One value of a name.
struct Label {
    name: u32,
    /// Where it stands among the values of its name.
    place: u32,
    streams: Postings,
}

/// Finds streams by their names and tags.
pub struct Index {
    all: RoaringBitmap,
    policies: Vec<(PolicyName, RoaringBitmap)>,
    names: Vec<Name>,
    by_name: HashMap<Arc<str>, u32>,
    labels: Paged<Option<Label>>,
    vacant: Vec<u32>,
    by_text: HashTable<u32>,
}

impl Default for Index {
    fn default() -> Self {
        let measurement = Name { text: Arc::default(), values: Texts::default() };
        Self {
            all: RoaringBitmap::new(),
            policies: Vec::new(),
            names: vec![measurement],
            by_name: HashMap::new(),
            labels: Paged::default(),
            vacant: Vec::new(),
            by_text: HashTable::new(),
        }
    }
}

impl Index {
    /// Adds a stream to a policy.
    pub fn join(&mut self, stream: u32, policy: &PolicyName) {
        self.all.insert(stream);
        match self.policies.iter_mut().find(|(name, _)| name.id == policy.id) {
            Some((_, set)) => drop(set.insert(stream)),
            None => self.policies.push((policy.clone(), RoaringBitmap::from([stream]))),
        }
    }

    /// Adds a stream to a measurement; answers the label.
    pub fn add_measurement(&mut self, stream: u32, text: &impl Text) -> u32 {
        self.add(stream, MEASUREMENT, text)
    }

    /// Adds a stream to a tag's value; answers the label.
    pub fn add_tag<T: Text>(&mut self, stream: u32, name: &T, value: &T) -> u32 {
        let name = match self.by_name.get(name.as_ref()) {
            Some(known) => *known,
            None => {
                let made = self.names.len() as u32;
                let text: Arc<str> = name.clone().into();
                self.names.push(Name { text: text.clone(), values: Texts::default() });
                self.by_name.insert(text, made);
                made
            }
        };
        self.add(stream, name, value)
    }

    /// Adds a stream to a label that another has; answers the label.
    pub fn add_known(&mut self, stream: u32, at: u32) -> u32 {
        let Self { names, labels, .. } = self;
        let label = labels[at].as_mut().expect("a stream's labels are there");
        let values = &names[label.name as usize].values;
        label.streams.insert(stream, || values.get(label.place).into());
        at
    }

    fn add(&mut self, stream: u32, name: u32, text: &impl Text) -> u32 {
        let wanted = text.as_ref();
        let shared = || text.clone().into();
        if let Some(known) = self.find_label(name, wanted) {
            let label = self.labels[known].as_mut().expect("a label that is found is there");
            label.streams.insert(stream, shared);
            return known;
        }
        let at = self.vacant.pop().unwrap_or_else(|| self.labels.push(None));
        let place = self.names[name as usize].values.put(at, wanted);
        let streams = match name {
            // Whoever asks for streams asks for it.
            MEASUREMENT => Postings::shared(shared(), stream),
            _ => Postings::One(stream),
        };
        self.labels[at] = Some(Label { name, place, streams });
        let Self { names, labels, by_text, .. } = self;
        let rehash = |at: &u32| {
            let label = labels[*at].as_ref();
            label.map_or(0, |l| hash(l.name, names[l.name as usize].values.bytes(l.place)))
        };
        by_text.insert_unique(hash(name, wanted.as_bytes()), at, rehash);
        at
    }

    fn find_label(&self, name: u32, text: &str) -> Option<u32> {
        let values = &self.names[name as usize].values;
        let is_it = |at: &u32| {
            let label = self.labels[*at].as_ref();
            label.is_some_and(|l| l.name == name && values.bytes(l.place) == text.as_bytes())
        };
        self.by_text.find(hash(name, text.as_bytes()), is_it).copied()
    }

    /// Takes a stream out of its policy.
    pub fn leave(&mut self, stream: u32, policy: PolicyId) {
        self.all.remove(stream);
        for (_, set) in self.policies.iter_mut().filter(|(name, _)| name.id == policy) {
            set.remove(stream);
        }
        self.policies.retain(|(_, set)| !set.is_empty());
    }

    /// Takes a stream out of a label.
    pub fn remove(&mut self, stream: u32, at: u32) {
        let Self { names, labels, vacant, by_text, .. } = self;
        let Some(label) = labels[at].as_mut() else { return };
        if !label.streams.remove(stream) {
            return;
        }
        let (name, place) = (label.name, label.place);
        let values = &mut names[name as usize].values;
        if let Ok(found) = by_text.find_entry(hash(name, values.bytes(place)), |it| *it == at) {
            found.remove();
        }
        values.remove(place);
        labels[at] = None;
        vacant.push(at);
    }

    /// Name and value of a label.
    pub fn label(&self, at: u32) -> (&Arc<str>, &str) {
        let label = self.labels[at].as_ref().expect("a stream's labels are there");
        let name = &self.names[label.name as usize];
        (&name.text, name.values.get(label.place))
    }

    /// Name and value of a label that may be gone. A value is shared where streams share it.
    pub fn pair(&self, at: u32) -> Option<(&Arc<str>, Arc<str>)> {
        let label = self.labels.get(at)?.as_ref()?;
        let name = &self.names[label.name as usize];
        let value = match label.streams.text() {
            Some(shared) => shared.clone(),
            None => name.values.get(label.place).into(),
        };
        Some((&name.text, value))
    }

    /// The measurement that a label is.
    pub fn measurement(&self, at: u32) -> &Arc<str> {
        let label = self.labels[at].as_ref().expect("a stream's labels are there");
        label.streams.text().expect("a measurement is shared")
    }

    /// The measurement that a label is; none where it is gone, or another's.
    pub fn try_measurement(&self, at: u32) -> Option<&Arc<str>> {
        let label = self.labels.get(at)?.as_ref().filter(|label| label.name == MEASUREMENT)?;
        label.streams.text()
    }

    /// The name of a label that may be gone.
    pub fn name(&self, at: u32) -> Option<&Arc<str>> {
        let label = self.labels.get(at)?.as_ref()?;
        Some(&self.names[label.name as usize].text)
    }

    /// The labels of a tag, in no order.
    pub fn labels_of_tag(&self, tag: &str) -> Vec<u32> {
        let mut found = Vec::new();
        if let Some(name) = self.by_name.get(tag) {
            self.names[*name as usize].values.each(|label, _| found.push(label));
        }
        found
    }

    /// The value that a label is of a tag, and the streams that have it; none where it is no
    /// label of that tag.
    pub fn tag_value(&self, tag: &str, at: u32) -> Option<(&str, &Postings)> {
        let label = self.labels.get(at)?.as_ref()?;
        let name = &self.names[label.name as usize];
        let is_of = label.name != MEASUREMENT && name.text.as_ref() == tag;
        is_of.then(|| (name.values.get(label.place), &label.streams))
    }

    /// What a policy that has streams is called.
    pub fn policy(&self, id: PolicyId) -> &PolicyName {
        let known = self.policies.iter().find(|(name, _)| name.id == id);
        &known.expect("a stream's policy is there").0
    }

    /// Hands name and value of every tag to `each`, with what `weight` says of its streams
    /// added up.
    pub fn each_tag(&self, weight: &dyn Fn(u32) -> u64, each: &mut dyn FnMut(&str, &str, u64)) {
        for name in &self.names[MEASUREMENT as usize + 1..] {
            name.values.each(|label, value| {
                let mut sum = 0;
                if let Some(label) = &self.labels[label] {
                    label.streams.for_each(|stream| sum += weight(stream));
                }
                each(&name.text, value, sum);
            });
        }
    }

    fn value(&self, name: u32, value: &str) -> RoaringBitmap {
        self.union(self.find_label(name, value))
    }

    /// The streams of some labels.
    fn union(&self, labels: impl IntoIterator<Item = u32>) -> RoaringBitmap {
        let (mut few, mut many) = (Vec::new(), RoaringBitmap::new());
        for label in labels.into_iter().filter_map(|at| self.labels[at].as_ref()) {
            label.streams.add_to(&mut few, &mut many);
        }
        few.sort_unstable();
        many.extend(few);
        many
    }

    /// Streams with a value that fits.
    fn of_fitting(&self, name: u32, fits: impl Fn(&str) -> bool) -> RoaringBitmap {
        let mut found = Vec::new();
        self.names[name as usize].values.each(|label, value| {
            if fits(value) {
                found.push(label);
            }
        });
        self.union(found)
    }

    /// Streams with a value that a pattern matches.
    fn of_matching(&self, name: u32, pattern: &Pattern) -> RoaringBitmap {
        if let Hint::OneOf(texts) = pattern.hint() {
            return self.union(texts.iter().filter_map(|text| self.find_label(name, text)));
        }
        // It keeps scratch memory, which threads would otherwise wait for.
        let pattern = pattern.clone();
        let Some(needle) = pattern.needle() else {
            return self.of_fitting(name, |value| pattern.is_match(value));
        };
        let mut found = Vec::new();
        self.names[name as usize].values.each_with(&Finder::new(needle), |label, value| {
            if pattern.is_match(value) {
                found.push(label);
            }
        });
        self.union(found)
    }

    /// Streams with a value that fits, where the value is always there.
    fn of_values(&self, name: u32, op: &MatchOp) -> RoaringBitmap {
        match op {
            MatchOp::Equal(value) => self.value(name, value),
            MatchOp::Regex(pattern) => self.of_matching(name, pattern),
            MatchOp::NotEqual(_) | MatchOp::NotRegex(_) => {
                let op = op.clone();
                self.of_fitting(name, |value| op.matches(value))
            }
        }
    }

    /// A stream without the tag has the value `""`.
    fn of_tag(&self, name: &str, op: &MatchOp) -> RoaringBitmap {
        let Some(name) = self.by_name.get(name).copied() else {
            return if op.matches("") { self.all.clone() } else { RoaringBitmap::new() };
        };
        if !op.matches("") {
            return self.of_values(name, op);
        }
        match op {
            MatchOp::NotEqual(value) => &self.all - self.value(name, value),
            MatchOp::NotRegex(pattern) => &self.all - self.of_matching(name, pattern),
            MatchOp::Regex(pattern) if *pattern.hint() == Hint::Every => self.all.clone(),
            MatchOp::Equal(_) | MatchOp::Regex(_) => {
                let op = op.clone();
                &self.all - self.of_fitting(name, |value| !op.matches(value))
            }
        }
    }

    fn of_policies(&self, fits: impl Fn(&PolicyName) -> bool) -> RoaringBitmap {
        self.policies.iter().filter(|(name, _)| fits(name)).map(|(_, set)| set).union()
    }

    /// An equality leaves the measurements that the name begins with.
    fn of_name(&self, op: &MatchOp) -> RoaringBitmap {
        let MatchOp::Equal(wanted) = op else { return self.all.clone() };
        self.of_fitting(MEASUREMENT, |name| may_begin_name(name, wanted))
    }
}

impl Leaves for Index {
    type Error = Infallible;

    fn all(&self) -> RoaringBitmap {
        self.all.clone()
    }

    fn find(&self, matcher: &Matcher) -> Result<Found, Infallible> {
        let op = &matcher.op;
        let set = match &matcher.attribute {
            Attribute::Database => self.of_policies(|name| op.matches(&name.database)),
            Attribute::Policy => self.of_policies(|name| op.matches(&name.policy)),
            Attribute::Measurement => self.of_values(MEASUREMENT, op),
            Attribute::Tag(name) => self.of_tag(name, op),
            Attribute::Field => return Ok(Found { set: self.all(), is_exact: false }),
            Attribute::Name => return Ok(Found { set: self.of_name(op), is_exact: false }),
        };
        Ok(Found { set, is_exact: true })
    }
}

fn hash(name: u32, text: &[u8]) -> u64 {
    xxh3_64_with_seed(text, u64::from(name))
}

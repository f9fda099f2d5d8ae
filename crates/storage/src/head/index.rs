//! Finds streams of the head by their names and tags, and keeps each text once.
//!
//! A label (a tag's name with a value, or a measurement) is a number; a stream is a list of
//! such numbers. Ordinals are slots. A label without streams is taken out again.

use super::paged::Paged;
use super::postings::Postings;
use crate::identity::{PolicyId, PolicyName, Text};
use crate::index::{Found, Leaves, may_begin_name};
use hashbrown::{HashMap, HashTable};
use model::{Attribute, MatchOp, Matcher};
use roaring::{MultiOps, RoaringBitmap};
use std::convert::Infallible;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The name that measurements are values of; no tag has it, as names are not empty.
const MEASUREMENT: u32 = 0;

/// A tag's name, or [`MEASUREMENT`].
struct Name {
    text: Arc<str>,
    labels: Vec<u32>,
}

/// One value of a name.
struct Label {
    text: Arc<str>,
    name: u32,
    /// Where it stands among the labels of its name.
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
        let measurement = Name { text: Arc::default(), labels: Vec::new() };
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
                self.names.push(Name { text: text.clone(), labels: Vec::new() });
                self.by_name.insert(text, made);
                made
            }
        };
        self.add(stream, name, value)
    }

    /// Adds a stream to a label that another has; answers the label.
    pub fn add_known(&mut self, stream: u32, at: u32) -> u32 {
        let label = self.labels[at].as_mut().expect("a stream's labels are there");
        label.streams.insert(stream);
        at
    }

    fn add(&mut self, stream: u32, name: u32, text: &impl Text) -> u32 {
        let wanted = text.as_ref();
        let Self { labels, by_text, .. } = self;
        let is_it = |at: &u32| {
            labels[*at]
                .as_ref()
                .is_some_and(|label| label.name == name && label.text.as_ref() == wanted)
        };
        if let Some(known) = by_text.find(hash(name, wanted), is_it).copied() {
            let label = labels[known].as_mut().expect("a label that is found is there");
            label.streams.insert(stream);
            return known;
        }
        let place = self.names[name as usize].labels.len() as u32;
        let streams = Postings::One(stream);
        let label = Some(Label { text: text.clone().into(), name, place, streams });
        let at = match self.vacant.pop() {
            Some(at) => {
                labels[at] = label;
                at
            }
            None => labels.push(label),
        };
        let rehash =
            |at: &u32| labels[*at].as_ref().map_or(0, |label| hash(label.name, &label.text));
        by_text.insert_unique(hash(name, wanted), at, rehash);
        self.names[name as usize].labels.push(at);
        at
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
        if let Ok(found) = by_text.find_entry(hash(name, &label.text), |known| *known == at) {
            found.remove();
        }
        labels[at] = None;
        vacant.push(at);
        let siblings = &mut names[name as usize].labels;
        siblings.swap_remove(place as usize);
        if let Some(moved) = siblings.get(place as usize).and_then(|at| labels[*at].as_mut()) {
            moved.place = place;
        }
    }

    /// Name and value of a label.
    pub fn label(&self, at: u32) -> (&Arc<str>, &Arc<str>) {
        self.try_label(at).expect("a stream's labels are there")
    }

    /// Name and value of a label that may be gone.
    pub fn try_label(&self, at: u32) -> Option<(&Arc<str>, &Arc<str>)> {
        let label = self.labels.get(at)?.as_ref()?;
        Some((&self.names[label.name as usize].text, &label.text))
    }

    /// The labels of a tag, in no order.
    pub fn labels_of_tag(&self, tag: &str) -> Vec<u32> {
        let name = self.by_name.get(tag);
        name.map(|name| self.names[*name as usize].labels.clone()).unwrap_or_default()
    }

    /// The value that a label is of a tag, and the streams that have it; none where it is no
    /// label of that tag.
    pub fn tag_value(&self, tag: &str, at: u32) -> Option<(&Arc<str>, &Postings)> {
        let label = self.labels.get(at)?.as_ref()?;
        let is_of =
            label.name != MEASUREMENT && self.names[label.name as usize].text.as_ref() == tag;
        is_of.then_some((&label.text, &label.streams))
    }

    /// What a policy that has streams is called.
    pub fn policy(&self, id: PolicyId) -> &PolicyName {
        let known = self.policies.iter().find(|(name, _)| name.id == id);
        &known.expect("a stream's policy is there").0
    }

    /// The labels of a name, with their streams.
    fn labels_of(&self, name: u32) -> impl Iterator<Item = &Label> {
        let labels = self.names[name as usize].labels.iter();
        labels.filter_map(|at| self.labels[*at].as_ref())
    }

    /// Hands name and value of every tag to `each`, with what `weight` says of its streams
    /// added up.
    pub fn each_tag(&self, weight: &dyn Fn(u32) -> u64, each: &mut dyn FnMut(&str, &str, u64)) {
        for name in MEASUREMENT + 1..self.names.len() as u32 {
            for label in self.labels_of(name) {
                let mut sum = 0;
                label.streams.for_each(|stream| sum += weight(stream));
                each(&self.names[name as usize].text, &label.text, sum);
            }
        }
    }

    fn value(&self, name: u32, value: &str) -> RoaringBitmap {
        let is_it = |at: &&u32| {
            self.labels[**at].as_ref().is_some_and(|l| l.name == name && l.text.as_ref() == value)
        };
        let found = self.by_text.find(hash(name, value), |at| is_it(&at));
        union(found.and_then(|at| self.labels[*at].as_ref()).into_iter())
    }

    /// Streams with a value that fits, where the value is always there.
    fn of_values(&self, name: u32, op: &MatchOp) -> RoaringBitmap {
        match op {
            MatchOp::Equal(value) => self.value(name, value),
            _ => union(self.labels_of(name).filter(|label| op.matches(&label.text))),
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
            _ => &self.all - union(self.labels_of(name).filter(|label| !op.matches(&label.text))),
        }
    }

    fn of_policies(&self, fits: impl Fn(&PolicyName) -> bool) -> RoaringBitmap {
        self.policies.iter().filter(|(name, _)| fits(name)).map(|(_, set)| set).union()
    }

    /// An equality leaves the measurements that the name begins with.
    fn of_name(&self, op: &MatchOp) -> RoaringBitmap {
        let MatchOp::Equal(wanted) = op else { return self.all.clone() };
        union(self.labels_of(MEASUREMENT).filter(|label| may_begin_name(&label.text, wanted)))
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

fn union<'a>(labels: impl Iterator<Item = &'a Label>) -> RoaringBitmap {
    let mut set = RoaringBitmap::new();
    labels.for_each(|label| label.streams.add_to(&mut set));
    set
}

fn hash(name: u32, text: &str) -> u64 {
    xxh3_64_with_seed(text.as_bytes(), u64::from(name))
}

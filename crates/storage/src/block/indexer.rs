//! Gathers who the streams of a block are while it is written, and writes its index.
//!
//! Values of tags are numbered as they come and sorted in the end; what is kept of a stream
//! are some numbers for each of its tags.

use super::measurements;
use super::output::Output;
use super::postings;
use super::root::Root;
use super::streams::{self, Common, STREAMS, Stream};
use super::values::{self, VALUES};
use crate::block::array;
use crate::identity::PolicyId;
use codec::varint::put_u64;
use hashbrown::HashMap;
use model::{StreamKey, Tags, TimeRange};
use std::io;
use std::sync::Arc;

/// Gathers streams.
#[derive(Default)]
pub struct Indexer {
    streams: Vec<Stream>,
    policies: Vec<PolicyId>,
    tags: Vec<Tag>,
    by_name: HashMap<Arc<str>, u32>,
    sets: Vec<Box<[u32]>>,
    by_set: HashMap<Box<[u32]>, u32>,
    measurements: Vec<measurements::Written>,
    scratch: Vec<u32>,
}

/// One tag: its values as they came, and which stream has which.
struct Tag {
    name: Arc<str>,
    values: Vec<Arc<str>>,
    by_value: HashMap<Arc<str>, u32>,
    /// Streams, rising, and the number of their value.
    streams: Vec<(u32, u32)>,
}

impl Indexer {
    /// How many streams there are.
    pub fn len(&self) -> u32 {
        self.streams.len() as u32
    }

    /// Whether there is no stream.
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// The place of a policy in the block.
    pub fn policy(&mut self, id: PolicyId) -> u32 {
        let known = self.policies.iter().position(|known| *known == id);
        known.unwrap_or_else(|| {
            self.policies.push(id);
            self.policies.len() - 1
        }) as u32
    }

    /// Adds a stream of the measurement that is added next.
    pub fn add(&mut self, key: &StreamKey, hash: u128, policy: u32, shape: u32, range: TimeRange) {
        let ordinal = self.len();
        let tags = self.tags(&key.tags, ordinal);
        let measurement = self.measurements.len() as u32;
        let common = Common { policy, measurement, shape, tags };
        self.streams.push(Stream { common, hash, range });
    }

    /// Adds the measurement whose streams were added.
    pub fn add_measurement(&mut self, one: measurements::Written) {
        self.measurements.push(one);
    }

    fn tags(&mut self, tags: &Tags, ordinal: u32) -> u32 {
        let mut set = std::mem::take(&mut self.scratch);
        set.clear();
        for (name, value) in tags.iter() {
            let number = self.tag(name);
            self.tags[number as usize].add(value, ordinal);
            set.push(number);
        }
        let known = self.by_set.get(set.as_slice()).copied();
        let number = known.unwrap_or_else(|| {
            let number = self.sets.len() as u32;
            self.sets.push(set.as_slice().into());
            self.by_set.insert(set.as_slice().into(), number);
            number
        });
        self.scratch = set;
        number
    }

    fn tag(&mut self, name: &Arc<str>) -> u32 {
        if let Some(known) = self.by_name.get(name) {
            return *known;
        }
        let number = self.tags.len() as u32;
        self.by_name.insert(name.clone(), number);
        let (values, by_value, streams) = (Vec::new(), HashMap::new(), Vec::new());
        self.tags.push(Tag { name: name.clone(), values, by_value, streams });
        number
    }

    /// Writes all pages of the index; answers the root's bytes, given where the pages of
    /// timestamps are.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self, times: Vec<(u32, u32)>, output: &mut Output) -> io::Result<Vec<u8>> {
        let mut sets = postings::Writer::new(self.len());
        let dictionary = self.write_dictionary(&mut sets, output)?;
        let stream_pages = self.write_streams(output)?;
        let mut measurements = measurements::Writer::new(self.policies.len());
        for one in &self.measurements {
            measurements.add(one, output)?;
        }
        let measurements = measurements.finish(output)?;
        let mut policy_sets = Vec::new();
        for policy in 0..self.policies.len() as u32 {
            let of = |(_, stream): &(u32, &Stream)| stream.common.policy == policy;
            let members: Vec<u32> =
                (0..).zip(&self.streams).filter(of).map(|(ordinal, _)| ordinal).collect();
            sets.put(&mut policy_sets, &members, output)?;
        }
        sets.close(output)?;
        let policies = self.policies.iter().map(|id| (*id, postings::Set::All)).collect();
        let (streams, pages) = (self.len(), output.pages().to_vec());
        let root = Root { streams, policies, measurements, dictionary, stream_pages, times, pages };
        Ok(root.encode(&policy_sets))
    }

    /// Sorts tags and values, and writes the values of each tag, and which tags there are;
    /// answers the page of the latter.
    fn write_dictionary(
        &mut self,
        sets: &mut postings::Writer,
        output: &mut Output,
    ) -> io::Result<u32> {
        let mut order: Vec<u32> = (0..self.tags.len() as u32).collect();
        order.sort_by(|a, b| self.tags[*a as usize].name.cmp(&self.tags[*b as usize].name));
        let mut places = vec![0u32; order.len()];
        let mut body = Vec::new();
        put_u64(&mut body, order.len() as u64);
        for (place, number) in (0..).zip(&order) {
            places[*number as usize] = place;
            self.tags[*number as usize].write(&mut body, sets, output)?;
        }
        // From here on tags are called by their places among sorted names, and stand so.
        let mut tags: Vec<Option<Tag>> = self.tags.drain(..).map(Some).collect();
        self.tags.extend(order.iter().filter_map(|number| tags[*number as usize].take()));
        put_u64(&mut body, self.sets.len() as u64);
        for set in &mut self.sets {
            // Tags of a stream are sorted by name, so that their places rise.
            set.iter_mut().for_each(|tag| *tag = places[*tag as usize]);
            put_u64(&mut body, set.len() as u64);
            set.iter().for_each(|tag| put_u64(&mut body, u64::from(*tag)));
        }
        output.page(&body)
    }

    fn write_streams(&mut self, output: &mut Output) -> io::Result<u32> {
        let mut first_page = None;
        // Where each tag's streams go on.
        let mut next = vec![0usize; self.tags.len()];
        for page in self.streams.chunks(STREAMS as usize) {
            let body = streams::encode(page, &self.sets, |_, tag| {
                let at = &mut next[tag as usize];
                *at += 1;
                self.tags[tag as usize].streams[*at - 1].1
            });
            let number = output.page(&body)?;
            first_page.get_or_insert(number);
        }
        Ok(first_page.unwrap_or_default())
    }
}

impl Tag {
    fn add(&mut self, value: &Arc<str>, ordinal: u32) {
        let number = match self.by_value.get(value) {
            Some(known) => *known,
            None => {
                let number = self.values.len() as u32;
                self.by_value.insert(value.clone(), number);
                self.values.push(value.clone());
                number
            }
        };
        self.streams.push((ordinal, number));
    }

    /// Sorts the values, so that their numbers are ranks, and writes them; appends to the
    /// dictionary where they are.
    fn write(
        &mut self,
        dictionary: &mut Vec<u8>,
        sets: &mut postings::Writer,
        output: &mut Output,
    ) -> io::Result<()> {
        self.by_value = HashMap::new();
        let mut order: Vec<u32> = (0..self.values.len() as u32).collect();
        order.sort_by(|a, b| self.values[*a as usize].cmp(&self.values[*b as usize]));
        let mut ranks = vec![0u32; order.len()];
        for (rank, number) in (0..).zip(&order) {
            ranks[*number as usize] = rank;
        }
        let sorted: Vec<Arc<str>> =
            order.iter().map(|number| self.values[*number as usize].clone()).collect();
        self.values = Vec::new();
        self.streams.iter_mut().for_each(|(_, number)| *number = ranks[*number as usize]);
        let by_rank = ByRank::new(&self.streams, sorted.len());
        let first_page = values::write(&sorted, |rank| by_rank.streams(rank), sets, output)?;
        let fence = if sorted.len() > VALUES as usize {
            let mut body = Vec::new();
            let firsts = sorted.iter().step_by(VALUES as usize);
            firsts.for_each(|first| array::put_bytes(&mut body, first.as_bytes()));
            output.page(&body)? + 1
        } else {
            0
        };
        array::put_bytes(dictionary, self.name.as_bytes());
        put_u64(dictionary, sorted.len() as u64);
        put_u64(dictionary, u64::from(first_page));
        put_u64(dictionary, u64::from(fence));
        let all: Vec<u32> = self.streams.iter().map(|(ordinal, _)| *ordinal).collect();
        sets.put(dictionary, &all, output)
    }
}

/// The streams of each value, rising.
struct ByRank {
    ordinals: Vec<u32>,
    ends: Vec<u32>,
}

impl ByRank {
    /// Sorts by counting.
    fn new(streams: &[(u32, u32)], values: usize) -> Self {
        let mut ends = vec![0u32; values];
        streams.iter().for_each(|(_, rank)| ends[*rank as usize] += 1);
        let mut total = 0;
        for end in &mut ends {
            // Where the first of this value goes, and in the end where the last one went.
            total += std::mem::replace(end, total);
        }
        let mut ordinals = vec![0u32; streams.len()];
        for (ordinal, rank) in streams {
            let place = &mut ends[*rank as usize];
            ordinals[*place as usize] = *ordinal;
            *place += 1;
        }
        Self { ordinals, ends }
    }

    fn streams(&self, rank: usize) -> &[u32] {
        let start = if rank == 0 { 0 } else { self.ends[rank - 1] };
        &self.ordinals[start as usize..self.ends[rank] as usize]
    }
}

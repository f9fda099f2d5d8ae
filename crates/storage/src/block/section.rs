//! The index of a block as bytes: texts, policies, shapes, streams with chunks, postings.

use super::footer::HEADER_BYTES;
use super::{Context, Place, Stream};
use crate::chunk::Summary;
use crate::error::Damage;
use crate::identity::{Identity, Pair, PolicyId, PolicyName};
use crate::index::{Index, Postings};
use crate::shape::{ColumnDef, Shape};
use codec::cursor::Cursor;
use codec::varint::{put_i64, put_u64};
use hashbrown::HashMap;
use model::{Kind, TimeRange, Timestamp};
use roaring::RoaringBitmap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Tells how a policy is called; none where it was dropped.
pub type Policies<'a> = dyn Fn(PolicyId) -> Option<PolicyName> + 'a;

/// Gathers the index while a block is written.
#[derive(Default)]
pub struct Builder {
    texts: HashMap<Arc<str>, u32>,
    text_bytes: Vec<u8>,
    policies: Vec<PolicyId>,
    shapes: HashMap<*const Shape, u32>,
    /// Kept, so that no other shape gets the address of one in `shapes`.
    kept: Vec<Arc<Shape>>,
    shape_bytes: Vec<u8>,
    stream_bytes: Vec<u8>,
    streams: u32,
    measurements: Postings,
    tags: BTreeMap<Arc<str>, Postings>,
}

impl Builder {
    /// How many streams there are.
    pub fn streams(&self) -> u32 {
        self.streams
    }

    /// Adds a stream with its chunks.
    pub fn add(&mut self, identity: &Identity, shape: &Arc<Shape>, chunks: &[Summary]) {
        let policy = self.policy(identity.policy);
        let key = &identity.key;
        let measurement = self.text(&key.measurement);
        let shape = self.shape(shape);
        let pairs: Vec<_> = key.tags.iter().map(|(n, v)| (self.text(n), self.text(v))).collect();
        let out = &mut self.stream_bytes;
        put_u64(out, u64::from(policy));
        put_u64(out, u64::from(measurement));
        put_u64(out, pairs.len() as u64);
        for (name, value) in pairs {
            put_u64(out, u64::from(name));
            put_u64(out, u64::from(value));
        }
        put_u64(out, u64::from(shape));
        put_u64(out, chunks.len() as u64);
        for chunk in chunks {
            put_u64(out, u64::from(chunk.bytes));
            put_u64(out, u64::from(chunk.directory_bytes));
            put_u64(out, u64::from(chunk.rows));
            put_i64(out, chunk.range.start.0);
            put_u64(out, chunk.range.end.0.wrapping_sub(chunk.range.start.0).cast_unsigned());
        }
        let ordinal = self.streams;
        self.streams += 1;
        self.measurements.entry(key.measurement.clone()).or_default().insert(ordinal);
        for (name, value) in key.tags.iter() {
            let values = self.tags.entry(name.clone()).or_default();
            values.entry(value.clone()).or_default().insert(ordinal);
        }
    }

    fn policy(&mut self, id: PolicyId) -> u32 {
        let known = self.policies.iter().position(|known| *known == id);
        known.unwrap_or_else(|| {
            self.policies.push(id);
            self.policies.len() - 1
        }) as u32
    }

    fn text(&mut self, text: &Arc<str>) -> u32 {
        if let Some(known) = self.texts.get(text) {
            return *known;
        }
        let number = self.texts.len() as u32;
        put_u64(&mut self.text_bytes, text.len() as u64);
        self.text_bytes.extend_from_slice(text.as_bytes());
        self.texts.insert(text.clone(), number);
        number
    }

    fn shape(&mut self, shape: &Arc<Shape>) -> u32 {
        if let Some(known) = self.shapes.get(&Arc::as_ptr(shape)) {
            return *known;
        }
        let number = self.kept.len() as u32;
        put_u64(&mut self.shape_bytes, shape.len() as u64);
        for column in shape.columns() {
            self.shape_bytes.push(column.kind as u8);
            let name = self.text(&column.name);
            put_u64(&mut self.shape_bytes, u64::from(name));
        }
        self.shapes.insert(Arc::as_ptr(shape), number);
        self.kept.push(shape.clone());
        number
    }

    /// The bytes of the index section and of the postings section.
    pub fn finish(self) -> (Vec<u8>, Vec<u8>) {
        let mut postings = Vec::new();
        put_postings(&mut postings, &self.measurements, &self.texts);
        put_u64(&mut postings, self.tags.len() as u64);
        for (name, values) in &self.tags {
            put_u64(&mut postings, u64::from(self.texts[name]));
            put_postings(&mut postings, values, &self.texts);
        }
        let mut index = Vec::new();
        put_u64(&mut index, self.texts.len() as u64);
        index.extend_from_slice(&self.text_bytes);
        put_u64(&mut index, self.policies.len() as u64);
        for policy in &self.policies {
            put_u64(&mut index, u64::from(policy.0));
        }
        put_u64(&mut index, self.kept.len() as u64);
        index.extend_from_slice(&self.shape_bytes);
        put_u64(&mut index, u64::from(self.streams));
        index.extend_from_slice(&self.stream_bytes);
        (index, postings)
    }
}

fn put_postings(out: &mut Vec<u8>, values: &Postings, texts: &HashMap<Arc<str>, u32>) {
    put_u64(out, values.len() as u64);
    for (value, set) in values {
        put_u64(out, u64::from(texts[value]));
        put_u64(out, set.serialized_size() as u64);
        set.serialize_into(&mut *out).expect("memory can be written to");
    }
}

/// An index section that was read.
pub struct Parsed {
    texts: Vec<Arc<str>>,
    /// The policies its streams are of.
    pub policies: Vec<PolicyId>,
    /// Its streams in their order.
    pub streams: Vec<Stream>,
    /// Their chunks in the order of the file.
    pub chunks: Vec<Place>,
    by_policy: Vec<(PolicyName, RoaringBitmap)>,
}

/// Reads an index section.
///
/// # Errors
/// Where it is damaged.
pub fn parse(bytes: &[u8], context: &Context, known: &Policies<'_>) -> Result<Parsed, Damage> {
    let from = &mut Cursor::new(bytes);
    let mut texts: Vec<Arc<str>> = Vec::new();
    for _ in 0..from.varint()? {
        let count = number(from)?;
        let at = from.offset() as u64;
        let text = std::str::from_utf8(from.bytes(count)?);
        texts.push(text.map_err(|_| Damage::new(at, "a text is not UTF-8"))?.into());
    }
    let mut policies = Vec::new();
    for _ in 0..from.varint()? {
        policies.push(PolicyId(number(from)?));
    }
    let mut shapes = Vec::new();
    for _ in 0..from.varint()? {
        shapes.push(parse_shape(from, &texts, context)?);
    }
    let names: Vec<_> = policies.iter().map(|id| known(*id)).collect();
    let mut sets = vec![RoaringBitmap::new(); policies.len()];
    let (mut streams, mut chunks) = (Vec::new(), Vec::new());
    let mut offset = HEADER_BYTES as u64;
    for ordinal in 0..number::<u32>(from)? {
        let policy: usize = number(from)?;
        let name = entry(&names, policy, from)?;
        let identity = parse_identity(from, &texts, name.as_ref(), context)?;
        let shape: usize = number(from)?;
        let shape = entry(&shapes, shape, from)?.clone();
        let first = chunks.len() as u32;
        let count = number(from)?;
        parse_chunks(from, count, &mut offset, &mut chunks)?;
        streams.push(Stream { identity, shape, chunks: (first, count) });
        sets[policy].insert(ordinal);
    }
    from.finish()?;
    let by_policy = names.into_iter().zip(sets).filter_map(|(name, set)| Some((name?, set)));
    Ok(Parsed { texts, policies, streams, chunks, by_policy: by_policy.collect() })
}

fn parse_shape(
    from: &mut Cursor<'_>,
    texts: &[Arc<str>],
    context: &Context,
) -> Result<Arc<Shape>, Damage> {
    let mut columns = Vec::new();
    for _ in 0..from.varint()? {
        let at = from.offset() as u64;
        let kind = Kind::from_u8(from.u8()?)
            .ok_or_else(|| Damage::new(at, "value kind is not known to this version"))?;
        columns.push(ColumnDef { name: text(from, texts)?, kind });
    }
    Ok(context.shapes.intern(&columns))
}

fn parse_identity(
    from: &mut Cursor<'_>,
    texts: &[Arc<str>],
    policy: Option<&PolicyName>,
    context: &Context,
) -> Result<Option<Arc<Identity>>, Damage> {
    let measurement = text(from, texts)?;
    let mut pairs: Vec<Pair> = Vec::new();
    for _ in 0..from.varint()? {
        pairs.push((text(from, texts)?, text(from, texts)?));
    }
    Ok(policy.map(|policy| context.interner.intern(policy, &measurement, &pairs)))
}

fn parse_chunks(
    from: &mut Cursor<'_>,
    count: u32,
    offset: &mut u64,
    chunks: &mut Vec<Place>,
) -> Result<(), Damage> {
    for _ in 0..count {
        let (bytes, directory_bytes, rows) = (number(from)?, number(from)?, number(from)?);
        let start = from.zigzag()?;
        let end = start.wrapping_add(from.varint()?.cast_signed());
        let range = TimeRange::new(Timestamp(start), Timestamp(end));
        let summary = Summary { bytes, directory_bytes, rows, range };
        chunks.push(Place { offset: *offset, summary });
        *offset += u64::from(bytes);
    }
    Ok(())
}

impl Parsed {
    /// The index, together with a postings section.
    ///
    /// # Errors
    /// Where that is damaged.
    pub fn index(&self, bytes: &[u8]) -> Result<Index, Damage> {
        let from = &mut Cursor::new(bytes);
        let measurements = parse_postings(from, &self.texts)?;
        let mut tags = BTreeMap::new();
        for _ in 0..from.varint()? {
            tags.insert(text(from, &self.texts)?, parse_postings(from, &self.texts)?);
        }
        from.finish()?;
        Ok(Index::from_parts(self.by_policy.clone(), measurements, tags))
    }
}

fn parse_postings(from: &mut Cursor<'_>, texts: &[Arc<str>]) -> Result<Postings, Damage> {
    let mut postings = Postings::new();
    for _ in 0..from.varint()? {
        let value = text(from, texts)?;
        let count = number(from)?;
        let at = from.offset() as u64;
        let set = RoaringBitmap::deserialize_from(from.bytes(count)?);
        let set = set.map_err(|error| Damage::new(at, format!("postings: {error}")))?;
        postings.insert(value, set);
    }
    Ok(postings)
}

fn text(from: &mut Cursor<'_>, texts: &[Arc<str>]) -> Result<Arc<str>, Damage> {
    let number: usize = number(from)?;
    entry(texts, number, from).cloned()
}

fn entry<'a, T>(table: &'a [T], at: usize, from: &Cursor<'_>) -> Result<&'a T, Damage> {
    let missing = || Damage::new(from.offset() as u64, format!("entry {at} is not in its table"));
    table.get(at).ok_or_else(missing)
}

fn number<N: TryFrom<u64>>(from: &mut Cursor<'_>) -> Result<N, Damage> {
    let at = from.offset() as u64;
    let number = from.varint()?;
    N::try_from(number).map_err(|_| Damage::new(at, format!("number {number} is too large")))
}

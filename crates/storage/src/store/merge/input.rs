//! One of the blocks that are merged: its streams in their order.

use crate::block::{Block, Lookup, Measurement};
use crate::catalog::State;
use crate::error::Error;
use crate::identity::PolicyId;
use crate::shape::{ColumnDef, Shape};
use crate::stats::Counters;
use crate::tombstone::{Cuts, Hidden};
use model::StreamKey;
use std::cmp::Ordering;
use std::io;
use std::sync::Arc;

/// One of the blocks that are merged.
pub struct Input<'a> {
    /// Which.
    pub block: &'a Block,
    /// Whether something of it is damaged.
    pub is_damaged: bool,
    /// Whether the disk refused to read it.
    pub is_unread: bool,
    hidden: &'a [Hidden],
    look: Option<Lookup<'a>>,
    /// The stream behind `current`.
    next: u32,
    current: Option<Current>,
}

/// Where an input stands.
pub struct Current {
    /// The stream's names.
    pub key: Arc<StreamKey>,
    /// Its policy.
    pub policy: PolicyId,
    /// The hash of its names.
    pub hash: u128,
    /// Which stream of the block it is.
    pub ordinal: u32,
    /// Its measurement there.
    pub measurement: Arc<Measurement>,
    shape_number: u32,
    shape: Arc<Shape>,
    /// Which columns were deleted whole; empty where none was.
    gone: Vec<bool>,
}

impl Current {
    /// What tells streams apart.
    pub fn id(&self) -> (u128, PolicyId) {
        (self.hash, self.policy)
    }

    /// The order of streams in blocks.
    pub fn order(&self, other: &Self) -> Ordering {
        let (a, b) = (&self.key, &other.key);
        (&a.measurement, &a.tags, self.policy).cmp(&(&b.measurement, &b.tags, other.policy))
    }

    /// Its columns that were not deleted, with their places in its shape.
    pub fn columns(&self) -> impl Iterator<Item = (usize, &ColumnDef)> {
        let all = self.shape.columns().iter().enumerate();
        all.filter(|(at, _)| !self.gone.get(*at).is_some_and(|gone| *gone))
    }

    /// The column `ordinal` of its shape.
    pub fn column(&self, ordinal: usize) -> Option<&crate::block::Column> {
        self.measurement.column(self.shape_number, ordinal).map(|(_, column)| column)
    }
}

impl<'a> Input<'a> {
    /// A block before its first stream.
    pub fn new(block: &'a Block, hidden: &'a [Hidden]) -> Self {
        Self {
            block,
            is_damaged: false,
            is_unread: false,
            hidden,
            look: None,
            next: 0,
            current: None,
        }
    }

    /// What is hidden of a column of a stream.
    pub fn cuts<'b>(&self, ordinal: u32, field: &'b str) -> Cuts<'b>
    where
        'a: 'b,
    {
        Cuts::new(self.hidden, ordinal, field)
    }

    /// Where it stands; none behind the last stream. Streams of dropped policies, those
    /// that were deleted and those that are damaged are passed over.
    ///
    /// # Errors
    /// When the disk refuses to read.
    pub fn current(
        &mut self,
        state: &State,
        counters: &Counters,
    ) -> Result<Option<&Current>, Error> {
        while self.current.is_none() && self.next < self.block.streams() {
            let ordinal = self.next;
            self.next += 1;
            match self.read(ordinal, state) {
                Ok(current) => self.current = current,
                Err(error) => self.leave_out(error, counters)?,
            }
        }
        Ok(self.current.as_ref())
    }

    /// The stream where it stands, if it is this one; then it goes on.
    pub fn take(&mut self, id: (u128, PolicyId)) -> Option<Current> {
        self.current.take_if(|current| current.id() == id)
    }

    /// Notes that something of it is damaged and is left out.
    ///
    /// # Errors
    /// `error` itself, where the disk refused to read: the bytes may be sound, so that
    /// nothing may be left out.
    pub fn leave_out(&mut self, error: Error, counters: &Counters) -> Result<(), Error> {
        // A file that is cut short stays so.
        let is_cut = |error: &io::Error| error.kind() == io::ErrorKind::UnexpectedEof;
        if matches!(&error, Error::Io(error) if !is_cut(error)) {
            self.is_unread = true;
            return Err(error);
        }
        self.is_damaged = true;
        counters.corruption();
        tracing::error!(%error, "stored samples are damaged and are left out of a merge");
        Ok(())
    }

    fn read(&mut self, ordinal: u32, state: &State) -> Result<Option<Current>, Error> {
        let look = match &mut self.look {
            Some(look) => look,
            none => none.insert(Lookup::new(self.block)?),
        };
        let stream = look.stream(ordinal)?;
        let policy = look.policy(&stream)?;
        let Some(known) = state.policy(policy) else { return Ok(None) };
        let key = Arc::new(look.key(ordinal, &known.name)?);
        let measurement = look.measurement(stream.common.measurement)?;
        let shape_number = stream.common.shape;
        let shape = measurement.shapes.get(shape_number as usize).map(|(shape, _)| shape.clone());
        let missing = || Error::damaged(self.block.path(), 0, "the shape of a stream is not there");
        let shape = shape.ok_or_else(missing)?;
        let hash = stream.hash;
        let range = stream.range.intersect(&self.block.range);
        let is_gone = |def: &ColumnDef| Cuts::new(self.hidden, ordinal, &def.name).hide(range);
        let gone: Vec<bool> = match self.hidden.is_empty() {
            true => Vec::new(),
            false => shape.columns().iter().map(is_gone).collect(),
        };
        if !gone.is_empty() && gone.iter().all(|gone| *gone) {
            return Ok(None);
        }
        Ok(Some(Current { key, policy, hash, ordinal, measurement, shape_number, shape, gone }))
    }
}

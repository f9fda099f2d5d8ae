//! What is counted about a block's streams without their names.

use super::postings::Set;
use super::streams::STREAMS;
use super::values::VALUES;
use super::{Block, Lookup};
use crate::cardinality::Known;
use crate::error::Error;
use model::TimeRange;

impl Block {
    /// Hands every stream to `each`, and when it has rows, rounded outwards.
    ///
    /// # Errors
    /// When a page is damaged or cannot be read.
    pub fn each_stream(&self, mut each: impl FnMut(Known<'_>, TimeRange)) -> Result<(), Error> {
        let mut look = Lookup::new(self)?;
        for index in 0..self.root.streams.div_ceil(STREAMS) {
            let page = self.streams_in(index)?;
            for (common, run) in page.runs() {
                let one = look.measurement(common.measurement)?;
                let missing = || Error::damaged(self.path(), 0, "a stream's shape is not there");
                let (shape, _) = one.shapes.get(common.shape as usize).ok_or_else(missing)?;
                for at in run.clone() {
                    let stream = page.stream(at);
                    let known = Known {
                        ordinal: index * STREAMS + at as u32,
                        hash: stream.hash,
                        policy: look.policy(&stream)?,
                        measurement: &one.name,
                        shape,
                    };
                    each(known, stream.range);
                }
            }
        }
        Ok(())
    }

    /// Hands name and value of every tag to `each`, with what `weight` says of the streams
    /// that have it added up.
    ///
    /// # Errors
    /// When a page is damaged or cannot be read.
    pub fn each_label(
        &self,
        weight: &dyn Fn(u32) -> u64,
        each: &mut dyn FnMut(&str, &str, u64),
    ) -> Result<(), Error> {
        for tag in &self.dictionary()?.tags {
            for index in 0..tag.values.div_ceil(VALUES) {
                let page = self.values_in(tag, index)?;
                let damaged = |damage| self.damaged_value(tag, index, damage);
                let all: Vec<usize> = (0..page.count).collect();
                let mut sums = Vec::with_capacity(all.len());
                let gathered = page.each_set(&all, |set| {
                    sums.push(match &set {
                        Set::Few(streams) => streams.iter().map(|at| weight(*at)).sum(),
                        other => self.set(other)?.iter().map(weight).sum::<u64>(),
                    });
                    Ok(())
                });
                gathered.map_err(damaged)??;
                page.each(|at, value| each(&tag.name, value, sums[at])).map_err(damaged)?;
            }
        }
        Ok(())
    }
}

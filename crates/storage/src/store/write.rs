//! Rows on their way in: found, staged, applied to the head, logged, synced.

use super::Store;
use crate::catalog::Known;
use crate::head::{Found, Place, Resolver, Scope, Stage};
use crate::identity::Pair;
use crate::options::Options;
use crate::shape::Shape;
use crate::wal::{FrameKind, Ticket, frame};
use model::port::{Kept, Sink, WriteError};
use model::row::{Identify, Identity as Names, Rows};
use model::{Refusal, Refused, Row, Tags, Target, Timestamp, WriteReport};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long a writer waits for a flush to make room.
const ROOM_WAIT_MAX: Duration = Duration::from_secs(1);
/// When a refused writer should come back: a flush takes about this long.
const RETRY_AFTER_SECS: u32 = 5;

impl Sink for Store {
    fn write(&self, target: &Target, rows: &mut dyn Rows) -> Result<WriteReport, WriteError> {
        self.admit()?;
        let (report, tickets) = self.append(target, rows)?;
        for ticket in &tickets {
            self.wal.wait(ticket)?;
        }
        self.counters.written(report.rows, report.values, report.refused_count);
        Ok(report)
    }

    fn begin(&self, target: &Target, rows: &mut dyn Rows, kept: Kept) -> Option<Kept> {
        if !self.has_room() {
            return Some(kept);
        }
        let (report, tickets) = match self.append(target, rows) {
            Ok(appended) => appended,
            Err(error) => {
                kept(Err(error));
                return None;
            }
        };
        let counters = self.counters.clone();
        // Batches are written one after the other: with the last, all are known.
        let last = tickets.last().cloned();
        let tell = move || {
            let failure = tickets.iter().find_map(|ticket| ticket.outcome()?.as_ref().err());
            kept(match failure {
                Some(failure) => Err(failure.clone().into()),
                None => {
                    counters.written(report.rows, report.values, report.refused_count);
                    Ok(report)
                }
            });
        };
        match last {
            Some(last) => last.listen(Box::new(tell)),
            None => tell(),
        }
        None
    }

    fn commit(&self) {
        self.wal.commit();
    }
}

/// What is gathered while the rows of one body are taken in.
struct Body {
    report: WriteReport,
    tickets: Vec<Ticket>,
    stage: Stage,
    /// Shapes of the last streams, by the low bits of their numbers.
    shapes: [Option<Arc<Shape>>; SHAPES_KEPT],
    now: Timestamp,
}

/// After so many rows a large body lets those by who wait for it: they are some milliseconds
/// of work, and ten times that where each is of a new stream.
const ROWS_PER_STINT: usize = 8_192;

/// How many shapes a body keeps at hand: rows of a few measurements take turns.
const SHAPES_KEPT: usize = 16;

/// Which times a policy takes.
struct Bounds {
    known: Arc<Known>,
    first: Timestamp,
    last: Timestamp,
}

impl Store {
    /// Waits until a body may be taken in.
    fn admit(&self) -> Result<(), WriteError> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(WriteError::ShuttingDown);
        }
        self.disk_room.check()?;
        let bytes_max = self.options.head_bytes_max;
        if self.head.bytes() >= bytes_max {
            self.ask_for_flush();
            let until = Instant::now() + ROOM_WAIT_MAX;
            let mut room = self.room.lock();
            while self.head.bytes() >= bytes_max {
                if self.has_room.wait_until(&mut room, until).timed_out() {
                    return Err(WriteError::Overloaded {
                        what: format!("{bytes_max} bytes of rows wait to be written to blocks"),
                        retry_after_secs: RETRY_AFTER_SECS,
                    });
                }
            }
        }
        Ok(self.wal.admit()?)
    }

    /// Whether a body could be taken in just now.
    fn has_room(&self) -> bool {
        !self.is_closed.load(Ordering::Acquire)
            && self.head.bytes() < self.options.head_bytes_max
            && self.wal.has_room()
            && !self.disk_room.is_short()
    }

    /// Takes a body in and appends it to the log; answers what to wait for.
    fn append(
        &self,
        target: &Target,
        rows: &mut dyn Rows,
    ) -> Result<(WriteReport, Vec<Ticket>), WriteError> {
        let mut body = Body {
            report: WriteReport::default(),
            tickets: Vec::new(),
            stage: self.head.stage(),
            shapes: Default::default(),
            now: self.clock.now(),
        };
        let taken_in = self.take_in(target, rows, &mut body);
        let Body { report, tickets, stage, .. } = body;
        self.head.unstage(stage);
        taken_in.map(|()| (report, tickets))
    }

    fn take_in(
        &self,
        target: &Target,
        rows: &mut dyn Rows,
        body: &mut Body,
    ) -> Result<(), WriteError> {
        while self.take_in_some(target, rows, body)? {}
        Ok(())
    }

    /// Takes in a share of a body; answers whether there may be more.
    fn take_in_some(
        &self,
        target: &Target,
        rows: &mut dyn Rows,
        body: &mut Body,
    ) -> Result<bool, WriteError> {
        // From here to the end, no stream leaves its place, and no drop overtakes these rows.
        let _entered = self.head.enter();
        if self.is_closed.load(Ordering::Acquire) {
            return Err(WriteError::ShuttingDown);
        }
        let known = self.catalog.resolve(target, self.options.auto_create_databases)?;
        let bounds = self.bounds(known, body.now);
        let scope = Scope { policy: bounds.known.name.id, dialect: rows.dialect() };
        let identify = rows.identify();
        let mut resolver = self.head.resolver();
        for _ in 0..ROWS_PER_STINT {
            let Some(row) = rows.next_row() else {
                self.commit(body)?;
                return Ok(false);
            };
            let outcome = row.and_then(|row| {
                let staged = self.stage(&row, scope, identify, &bounds, &mut resolver, body);
                staged.map_err(|why| Refused { line: row.line, why })
            });
            match outcome {
                Ok(frame_bytes) if frame_bytes >= frame::PAYLOAD_BYTES_AIM => self.commit(body)?,
                Ok(_) => {}
                Err(refused) => body.report.refuse(refused),
            }
        }
        self.commit(body)?;
        Ok(true)
    }

    /// Stages one row; answers how large its frame is now.
    #[inline]
    fn stage(
        &self,
        row: &Row<'_>,
        scope: Scope,
        identify: Identify,
        bounds: &Bounds,
        resolver: &mut Resolver<'_>,
        body: &mut Body,
    ) -> Result<usize, Refusal> {
        if row.timestamp < bounds.first || row.timestamp > bounds.last {
            return Err(self.refuse_time(row.timestamp, bounds));
        }
        if row.fields.is_empty() {
            let text = String::from_utf8_lossy(row.key).into_owned();
            return Err(Refusal::Malformed { text, reason: "missing fields".to_owned() });
        }
        let place = |names: Names| self.place(bounds, names);
        let found = resolver.find(scope, row.key, identify, place)?;
        let kept = &mut body.shapes[found.shape as usize % SHAPES_KEPT];
        let shape = match kept {
            Some(shape) if shape.id() == found.shape => shape,
            _ => kept.insert(self.head.shape(found.shape)),
        };
        let frame_bytes = match body.stage.push(found.place, shape, row) {
            Some(frame_bytes) => frame_bytes,
            None => self.stage_with_more(&found, row, resolver, &mut body.stage)?,
        };
        body.report.rows += 1;
        body.report.values += row.fields.len() as u64;
        Ok(frame_bytes)
    }

    /// Stages a row with a field that its stream lacks, as far as is known here.
    #[cold]
    fn stage_with_more(
        &self,
        found: &Found,
        row: &Row<'_>,
        resolver: &Resolver<'_>,
        stage: &mut Stage,
    ) -> Result<usize, Refusal> {
        let shape = self.head.gain(found.place, row.fields)?;
        resolver.note_shape(found, shape.id());
        let staged = stage.push(found.place, &shape, row);
        Ok(staged.expect("a stream has the columns it was just given"))
    }

    /// The stream of a spelling that was never seen.
    fn place(&self, bounds: &Bounds, (measurement, tags): Names) -> Result<Place, Refusal> {
        self.check_names(&measurement, &tags)?;
        let policy = &bounds.known.name;
        let pairs: Vec<Pair> = tags.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
        // A new spelling of a stream that is known makes no new series.
        self.head.place(policy, &measurement, &pairs, |streams| {
            // A stream has at least one series, which it has yet to gain.
            let schema = &self.head.schema;
            let more = streams.saturating_sub(schema.series());
            schema.check_room(more + 1)?;
            schema.check_measurement(policy.id, &measurement, 1)
        })
    }

    /// Whether the labels of a new stream are within the limits.
    fn check_names(&self, measurement: &str, tags: &Tags) -> Result<(), Refusal> {
        let Options { labels_max, label_name_bytes_max, label_value_bytes_max, .. } = self.options;
        if tags.len() > labels_max {
            let count = tags.len();
            let limit = format!(
                "limit of {labels_max} labels of a series reached: {measurement:.64?} came with {count}; send fewer, or raise labels_max"
            );
            return Err(Refusal::Limit { name: "labels_max", limit });
        }
        if let Some((name, _)) = tags.iter().find(|(name, _)| name.len() > label_name_bytes_max) {
            let limit = format!(
                "limit of {label_name_bytes_max} bytes of a label's name reached: {name:.64?}… of {measurement:.64?} has {}; shorten it, or raise label_name_bytes_max",
                name.len()
            );
            return Err(Refusal::Limit { name: "label_name_bytes_max", limit });
        }
        let values = tags.iter().map(|(name, value)| (name.as_ref(), value.len()));
        let measurement = ("the measurement", measurement.len());
        let long = values.chain([measurement]).find(|(_, length)| *length > label_value_bytes_max);
        if let Some((name, length)) = long {
            let limit = format!(
                "limit of {label_value_bytes_max} bytes of a label's value reached: that of {name} has {length}; shorten it, or raise label_value_bytes_max"
            );
            return Err(Refusal::Limit { name: "label_value_bytes_max", limit });
        }
        Ok(())
    }

    /// Applies what is staged to the head and logs it.
    fn commit(&self, body: &mut Body) -> Result<(), WriteError> {
        let Body { stage, tickets, now, .. } = body;
        let mut definitions = Vec::new();
        stage.drain(|number, frame| {
            let partition = &self.head.partitions()[usize::from(number)];
            let applied = partition.apply(frame, *now, |frame, define| {
                self.log(number, frame, tickets, &mut definitions, define)
            });
            match applied {
                Ok(grown) => {
                    self.head.grew(grown);
                    Ok(())
                }
                Err(damage) => Err(WriteError::Failed { what: damage.what }),
            }
        })
    }

    /// Logs a frame, with the definitions that the log lacks; answers the segment.
    fn log(
        &self,
        partition: u16,
        frame: &mut [u8],
        tickets: &mut Vec<Ticket>,
        definitions: &mut Vec<u8>,
        define: &mut dyn FnMut(u64, &mut Vec<u8>),
    ) -> u64 {
        let mut made_for = None;
        loop {
            let (segment, run) = self.wal.position();
            if made_for != Some(run) {
                made_for = Some(run);
                frame::finish(frame, FrameKind::Rows, partition, run);
                definitions.clear();
                frame::begin(definitions);
                define(run, definitions);
                if definitions.len() > frame::HEADER_BYTES {
                    frame::finish(definitions, FrameKind::Definitions, partition, run);
                }
            }
            let frames: &[&[u8]] = match definitions.len() > frame::HEADER_BYTES {
                true => &[definitions, frame],
                false => &[frame],
            };
            if let Ok(ticket) = self.wal.append(segment, frames) {
                if tickets.last().is_none_or(|last| !last.is_with(&ticket)) {
                    tickets.push(ticket);
                }
                return segment;
            }
        }
    }

    fn bounds(&self, known: Arc<Known>, now: Timestamp) -> Bounds {
        let retention = known.retention(self.options.retention);
        let first = retention.map_or(Timestamp::EPOCH, |kept| (now - kept).max(Timestamp::EPOCH));
        let last = match (self.options.retention, self.options.future_max) {
            (Some(_), Some(ahead)) => now + ahead,
            _ => Timestamp::MAX,
        };
        Bounds { known, first, last }
    }

    fn refuse_time(&self, at: Timestamp, bounds: &Bounds) -> Refusal {
        let timestamp = at.0;
        if at < Timestamp::EPOCH {
            let limit = format!(
                "timestamp {timestamp} is before 1970-01-01T00:00:00Z, the first that is kept"
            );
            return Refusal::Limit { name: "timestamp_min", limit };
        }
        if at > bounds.last {
            let allowed = self.options.future_max.unwrap_or_default().to_string();
            return Refusal::TooNew { timestamp, allowed };
        }
        let kept = bounds.known.retention(self.options.retention).unwrap_or_default();
        Refusal::TooOld { timestamp, retention: kept.to_string() }
    }
}

//! The protobuf of remote write, read in place.
//!
//! Only what the four messages need: varints, fixed numbers, and bytes with their length.
//! Fields that are not known are passed over, as protobuf wants it; groups, which no known
//! sender writes, are refused.

use crate::Error;

/// A reader that knows where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    /// How far into the whole message `rest` starts.
    offset: usize,
}

/// A value in one of protobuf's encodings.
enum Raw<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(Cursor<'a>),
    Fixed32,
}

/// One sample of a series.
#[derive(Clone, Copy, Debug)]
pub(super) enum Point {
    Sample { value: f64, timestamp_ms: i64 },
    Histogram,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { rest: message, offset: 0 }
    }

    /// The next series of a `WriteRequest`.
    pub(super) fn next_series(&mut self) -> Result<Option<Series<'a>>, Error> {
        while let Some((number, raw)) = self.next_field()? {
            if number == 1 {
                return Ok(Some(Series::new(self.expect_bytes(raw)?)?));
            }
        }
        Ok(None)
    }

    fn broken(&self, what: &'static str) -> Error {
        Error::Protobuf { offset: self.offset, what }
    }

    fn expect_bytes(&self, raw: Raw<'a>) -> Result<Cursor<'a>, Error> {
        match raw {
            Raw::Bytes(bytes) => Ok(bytes),
            _ => Err(self.broken("a field that should have a length has none")),
        }
    }

    /// The next field: its number and its value.
    #[inline]
    fn next_field(&mut self) -> Result<Option<(u64, Raw<'a>)>, Error> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = tag >> 3;
        if number == 0 {
            return Err(self.broken("a field has the number 0"));
        }
        let raw = match tag & 7 {
            0 => Raw::Varint(self.varint()?),
            1 => Raw::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = self.varint()?;
                Raw::Bytes(self.take(length)?)
            }
            5 => {
                let _: [u8; 4] = self.array()?;
                Raw::Fixed32
            }
            _ => return Err(self.broken("a field has an encoding that is not known")),
        };
        Ok(Some((number, raw)))
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Error> {
        // Most numbers are tags and lengths below 128.
        if let Some((first, rest)) = self.rest.split_first()
            && *first < 0x80
        {
            (self.rest, self.offset) = (rest, self.offset + 1);
            return Ok(u64::from(*first));
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Result<u64, Error> {
        let mut value = 0;
        for (at, byte) in self.rest.iter().take(10).enumerate() {
            let bits = u64::from(byte & 0x7f);
            if at == 9 && bits > 1 {
                return Err(self.broken("a number has more than 64 bits"));
            }
            value |= bits << (7 * at);
            if *byte < 0x80 {
                (self.rest, self.offset) = (&self.rest[at + 1..], self.offset + at + 1);
                return Ok(value);
            }
        }
        Err(self.broken("a number does not end"))
    }

    fn take(&mut self, length: u64) -> Result<Cursor<'a>, Error> {
        let split = usize::try_from(length).ok().and_then(|at| self.rest.split_at_checked(at));
        let (taken, rest) = split.ok_or_else(|| self.broken("the message is cut off"))?;
        let taken = Cursor { rest: taken, offset: self.offset };
        (self.rest, self.offset) = (rest, self.offset + taken.rest.len());
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let split = self.rest.split_first_chunk();
        let (taken, rest) = split.ok_or_else(|| self.broken("the message is cut off"))?;
        (self.rest, self.offset) = (rest, self.offset + N);
        Ok(*taken)
    }
}

/// One `TimeSeries`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Series<'a> {
    whole: Cursor<'a>,
    /// What is left to look for points in.
    points: Cursor<'a>,
    /// The label fields, where they stand together.
    key: Option<&'a [u8]>,
}

impl<'a> Series<'a> {
    fn new(whole: Cursor<'a>) -> Result<Self, Error> {
        let mut points = whole;
        let mut key = None;
        // Senders write the labels first; `points` then starts behind them.
        let mut cursor = whole;
        while let Some((number, _)) = cursor.next_field()? {
            if number != 1 {
                break;
            }
            points = cursor;
        }
        let end = points.offset - whole.offset;
        let mut later = points;
        let mut apart = false;
        while let Some((number, _)) = later.next_field()? {
            apart |= number == 1;
        }
        if !apart {
            key = Some(&whole.rest[..end]);
        }
        Ok(Self { whole, points, key })
    }

    /// The label fields as they came, where they stand together.
    pub(super) fn key(&self) -> Option<&'a [u8]> {
        self.key
    }

    /// Calls `each` with every label field, its number and length included.
    pub(super) fn for_each_label(
        &self,
        mut each: impl FnMut(&'a [u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut cursor = self.whole;
        loop {
            let before = cursor;
            let Some((number, raw)) = cursor.next_field()? else { return Ok(()) };
            if number == 1 {
                label(cursor.expect_bytes(raw)?)?;
                each(&before.rest[..cursor.offset - before.offset])?;
            }
        }
    }

    /// The next sample or histogram.
    pub(super) fn next_point(&mut self) -> Result<Option<Point>, Error> {
        while let Some((number, raw)) = self.points.next_field()? {
            match number {
                2 => return Ok(Some(sample(self.points.expect_bytes(raw)?)?)),
                4 => {
                    self.points.expect_bytes(raw)?;
                    return Ok(Some(Point::Histogram));
                }
                _ => {}
            }
        }
        Ok(None)
    }
}

fn sample(mut message: Cursor<'_>) -> Result<Point, Error> {
    let (mut value, mut timestamp_ms) = (0.0, 0);
    while let Some((number, raw)) = message.next_field()? {
        match (number, raw) {
            (1, Raw::Fixed64(bits)) => value = f64::from_bits(bits),
            (2, Raw::Varint(ms)) => timestamp_ms = ms.cast_signed(),
            (1 | 2, _) => return Err(message.broken("a sample's field has another encoding")),
            _ => {}
        }
    }
    Ok(Point::Sample { value, timestamp_ms })
}

/// Name and value of a `Label`, which may be any bytes.
fn label(mut message: Cursor<'_>) -> Result<(&[u8], &[u8]), Error> {
    let (mut name, mut value): (&[u8], &[u8]) = (b"", b"");
    while let Some((number, raw)) = message.next_field()? {
        match number {
            1 => name = message.expect_bytes(raw)?.rest,
            2 => value = message.expect_bytes(raw)?.rest,
            _ => {}
        }
    }
    Ok((name, value))
}

/// Calls `each` with name and value of every label in `key`, as [`Series::key`] gives it.
pub(super) fn for_each_label(key: &[u8], mut each: impl FnMut(&str, &str)) -> Result<(), Error> {
    let mut cursor = Cursor::new(key);
    while let Some((number, raw)) = cursor.next_field()? {
        let message = cursor.expect_bytes(raw)?;
        if number != 1 {
            return Err(message.broken("a key holds labels only"));
        }
        let (name, value) = label(message)?;
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| message.broken("invalid UTF-8"));
        each(text(name)?, text(value)?);
    }
    Ok(())
}

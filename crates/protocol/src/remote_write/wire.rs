//! The protobuf of remote write, read in place.
//!
//! Only what the four messages need: varints, fixed numbers, and bytes with their length.
//! Fields that are not known are passed over, as protobuf wants it; groups, which no known
//! sender writes, are refused.

use crate::Error;

/// A reader inside the whole message, so that where it stands is an offset to tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    /// The message up to where this part of it ends.
    bytes: &'a [u8],
    at: usize,
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

/// What a series in a request starts with: its number 1, and that it has a length.
const SERIES: u8 = 1 << 3 | 2;
/// What a label field of a series starts with.
const LABEL: u8 = 1 << 3 | 2;
/// What a sample of a series starts with.
const SAMPLE: u8 = 2 << 3 | 2;
/// What the value of a sample starts with.
const VALUE: u8 = 1 << 3 | 1;
/// What its time starts with.
const TIME: u8 = 2 << 3;

impl<'a> Cursor<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { bytes: message, at: 0 }
    }

    /// The next series of a `WriteRequest` that has anything in it.
    #[inline]
    pub(super) fn next_series(&mut self) -> Result<Option<Self>, Error> {
        while self.skip_tag(SERIES) {
            let length = self.varint()?;
            let series = self.take(length)?;
            if length > 0 {
                return Ok(Some(series));
            }
        }
        while let Some((number, raw)) = self.next_field()? {
            if number == 1 {
                let series = self.expect_bytes(raw)?;
                if !series.rest().is_empty() {
                    return Ok(Some(series));
                }
            }
        }
        Ok(None)
    }

    fn broken(&self, what: &'static str) -> Error {
        Error::Protobuf { offset: self.at, what }
    }

    fn expect_bytes(&self, raw: Raw<'a>) -> Result<Self, Error> {
        match raw {
            Raw::Bytes(bytes) => Ok(bytes),
            _ => Err(self.broken("a field that should have a length has none")),
        }
    }

    /// What is left.
    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// The next field: its number and its value.
    #[inline]
    fn next_field(&mut self) -> Result<Option<(u64, Raw<'a>)>, Error> {
        if self.at == self.bytes.len() {
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

    /// Steps over a byte, where it is that one: what known senders write is recognised by the
    /// first byte of each field, without a look at what else it could be.
    #[inline]
    fn skip_tag(&mut self, tag: u8) -> bool {
        let is_there = self.bytes.get(self.at) == Some(&tag);
        self.at += usize::from(is_there);
        is_there
    }

    /// Steps over the label fields that stand here.
    #[inline]
    fn skip_labels(&mut self) -> Result<(), Error> {
        // Short ones first: each waits for the length of the one before and for nothing else.
        let (bytes, mut at) = (self.bytes, self.at);
        while let Some([LABEL, length @ 0..0x80]) = bytes.get(at..).and_then(|it| it.first_chunk())
        {
            let end = at + 2 + usize::from(*length);
            if end > bytes.len() {
                break;
            }
            at = end;
        }
        self.at = at;
        while self.skip_tag(LABEL) {
            let length = self.varint()?;
            self.take(length)?;
        }
        Ok(())
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Error> {
        // Most numbers are tags and lengths of one byte, or lengths of two.
        match *self.rest() {
            [first @ 0..0x80, ..] => {
                self.at += 1;
                Ok(u64::from(first))
            }
            [first, second @ 0..0x80, ..] => {
                self.at += 2;
                Ok(u64::from(first & 0x7f) | u64::from(second) << 7)
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Error> {
        let mut value = 0;
        for (count, byte) in self.rest().iter().take(10).enumerate() {
            let bits = u64::from(byte & 0x7f);
            if count == 9 && bits > 1 {
                return Err(self.broken("a number has more than 64 bits"));
            }
            value |= bits << (7 * count);
            if *byte < 0x80 {
                self.at += count + 1;
                return Ok(value);
            }
        }
        Err(self.broken("a number does not end"))
    }

    #[inline]
    fn take(&mut self, length: u64) -> Result<Self, Error> {
        let left = self.bytes.len() - self.at;
        if length > left as u64 {
            return Err(self.broken("the message is cut off"));
        }
        let end = self.at + length as usize;
        let taken = Self { bytes: &self.bytes[..end], at: self.at };
        self.at = end;
        Ok(taken)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let array = self.rest().first_chunk();
        let array = *array.ok_or_else(|| self.broken("the message is cut off"))?;
        self.at += N;
        Ok(array)
    }

    /// The next sample or histogram of a series.
    #[inline]
    pub(super) fn next_point(&mut self) -> Result<Option<Point>, Error> {
        if self.skip_tag(SAMPLE) {
            let length = self.varint()?;
            return Ok(Some(sample(self.take(length)?)?));
        }
        while let Some((number, raw)) = self.next_field()? {
            match number {
                2 => return Ok(Some(sample(self.expect_bytes(raw)?)?)),
                4 => {
                    self.expect_bytes(raw)?;
                    return Ok(Some(Point::Histogram));
                }
                _ => {}
            }
        }
        Ok(None)
    }
}

/// How many bytes of a series are its labels, where these come first and together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Labels(u32);

impl Labels {
    /// They stand apart from each other.
    const APART: Self = Self(u32::MAX);

    /// How many bytes they take, where they stand together.
    pub(super) fn length(self) -> Option<usize> {
        (self != Self::APART).then_some(self.0 as usize)
    }
}

/// Looks through a series once: every field of it is well formed after that. What stands
/// inside a label is left to who reads it.
#[inline]
pub(super) fn survey(series: Cursor<'_>) -> Result<Labels, Error> {
    let mut cursor = series;
    cursor.skip_labels()?;
    // What is too long for the number is gathered, as if it stood apart.
    let mut labels = u32::try_from(cursor.at - series.at).map_or(Labels::APART, Labels);
    while cursor.skip_tag(SAMPLE) {
        let length = cursor.varint()?;
        sample(cursor.take(length)?)?;
    }
    while let Some((number, raw)) = cursor.next_field()? {
        match number {
            1 => {
                cursor.expect_bytes(raw)?;
                labels = Labels::APART;
            }
            2 => drop(sample(cursor.expect_bytes(raw)?)?),
            4 => drop(cursor.expect_bytes(raw)?),
            _ => {}
        }
    }
    Ok(labels)
}

/// Parts a series whose first `length` bytes are its labels: these, and where its points are.
#[inline]
pub(super) fn part(series: Cursor<'_>, length: usize) -> (&[u8], Cursor<'_>) {
    let at = series.at + length;
    (&series.bytes[series.at..at], Cursor { at, ..series })
}

/// Appends every label field of a series, its number and length included.
pub(super) fn gather_labels(series: Cursor<'_>, into: &mut Vec<u8>) -> Result<(), Error> {
    let mut cursor = series;
    loop {
        let before = cursor.at;
        let Some((number, _)) = cursor.next_field()? else { return Ok(()) };
        if number == 1 {
            into.extend_from_slice(&series.bytes[before..cursor.at]);
        }
    }
}

#[inline]
fn sample(mut message: Cursor<'_>) -> Result<Point, Error> {
    // Every known sender writes both fields, in their order.
    if let Some((head, time)) = message.rest().split_first_chunk::<10>()
        && let [VALUE, v0, v1, v2, v3, v4, v5, v6, v7, TIME] = *head
        && let Some(ms) = whole_varint(time)
    {
        let value = f64::from_le_bytes([v0, v1, v2, v3, v4, v5, v6, v7]);
        return Ok(Point::Sample { value, timestamp_ms: ms.cast_signed() });
    }
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

/// The number that `bytes` are, where they are one of at most nine bytes and nothing else.
#[inline]
fn whole_varint(bytes: &[u8]) -> Option<u64> {
    let (last, before) = bytes.split_last()?;
    if bytes.len() > 9 || *last >= 0x80 {
        return None;
    }
    let mut value = u64::from(*last);
    let mut is_one = true;
    for byte in before.iter().rev() {
        is_one &= *byte >= 0x80;
        value = value << 7 | u64::from(byte & 0x7f);
    }
    is_one.then_some(value)
}

/// Name and value of a `Label`, which may be any bytes.
fn label(mut message: Cursor<'_>) -> Result<(&[u8], &[u8]), Error> {
    let (mut name, mut value): (&[u8], &[u8]) = (b"", b"");
    while let Some((number, raw)) = message.next_field()? {
        match number {
            1 => name = message.expect_bytes(raw)?.rest(),
            2 => value = message.expect_bytes(raw)?.rest(),
            _ => {}
        }
    }
    Ok((name, value))
}

/// Calls `each` with name and value of every label in `key`, which holds label fields.
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

//! Bytes that version 1 wrote must decode for ever, and change only on purpose.
//!
//! `compat/v1.txt` holds one line a case: kind, name, count of values, the bytes in hex. The
//! values of a case are made here; the encoder takes its time for those whose name begins with
//! `cold`. A line is never edited: where an encoder learns
//! to write something shorter, the old line stays as a case that is only decoded, and the new
//! bytes get a line of their own.

use codec::{Effort, bools, floats, integers, strings, timestamps};

const FIXTURES: &str = include_str!("compat/v1.txt");

/// The values of one case.
#[derive(Clone, Debug, PartialEq)]
enum Values {
    Integers(Vec<i64>),
    Timestamps(Vec<i64>),
    /// Bit patterns, since NaN equals nothing.
    Floats(Vec<u64>),
    Bools(Vec<bool>),
    Strings(Vec<Vec<u8>>),
}

impl Values {
    fn kind(&self) -> &'static str {
        match self {
            Self::Integers(_) => "integers",
            Self::Timestamps(_) => "timestamps",
            Self::Floats(_) => "floats",
            Self::Bools(_) => "bools",
            Self::Strings(_) => "strings",
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Integers(values) | Self::Timestamps(values) => values.len(),
            Self::Floats(values) => values.len(),
            Self::Bools(values) => values.len(),
            Self::Strings(values) => values.len(),
        }
    }

    fn encode(&self, effort: Effort) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Integers(values) => {
                integers::Encoder::with_effort(effort).encode(values, &mut out);
            }
            Self::Timestamps(values) => {
                timestamps::Encoder::with_effort(effort).encode(values, &mut out);
            }
            Self::Floats(bits) => {
                let values: Vec<f64> = bits.iter().copied().map(f64::from_bits).collect();
                floats::Encoder::with_effort(effort).encode(&values, &mut out);
            }
            Self::Bools(values) => bools::encode(values, &mut out),
            Self::Strings(values) => strings::encode(values.iter().map(Vec::as_slice), &mut out),
        }
        out
    }

    fn decode(kind: &str, count: usize, bytes: &[u8]) -> Result<Self, codec::Error> {
        Ok(match kind {
            "integers" | "timestamps" => {
                let mut out = Vec::new();
                if kind == "integers" {
                    integers::decode(bytes, count, &mut out)?;
                    Self::Integers(out)
                } else {
                    timestamps::decode(bytes, count, &mut out)?;
                    Self::Timestamps(out)
                }
            }
            "floats" => {
                let mut out = Vec::new();
                floats::decode(bytes, count, &mut out)?;
                Self::Floats(out.into_iter().map(f64::to_bits).collect())
            }
            "bools" => {
                let mut out = Vec::new();
                bools::decode(bytes, count, &mut out)?;
                Self::Bools(out)
            }
            "strings" => {
                let mut out = Vec::new();
                strings::decode(bytes, count, |entry| out.push(entry.to_vec()))?;
                Self::Strings(out)
            }
            other => panic!("a fixture of unknown kind {other}"),
        })
    }
}

/// Integers of a fixed texture.
fn integers(count: i64, of: impl Fn(i64) -> i64) -> Values {
    Values::Integers((0..count).map(of).collect())
}

fn floats(count: u32, of: impl Fn(f64) -> f64) -> Values {
    Values::Floats((0..count).map(|index| of(f64::from(index)).to_bits()).collect())
}

/// The finaliser of splitmix64: bits without a pattern.
fn noise(index: i64) -> i64 {
    let mut bits = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ (bits >> 31)) as i64
}

/// Numbers without a pattern, of which small ones are the commonest.
fn skewed(index: i64) -> i64 {
    let bits = noise(index);
    i64::from(bits.leading_zeros() * bits.trailing_zeros()) - (bits >> 32 & 1)
}

/// Every case, by its name.
fn cases() -> Vec<(&'static str, Values)> {
    const START: i64 = 1_700_000_000_000_000_000;
    let strange = [0x7ff0_0000_0000_0002, 0x7ff8_0000_0000_0000, 1 << 63, 1, u64::MAX, 0];
    let entries = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    vec![
        ("empty", integers(0, |i| i)),
        ("constant", integers(500, |_| -77)),
        ("linear", integers(500, |i| 100 - 3 * i)),
        ("runs", integers(500, |i| if (100..130).contains(&i) { 7 } else { 1_000_000 })),
        ("frame", integers(150, |i| 40 + (noise(i) >> 59))),
        ("frame-divisor", integers(40, |i| -9 + 4096 * (noise(i) >> 60 & 15))),
        ("frame-wide", integers(130, |i| noise(i) >> 24)),
        ("delta", integers(150, |i| i * 1000 + (noise(i) >> 61))),
        ("patched", integers(150, |i| noise(i) >> if i % 60 == 9 { 40 } else { 61 })),
        ("raw", integers(20, noise)),
        ("cold-level", integers(150, |i| 70 + skewed(i))),
        ("cold-leaky", integers(190, |i| (i - 95).pow(2) / 400 + skewed(i))),
        ("cold-delta", integers(150, |i| (0..=i).map(skewed).sum())),
        ("cold-rate", integers(150, |i| i.pow(3) / 20 + skewed(i))),
        ("cold-wide", integers(150, |i| i * 7_000_000_000_000_000 + (skewed(i) << 56))),
        (
            "cold-grid",
            Values::Timestamps(
                (0..150).map(|i| START + i * 10_000_000_000 + skewed(i) * 1_000_000).collect(),
            ),
        ),
        ("cold-decimals", floats(150, |x| (skewed(x as i64) as f64 + 350.0) / 10.0)),
        (
            "grid",
            Values::Timestamps(
                (0..140)
                    .map(|i| START + i * 10_000_000_000 + (noise(i) >> 61) * 1_000_000)
                    .collect(),
            ),
        ),
        ("exact", Values::Timestamps((0..140).map(|i| START + i * 10_000_000_000).collect())),
        ("quotient", floats(40, |x| (x * x % 37.0) / 10.0)),
        ("product", floats(40, |x| (x * x % 37.0 + 1.0) * 0.001)),
        ("thousandths", floats(40, |x| (x * x * 777.0 + 1.0) / 1e3 / 1e3)),
        ("exceptions", floats(140, |x| if x % 50.0 == 3.0 { f64::NAN } else { x * x % 17.0 })),
        ("whole", floats(20, |x| x * x * 3e15)),
        ("f32", floats(20, |x| f64::from(1.0 / (x as f32 + 3.0)))),
        ("f32-decimal", floats(40, |x| f64::from(((x * x % 37.0) / 10.0) as f32))),
        (
            "f32-gap",
            floats(40, |x| if x == 7.0 { f64::NAN } else { f64::from((x as f32).sqrt() - 3.0) }),
        ),
        ("bits", floats(20, |x| 1.0 / (x + 3.0))),
        ("strange", Values::Floats(strange.to_vec())),
        ("false", Values::Bools(vec![false; 9])),
        ("true", Values::Bools(vec![true; 9])),
        ("bitmap", Values::Bools((0..21).map(|i| i % 3 == 1).collect())),
        ("runs-false", Values::Bools((0..99).map(|i| i > 40).collect())),
        ("runs-true", Values::Bools((0..99).map(|i| i <= 40).collect())),
        ("plain", Values::Strings(entries(&["", "one", "two", "three"]))),
        ("dictionary", Values::Strings(entries(&["up", "down", "up", "up", "down", "up"]))),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("fixtures are in hex");
    (0..text.len()).step_by(2).map(digit).collect()
}

#[test]
fn bytes_of_version_1_decode() {
    let cases = cases();
    let lines = FIXTURES.lines().filter(|line| !line.starts_with('#'));
    for line in lines.clone() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [kind, name, count, bytes] = fields[..] else { panic!("four fields: {line}") };
        let expected = cases.iter().find(|(n, values)| *n == name && values.kind() == kind);
        let (_, expected) = expected.unwrap_or_else(|| panic!("{kind} {name} has no values here"));
        let count = count.parse().expect("a count");
        let decoded = Values::decode(kind, count, &unhex(bytes));
        assert_eq!(decoded.as_ref(), Ok(expected), "{kind} {name}");
    }
    assert!(lines.count() >= cases.len(), "every case has a fixture");
}

#[test]
fn encoders_write_what_is_recorded() {
    let mut unknown = Vec::new();
    for (name, values) in cases() {
        let effort = if name.starts_with("cold") { Effort::Cold } else { Effort::Hot };
        let bytes = hex(&values.encode(effort));
        let line = format!("{} {name} {} {bytes}", values.kind(), values.len());
        if !FIXTURES.lines().any(|recorded| recorded == line) {
            unknown.push(line);
        }
    }
    assert!(
        unknown.is_empty(),
        "the encoder writes bytes that are not recorded. If that is on purpose, and FORMAT.md \
         says so, add these lines to compat/v1.txt and leave the old ones:\n{}",
        unknown.join("\n")
    );
}

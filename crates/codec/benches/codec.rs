//! What the codec costs: time to encode and decode a sample, and bytes it takes.
//!
//! `cargo bench -p barograph-codec` prints one line for each shape of data, generated here
//! from a fixed seed. A file of doubles of one's own, `i64 count of samples a series` and then
//! the doubles of series after series, all little endian, can be named in `CODEC_BENCH_FILE`.

use codec::floats::{Encoder, Scratch, Values, decode_into};
use std::hint::black_box;
use std::time::Instant;

/// Samples in a window: five minutes at ten seconds.
const WINDOW: usize = 30;
/// Samples in a chunk: six hours at ten seconds, as facts about hot chunks are measured.
const CHUNK: usize = 2160;
/// Chunks of each shape.
const CHUNKS: usize = 200;
/// Rounds of which the fastest counts.
const ROUNDS: usize = 5;

/// A shape: a name, and the chunks.
type Shape = (&'static str, Vec<Vec<f64>>);

fn main() {
    println!("{:<26}{:>12}{:>12}{:>16}", "values", "encode ns", "decode ns", "bytes/sample");
    for (name, chunks) in shapes() {
        measure_floats(name, &chunks);
    }
    if let Ok(path) = std::env::var("CODEC_BENCH_FILE") {
        measure_floats("file", &read_file(&path));
    }
    println!(
        "\n{:<26}{:>12}{:>12}{:>16}",
        format!("sums of {WINDOW}"),
        "floats ns",
        "values ns",
        "of 1e-16"
    );
    for (name, chunks) in shapes() {
        measure_sums(name, &chunks);
    }
    println!("\n{:<26}{:>12}{:>12}{:>16}", "timestamps", "encode ns", "decode ns", "bytes/sample");
    for (name, chunks) in timestamps() {
        measure_timestamps(name, &chunks);
    }
}

fn measure_floats(name: &str, chunks: &[Vec<f64>]) {
    let mut encoder = Encoder::new();
    let mut back = Vec::new();
    report(
        name,
        chunks,
        |values, out| encoder.encode(values, out),
        |bytes, count| {
            codec::floats::decode(bytes, count, &mut back).expect("what was encoded decodes");
            black_box(&back);
        },
    );
}

/// Decoding and summing windows: doubles with compensation against [`Values`], and how far
/// apart the sums are at most, relatively.
fn measure_sums(name: &str, chunks: &[Vec<f64>]) {
    let encoded = chunks.iter().map(|values| {
        let mut bytes = Vec::new();
        Encoder::new().encode(values, &mut bytes);
        (bytes, values.len())
    });
    let encoded: Vec<(Vec<u8>, usize)> = encoded.collect();
    let (mut sums, mut rival_sums) = (Vec::new(), Vec::new());
    let mut back = Vec::new();
    let floats_ns = fastest(|| {
        sums.clear();
        for (bytes, count) in &encoded {
            codec::floats::decode(bytes, *count, &mut back).expect("what was encoded decodes");
            sums.extend(back.chunks(WINDOW).map(compensated_sum));
        }
        black_box(&sums);
    });
    let mut scratch = Scratch::default();
    let values_ns = fastest(|| {
        rival_sums.clear();
        for (bytes, count) in &encoded {
            match decode_into(bytes, *count, &mut scratch).expect("what was encoded decodes") {
                Values::Floats(floats) => {
                    rival_sums.extend(floats.chunks(WINDOW).map(compensated_sum));
                }
                Values::Scaled(scaled) => {
                    let windows = (0..*count).step_by(WINDOW);
                    let sum = |start: usize| scaled.sum(start..(start + WINDOW).min(*count));
                    rival_sums.extend(windows.map(sum));
                }
            }
        }
        black_box(&rival_sums);
    });
    let samples: usize = encoded.iter().map(|(_, count)| count).sum();
    let apart = sums.iter().zip(&rival_sums).map(|(a, b)| ((a - b) / a).abs());
    println!(
        "{name:<26}{:>12.2}{:>12.2}{:>16.2}",
        floats_ns / samples as f64,
        values_ns / samples as f64,
        apart.fold(0.0, f64::max) * 1e16,
    );
}

/// Neumaier's sum, as accumulators take it.
fn compensated_sum(values: &[f64]) -> f64 {
    let (mut sum, mut compensation) = (0.0f64, 0.0);
    for &value in values {
        let total = sum + value;
        let (large, small) = if sum.abs() >= value.abs() { (sum, value) } else { (value, sum) };
        compensation += (large - total) + small;
        sum = total;
    }
    sum + compensation
}

fn measure_timestamps(name: &str, chunks: &[Vec<i64>]) {
    let mut back = Vec::new();
    report(name, chunks, codec::timestamps::encode, |bytes, count| {
        codec::timestamps::decode(bytes, count, &mut back).expect("what was encoded decodes");
        black_box(&back);
    });
}

fn report<T>(
    name: &str,
    chunks: &[Vec<T>],
    mut encode: impl FnMut(&[T], &mut Vec<u8>),
    mut decode: impl FnMut(&[u8], usize),
) {
    let samples: usize = chunks.iter().map(Vec::len).sum();
    let mut encoded = Vec::new();
    let encode_ns = fastest(|| {
        encoded.clear();
        for values in chunks {
            let mut bytes = Vec::with_capacity(values.len() * 9);
            encode(values, &mut bytes);
            encoded.push(bytes);
        }
    });
    let decode_ns = fastest(|| {
        for (bytes, values) in encoded.iter().zip(chunks) {
            decode(bytes, values.len());
        }
    });
    let bytes: usize = encoded.iter().map(Vec::len).sum();
    println!(
        "{name:<26}{:>12.2}{:>12.2}{:>16.4}",
        encode_ns / samples as f64,
        decode_ns / samples as f64,
        bytes as f64 / samples as f64,
    );
}

fn fastest(mut run: impl FnMut()) -> f64 {
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed().as_nanos() as f64
    };
    (0..ROUNDS).map(time).fold(f64::INFINITY, f64::min)
}

/// xorshift64*, and normal deviates as sums of uniform ones.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

fn rounded(value: f64, digits: i32) -> f64 {
    (value * 10f64.powi(digits)).round() / 10f64.powi(digits)
}

fn series(random: &mut Random, mut next: impl FnMut(&mut Random) -> f64) -> Vec<f64> {
    (0..CHUNK).map(|_| next(random)).collect()
}

fn shapes() -> Vec<Shape> {
    let mut random = Random(0x0bad_5eed);
    let mut each = |make: &dyn Fn(&mut Random, usize) -> Vec<f64>| -> Vec<Vec<f64>> {
        (0..CHUNKS).map(|index| make(&mut random, index)).collect()
    };
    vec![
        (
            "integer walk 0..100",
            each(&|random, _| {
                let mut at = random.uniform() * 100.0;
                series(random, |r| {
                    at = (at + r.normal()).clamp(0.0, 100.0);
                    at.trunc()
                })
            }),
        ),
        (
            "cpu %, one decimal",
            each(&|random, _| {
                let mut level = 5.0 + random.uniform() * 90.0;
                series(random, |r| {
                    level = (level + 0.05 * r.normal()).clamp(2.0, 98.0);
                    rounded((level + r.normal()).clamp(0.0, 100.0), 1)
                })
            }),
        ),
        (
            "gauge, 2 to 6 decimals",
            each(&|random, index| {
                let mut at = 20.0 + 100.0 * random.uniform();
                series(random, |r| {
                    at += 0.3 * r.normal();
                    rounded(at, 2 + (index % 5) as i32)
                })
            }),
        ),
        (
            "integer counter",
            each(&|random, _| {
                let rate = 10f64.powf(random.uniform() * 4.0 + 0.5);
                let (mut level, mut total) = (1.0f64, (random.uniform() * 1e9).floor());
                series(random, |r| {
                    level = (level + 0.02 * r.normal()).clamp(0.3, 3.0);
                    let mean = rate * level;
                    total += (mean + (mean.sqrt() + 0.05 * mean) * r.normal()).max(0.0).round();
                    total
                })
            }),
        ),
        (
            "cpu seconds, 2 decimals",
            each(&|random, _| {
                let (mut ticks, busy) = ((random.uniform() * 1e7).floor(), random.uniform());
                series(random, |r| {
                    ticks += (1000.0 * (busy * busy + 0.02 * r.normal()).clamp(0.0, 1.0)).round();
                    ticks / 100.0
                })
            }),
        ),
        (
            "mostly constant",
            each(&|random, index| {
                let mut value = (random.uniform() * 1e4).floor();
                series(random, |r| {
                    if index % 10 > 6 && r.uniform() < 0.002 {
                        value = (r.uniform() * 1e4).floor();
                    }
                    value
                })
            }),
        ),
        (
            "full entropy walk",
            each(&|random, _| {
                let mut at = 100.0 * random.uniform();
                series(random, |r| {
                    at += r.normal();
                    at
                })
            }),
        ),
        (
            "walk born as f32",
            each(&|random, _| {
                let mut at = 100.0 * random.uniform();
                series(random, |r| {
                    at += r.normal();
                    f64::from(at as f32)
                })
            }),
        ),
        ("noise", each(&|random, _| series(random, |r| f64::from_bits(r.uniform().to_bits() * 3)))),
    ]
}

fn timestamps() -> Vec<(&'static str, Vec<Vec<i64>>)> {
    const START: i64 = 1_700_000_000_000_000_000;
    let mut random = Random(0x0715_e5ca);
    let mut each = |mut next: &mut dyn FnMut(&mut Random, i64) -> i64| -> Vec<Vec<i64>> {
        let next = &mut next;
        (0..CHUNKS)
            .map(|_| (0..CHUNK as i64).map(|index| START + next(&mut random, index)).collect())
            .collect()
    };
    let mut skipped = 0;
    vec![
        ("every 10 s", each(&mut |_, index| index * 10_000_000_000)),
        (
            "10 s with gaps",
            each(&mut |r, index| {
                skipped += i64::from(r.uniform() < 0.01);
                (index + skipped) * 10_000_000_000
            }),
        ),
        (
            "10 s and up to 4 ms, in ms",
            each(&mut |r, index| index * 10_000_000_000 + (r.uniform() * 8.0) as i64 * 1_000_000),
        ),
        (
            "10 s and up to 4 ms, in ns",
            each(&mut |r, index| index * 10_000_000_000 + (r.uniform() * 8e6) as i64),
        ),
    ]
}

fn read_file(path: &str) -> Vec<Vec<f64>> {
    let bytes = std::fs::read(path).expect("CODEC_BENCH_FILE can be read");
    let (count, doubles) = bytes.split_at(8);
    let count = u64::from_le_bytes(count.try_into().expect("eight bytes")) as usize;
    let doubles: Vec<f64> =
        doubles.as_chunks().0.iter().map(|double| f64::from_le_bytes(*double)).collect();
    doubles.chunks(count).flat_map(|series| series.chunks(CHUNK)).map(<[f64]>::to_vec).collect()
}

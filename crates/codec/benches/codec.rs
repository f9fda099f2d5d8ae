//! What the codec costs: time to encode and decode a sample, and bytes it takes.
//!
//! `cargo bench -p barograph-codec` prints one line for each shape of data, generated here
//! from a fixed seed (`-- noise` those with that word in their name only): hot and in chunks of 2,048, cold and in chunks of 8,192. Metrics of a
//! real host can be named in `CODEC_BENCH_FILE`: a count of series and one of samples in
//! each as u32, a timestamp of each sample as i64, and the doubles of series after series,
//! all little endian.

use codec::Effort;
use codec::floats::{Encoder, Scratch, Values, decode_into};
use std::hint::black_box;
use std::time::Instant;

/// Samples in a window: five minutes at ten seconds.
const WINDOW: usize = 30;
/// Samples in a hot chunk.
const HOT_CHUNK: usize = 2048;
/// Samples in a cold chunk.
const COLD_CHUNK: usize = 8192;
/// Samples in a series.
const SAMPLES: usize = COLD_CHUNK;
/// Series of each shape.
const SERIES: usize = 50;
/// The staleness marker of Prometheus.
const STALE: u64 = 0x7ff0_0000_0000_0002;
/// Rounds of which the fastest counts.
const ROUNDS: usize = 9;

/// A shape: a name, and series.
type Shape = (&'static str, Vec<Vec<f64>>);

fn main() {
    let mut shapes = shapes();
    if let Ok(path) = std::env::var("CODEC_BENCH_FILE") {
        shapes.push(("file", read_file(&path)));
    }
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let is_wanted = |name: &str| wanted.as_ref().is_none_or(|wanted| name.contains(wanted));
    shapes.retain(|(name, _)| is_wanted(name));
    for effort in [Effort::Hot, Effort::Cold] {
        heading(&format!("values, {effort:?}"), ["encode ns", "decode ns", "bytes/sample"]);
        for (name, series) in &shapes {
            measure_floats(name, series, effort);
        }
    }
    for effort in [Effort::Hot, Effort::Cold] {
        let title = format!("sums of {WINDOW}, {effort:?}");
        heading(&title, ["floats ns", "values ns", "off by 1e-16"]);
        for (name, series) in &shapes {
            measure_sums(name, series, effort);
        }
    }
    for effort in [Effort::Hot, Effort::Cold] {
        heading(&format!("timestamps, {effort:?}"), ["encode ns", "decode ns", "bytes/sample"]);
        for (name, series) in timestamps().into_iter().filter(|(name, _)| is_wanted(name)) {
            measure_timestamps(name, &series, effort);
        }
    }
}

fn heading(title: &str, columns: [&str; 3]) {
    println!("\n{title:<26}{:>12}{:>12}{:>16}", columns[0], columns[1], columns[2]);
}

/// The chunks that series are cut into.
fn chunks<T>(series: &[Vec<T>], effort: Effort) -> Vec<&[T]> {
    let len = if effort == Effort::Hot { HOT_CHUNK } else { COLD_CHUNK };
    series.iter().flat_map(|samples| samples.chunks(len)).collect()
}

fn measure_floats(name: &str, series: &[Vec<f64>], effort: Effort) {
    let mut encoder = Encoder::with_effort(effort);
    let mut back = Vec::new();
    report(
        name,
        &chunks(series, effort),
        |values, out| encoder.encode(values, out),
        |bytes, count| {
            codec::floats::decode(bytes, count, &mut back).expect("what was encoded decodes");
            black_box(&back);
        },
    );
}

/// Decoding and summing windows: doubles with compensation against [`Values`], and how far
/// apart the sums are at most, relatively.
fn measure_sums(name: &str, series: &[Vec<f64>], effort: Effort) {
    let mut encoder = Encoder::with_effort(effort);
    let encoded = chunks(series, effort).into_iter().map(|values| {
        let mut bytes = Vec::new();
        encoder.encode(values, &mut bytes);
        (bytes, values.len())
    });
    let encoded: Vec<(Vec<u8>, usize)> = encoded.collect();
    let mut sums = vec![Vec::new(); encoded.len()];
    let mut rival_sums = sums.clone();
    let mut back = Vec::new();
    let floats_ns = fastest(encoded.len(), |at| {
        let (bytes, count) = &encoded[at];
        codec::floats::decode(bytes, *count, &mut back).expect("what was encoded decodes");
        sums[at].clear();
        sums[at].extend(back.chunks(WINDOW).map(compensated_sum));
    });
    let mut scratch = Scratch::default();
    let values_ns = fastest(encoded.len(), |at| {
        let (bytes, count) = &encoded[at];
        let out = &mut rival_sums[at];
        out.clear();
        match decode_into(bytes, *count, &mut scratch).expect("what was encoded decodes") {
            Values::Floats(floats) => out.extend(floats.chunks(WINDOW).map(compensated_sum)),
            Values::Scaled(scaled) => {
                let windows = (0..*count).step_by(WINDOW);
                let sum = |start: usize| scaled.sum(start..(start + WINDOW).min(*count));
                out.extend(windows.map(sum));
            }
        }
    });
    let samples: usize = encoded.iter().map(|(_, count)| count).sum();
    let apart =
        sums.iter().flatten().zip(rival_sums.iter().flatten()).map(|(a, b)| ((a - b) / a).abs());
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

fn measure_timestamps(name: &str, series: &[Vec<i64>], effort: Effort) {
    let mut encoder = codec::timestamps::Encoder::with_effort(effort);
    let mut back = Vec::new();
    report(
        name,
        &chunks(series, effort),
        |timestamps, out| encoder.encode(timestamps, out),
        |bytes, count| {
            codec::timestamps::decode(bytes, count, &mut back).expect("what was encoded decodes");
            black_box(&back);
        },
    );
}

fn report<T>(
    name: &str,
    chunks: &[&[T]],
    mut encode: impl FnMut(&[T], &mut Vec<u8>),
    mut decode: impl FnMut(&[u8], usize),
) {
    let samples: usize = chunks.iter().map(|chunk| chunk.len()).sum();
    let mut encoded = vec![Vec::new(); chunks.len()];
    let encode_ns = fastest(chunks.len(), |at| {
        encoded[at].clear();
        encode(chunks[at], &mut encoded[at]);
    });
    let decode_ns = fastest(chunks.len(), |at| decode(&encoded[at], chunks[at].len()));
    let bytes: usize = encoded.iter().map(Vec::len).sum();
    println!(
        "{name:<26}{:>12.2}{:>12.2}{:>16.4}",
        encode_ns / samples as f64,
        decode_ns / samples as f64,
        bytes as f64 / samples as f64,
    );
}

/// The time of work on `chunks` chunks: of each, the fastest of all rounds, so that it is
/// not the neighbours on this machine that are measured.
fn fastest(chunks: usize, mut work: impl FnMut(usize)) -> f64 {
    let mut least = vec![f64::INFINITY; chunks];
    for _ in 0..ROUNDS {
        for (chunk, least) in least.iter_mut().enumerate() {
            let start = Instant::now();
            work(chunk);
            *least = least.min(start.elapsed().as_nanos() as f64);
        }
    }
    least.iter().sum()
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
    (0..SAMPLES).map(|_| next(random)).collect()
}

fn shapes() -> Vec<Shape> {
    let mut random = Random(0x0bad_5eed);
    let mut each = |make: &dyn Fn(&mut Random, usize) -> Vec<f64>| -> Vec<Vec<f64>> {
        (0..SERIES).map(|index| make(&mut random, index)).collect()
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
            "octet counter",
            each(&|random, _| {
                let rate = 10f64.powf(random.uniform() * 3.0 + 8.0);
                let (mut level, mut total) = (1.0f64, (random.uniform() * 1e14).floor());
                series(random, |r| {
                    level = (level + 0.02 * r.normal()).clamp(0.3, 3.0);
                    total += (rate * level * (1.0 + 0.1 * r.normal())).max(0.0).round();
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
        (
            "the same with gaps",
            each(&|random, _| {
                let mut at = 100.0 * random.uniform();
                series(random, |r| {
                    at += r.normal();
                    let is_gap = r.uniform() < 0.002;
                    if is_gap { f64::from_bits(STALE) } else { f64::from(at as f32) }
                })
            }),
        ),
        (
            "one decimal, as f32",
            each(&|random, _| {
                let mut level = 20.0 + 20.0 * random.uniform();
                series(random, |r| {
                    level += 0.05 * r.normal();
                    f64::from(rounded(level + 0.3 * r.normal(), 1) as f32)
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
        (0..SERIES)
            .map(|_| (0..SAMPLES as i64).map(|index| START + next(&mut random, index)).collect())
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
    let mut cursor = codec::cursor::Cursor::new(&bytes);
    let [series, samples] = [(); 2].map(|()| cursor.u32().expect("a count") as usize);
    cursor.bytes(samples * 8).expect("timestamps");
    let read = |_| {
        let doubles = cursor.bytes(samples * 8).expect("the doubles of a series");
        doubles.as_chunks().0.iter().map(|double| f64::from_le_bytes(*double)).collect()
    };
    (0..series).map(read).collect()
}

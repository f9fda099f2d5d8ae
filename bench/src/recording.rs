//! Metrics of a real host: a recording of node_exporter where there is one, and this host's
//! own `/proc` where there is none.

use crate::fleet::START_NS;
use crate::rig::Rig;
use agent::{Collector, Roots, hostname};
use anyhow::{Context, Result, ensure};
use model::row::Rows as _;
use model::{Timestamp, ValueRef};
use protocol::line::{Decoder, Precision, identify};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Where recordings are found beside a checkout.
const BESIDE: &str = "../shared/data";
const VALUES: &str = "node_exporter.bin.zst";
const NAMES: &str = "node_exporter.names.zst";
/// Rounds of this host's own, and the pause between them: enough for values to move.
const OWN_ROUNDS: usize = 1_500;
const OWN_PAUSE: Duration = Duration::from_millis(8);
/// Own rounds are told apart by this much, as if they were of a host that reports so often.
const OWN_STEP_MS: i64 = 10_000;

/// One series: its name, its labels, and a value at each time.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The metric's name.
    pub metric: String,
    /// Labels without the name.
    pub labels: Vec<(String, String)>,
    /// As many as there are times.
    pub values: Vec<f64>,
}

/// Series that were read at the same times.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Where it is from.
    pub name: &'static str,
    /// Milliseconds since 1970, rising.
    pub times_ms: Vec<i64>,
    /// What was read.
    pub series: Vec<Series>,
}

impl Recording {
    /// The best there is on this machine.
    ///
    /// # Errors
    /// When a recording is there but cannot be read.
    pub fn load(rig: &Rig) -> Result<Self> {
        let folder = rig.options.data.clone().unwrap_or_else(|| PathBuf::from(BESIDE));
        if folder.join(VALUES).is_file() {
            return Self::read(&folder);
        }
        ensure!(rig.options.data.is_none(), "there is no {VALUES} in {}", folder.display());
        Self::own(OWN_ROUNDS)
    }

    /// Reads little-endian counts of series and times, start in ms, and the values of one
    /// series after the other, a second apart.
    fn read(folder: &Path) -> Result<Self> {
        let bytes = unpack(&folder.join(VALUES))?;
        let names = String::from_utf8(unpack(&folder.join(NAMES))?)?;
        let names: Vec<&str> = names.lines().collect();
        let count = |at: usize| -> Result<usize> {
            let bytes = bytes.get(at..at + 4).context("read a count")?;
            Ok(u32::from_le_bytes(bytes.try_into()?) as usize)
        };
        let (series, times) = (count(0)?, count(4)?);
        let eights = bytes.get(8..).context("read values")?.as_chunks::<8>().0;
        ensure!(eights.len() == times * (series + 1), "{VALUES} has not the length it tells");
        ensure!(names.len() == series, "{NAMES} has not the length it should have");
        let (stamps, values) = eights.split_at(times);
        let column = |(name, values): (&&str, &[[u8; 8]])| {
            let (metric, labels) = parse_name(name)?;
            let values = values.iter().map(|value| f64::from_le_bytes(*value)).collect();
            Ok(Series { metric, labels, values })
        };
        // As long ago as what is made here: a day that goes on is not packed for good yet.
        let stamps: Vec<i64> = stamps.iter().map(|stamp| i64::from_le_bytes(*stamp)).collect();
        let earlier = stamps.first().map_or(0, |first| first - START_NS / 1_000_000);
        Ok(Self {
            name: "real node_exporter",
            times_ms: stamps.iter().map(|stamp| stamp - earlier).collect(),
            series: names.iter().zip(values.chunks(times)).map(column).collect::<Result<_>>()?,
        })
    }

    /// Reads this host quickly; the first round, which has no shares of time yet, is dropped.
    fn own(rounds: usize) -> Result<Self> {
        let mut collector = Collector::new(hostname(), Roots::default());
        let (mut columns, mut lines) = (BTreeMap::<(String, String), Vec<f64>>::new(), Vec::new());
        let start_ms = START_NS / 1_000_000;
        collector.collect(Timestamp(0), &mut lines);
        for _ in 0..rounds {
            std::thread::sleep(OWN_PAUSE);
            lines.clear();
            collector.collect(Timestamp(0), &mut lines);
            let mut decoder = Decoder::new(&lines, Precision::Ns, Timestamp(0));
            while let Some(row) = decoder.next_row() {
                let row = row.map_err(|refused| anyhow::anyhow!("{}", refused.why))?;
                for field in row.fields {
                    let Some(value) = number(field.value) else { continue };
                    let key = String::from_utf8_lossy(row.key).into_owned();
                    columns.entry((key, field.name.to_owned())).or_default().push(value);
                }
            }
        }
        // A disk or a device that came or went has no value at each time.
        columns.retain(|_, values| values.len() == rounds);
        let series = columns.into_iter().map(|((key, field), values)| {
            let (measurement, tags) =
                identify(key.as_bytes()).map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
            let labels = tags.iter().map(|(name, tag)| (name.to_string(), tag.to_string()));
            let metric = format!("{measurement}_{field}");
            Ok(Series { metric, labels: labels.collect(), values })
        });
        Ok(Self {
            name: "this host's own",
            times_ms: (0..rounds as i64).map(|round| start_ms + round * OWN_STEP_MS).collect(),
            series: series.collect::<Result<_>>()?,
        })
    }
}

fn number(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::F64(value) => Some(value),
        ValueRef::I64(value) => Some(value as f64),
        ValueRef::U64(value) => Some(value as f64),
        _ => None,
    }
}

fn unpack(path: &Path) -> Result<Vec<u8>> {
    let output = Command::new("zstd").arg("-dcq").arg(path).output();
    let output = output.context("start zstd, which unpacks the recording: is it installed?")?;
    ensure!(output.status.success(), "zstd could not unpack {}", path.display());
    Ok(output.stdout)
}

/// Reads `name{label="value",…}`; a value may hold escaped quotes.
fn parse_name(text: &str) -> Result<(String, Vec<(String, String)>)> {
    let Some((metric, rest)) = text.split_once('{') else {
        return Ok((text.to_owned(), Vec::new()));
    };
    let mut rest = rest.strip_suffix('}').context("a name of a series ends with }")?;
    let mut labels = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").context("a label has a quoted value")?;
        let (mut value, mut chars) = (String::new(), after.char_indices());
        let end = loop {
            match chars.next().context("a quote is closed")? {
                (end, '"') => break end,
                (_, '\\') => match chars.next().context("an escape is complete")?.1 {
                    'n' => value.push('\n'),
                    escaped => value.push(escaped),
                },
                (_, plain) => value.push(plain),
            }
        };
        labels.push((name.to_owned(), value));
        rest = after[end + 1..].trim_start_matches([',', ' ']);
    }
    Ok((metric.to_owned(), labels))
}

#[cfg(test)]
mod tests;

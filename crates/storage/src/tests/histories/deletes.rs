//! Deletes in a history: which series, from when to when, and what that makes of the model.

use super::cells::Name;
use crate::disk::simulated::Random;
use model::port::Selection;
use model::{Attribute, Matcher, Predicate, Span, TimeRange, Timestamp};

/// What is deleted.
#[derive(Debug)]
pub struct Deletion {
    pub database: String,
    measurement: String,
    host: Option<String>,
    field: Option<&'static str>,
    range: TimeRange,
}

impl Deletion {
    pub fn random(random: &mut Random, now: i64) -> Self {
        let range = match random.below(3) {
            0 => TimeRange::ALL,
            1 => {
                let start = now - random.between(0, 400) * Span::SECOND.0;
                let end = start + random.between(0, 300) * Span::SECOND.0;
                TimeRange::new(Timestamp(start), Timestamp(end))
            }
            _ => TimeRange::new(Timestamp::MIN, Timestamp(now - random.between(0, 3) * 100)),
        };
        let measurement = (*random.pick(&["cpu", "cpu", "mem", "pod", "contended"])).to_owned();
        let host = random.chance(400).then(|| format!("h{}", random.below(6)));
        let field = random.chance(200).then(|| *random.pick(&["user", "value", "count"]));
        Self { database: format!("d{}", random.below(3)), measurement, host, field, range }
    }

    pub fn selection(&self) -> Selection {
        let mut all = vec![
            Matcher::equal(Attribute::Database, self.database.as_str()),
            Matcher::equal(Attribute::Measurement, self.measurement.as_str()),
        ];
        let host = self.host.as_deref();
        all.extend(host.map(|host| Matcher::equal(Attribute::Tag("host".into()), host)));
        all.extend(self.field.map(|field| Matcher::equal(Attribute::Field, field)));
        Selection { predicate: Predicate::all_of(all), range: self.range }
    }

    /// Whether it hits a point of a series of its database.
    pub fn hits(&self, name: &Name, at: i64) -> bool {
        let has_host = |host: &String| {
            name.tags.split(',').any(|pair| pair.strip_prefix("host=") == Some(host.as_str()))
        };
        name.measurement == self.measurement
            && self.host.as_ref().is_none_or(has_host)
            && self.field.is_none_or(|field| field == name.field)
            && self.range.contains(Timestamp(at))
    }
}

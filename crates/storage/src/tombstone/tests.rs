//! Tombstones as bytes, and what is left of a range.

use super::hidden::Hidden;
use super::{Cuts, State, Tombstone, file};
use crate::error::Error;
use model::{Attribute, MatchOp, Matcher, Pattern, Predicate, TimeRange, Timestamp};
use roaring::RoaringBitmap;
use std::path::Path;
use std::sync::Arc;

fn range(start: i64, end: i64) -> TimeRange {
    TimeRange::new(Timestamp(start), Timestamp(end))
}

fn state() -> State {
    let pattern = Pattern::new("^(?s:a|b.*)$").expect("a pattern");
    let matcher = |attribute, op| Predicate::Match(Matcher { attribute, op });
    let predicate = Predicate::And(vec![
        Predicate::Match(Matcher::equal(Attribute::Database, "metrics")),
        Predicate::Or(vec![
            matcher(Attribute::Name, MatchOp::Regex(pattern.clone())),
            matcher(Attribute::Policy, MatchOp::NotRegex(pattern)),
            matcher(Attribute::Measurement, MatchOp::NotEqual("cpu".into())),
        ]),
        Predicate::Not(Box::new(matcher(Attribute::Tag("hÖst".into()), MatchOp::Equal("".into())))),
        Predicate::Match(Matcher::equal(Attribute::Field, "value")),
    ]);
    let one = |id, predicate, range| Arc::new(Tombstone { id, through: 7 * id, predicate, range });
    let list = vec![one(3, predicate, range(-5, 8)), one(9, Predicate::ALL, TimeRange::ALL)];
    State { last_id: 9, through: 63, log_from: 12, list }
}

#[test]
fn what_was_written_is_read() {
    let bytes = file::encode(&state());
    let read = file::decode(&bytes, Path::new("tombstones")).expect("whole");
    assert_eq!(format!("{read:?}"), format!("{:?}", state()));
}

/// Parsers nest a condition a level deeper with every AND.
#[test]
fn long_conditions_are_read_back() {
    let one = || Predicate::Match(Matcher::equal(Attribute::Field, "value"));
    let long = |joined: fn(Vec<Predicate>) -> Predicate| {
        (0..2_000).fold(one(), |all, _| joined(vec![all, one()]))
    };
    for predicate in [long(Predicate::And), long(Predicate::Or)] {
        let predicate = file::flat(&predicate).expect("it is flat");
        let tombstone = Tombstone { id: 1, through: 1, predicate, range: TimeRange::ALL };
        let state = State { list: vec![Arc::new(tombstone)], ..State::default() };
        let read = file::decode(&file::encode(&state), Path::new("tombstones")).expect("whole");
        assert_eq!(format!("{read:?}"), format!("{state:?}"));
    }
    let deep = (0..2_000).fold(one(), |inner, _| Predicate::Not(Box::new(inner)));
    assert!(file::flat(&deep).is_none(), "what could not be read back is not written");
}

#[test]
fn damaged_bytes_are_an_error() {
    let whole = file::encode(&state());
    for cut in 0..whole.len() {
        let read = file::decode(&whole[..cut], Path::new("tombstones"));
        assert!(matches!(read, Err(Error::Damaged { .. })), "cut at {cut}");
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        assert!(file::decode(&bytes, Path::new("tombstones")).is_err(), "a bit at {at}");
    }
}

#[test]
fn what_is_left_of_a_range() {
    let check = |cuts: &[(i64, i64)], of: (i64, i64), expected: &[(i64, i64)]| {
        let streams = Arc::new(RoaringBitmap::from_iter([4]));
        let hidden: Vec<Hidden> = cuts
            .iter()
            .map(|(start, end)| Hidden::new(range(*start, *end), None, streams.clone()))
            .collect();
        let whole = range(of.0, of.1);
        let expected: Vec<TimeRange> = expected.iter().map(|(a, b)| range(*a, *b)).collect();
        let own = Cuts::new(&hidden, 4, "value");
        assert_eq!(own.left(whole), expected);
        assert_eq!(own.hide(whole), expected.is_empty() && !cuts.is_empty());
        assert_eq!(own.touch(whole), expected != [whole]);
        assert_eq!(Cuts::new(&hidden, 5, "value").left(whole), [whole], "another stream");
    };
    check(&[], (0, 9), &[(0, 9)]);
    check(&[(3, 5)], (0, 9), &[(0, 2), (6, 9)]);
    check(&[(i64::MIN, i64::MAX)], (0, 9), &[]);
    check(&[(0, 4), (5, 9)], (0, 9), &[]);
    check(&[(5, 9), (0, 3)], (0, 9), &[(4, 4)]);
    check(&[(10, 12), (-4, -1)], (0, 9), &[(0, 9)]);
    check(&[(1, 1), (3, 3), (2, 5)], (0, 9), &[(0, 0), (6, 9)]);
}

//! The index of a block against a plain list of its streams.

use crate::block::tests::{FOLDER, context, name, open, policy};
use crate::block::{Block, Keys, Lookup, Measurement, Writer};
use crate::disk::Disk;
use crate::disk::simulated::Simulated;
use crate::identity::{Identity, PolicyId, PolicyName};
use crate::rowset::{Cells, RowSet};
use crate::shape::ColumnDef;
use codec::Effort;
use model::{Attribute, Column, Kind, MatchOp, Matcher, Predicate};
use proptest::prelude::*;
use roaring::RoaringBitmap;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Streams as they are told: measurement, policy, tags, and how many of the fields.
#[derive(Clone, Debug)]
struct Told {
    measurement: &'static str,
    policy: u32,
    tags: Vec<(&'static str, String)>,
    fields: usize,
}

const FIELDS: [&str; 3] = ["user", "value", "usage_user"];

struct World {
    block: Arc<Block>,
    /// In the order of the block, with the fields of each.
    streams: Vec<(Arc<Identity>, Vec<&'static str>)>,
}

/// Policy 2 is dropped.
fn known(id: PolicyId) -> Option<PolicyName> {
    policy(id)
}

fn world(told: &[Told]) -> World {
    let mut streams: Vec<(Arc<Identity>, Vec<&'static str>)> = vec![];
    for one in told {
        let id = PolicyId(one.policy);
        let name = PolicyName { id, database: "d".into(), policy: "p".into() };
        let mut pairs: Vec<_> =
            one.tags.iter().map(|(n, v)| ((*n).into(), v.as_str().into())).collect();
        pairs.sort();
        pairs.dedup_by(|a: &mut (Arc<str>, Arc<str>), b| a.0 == b.0);
        let identity = Identity::of(&name, one.measurement, &pairs);
        let is_it =
            |other: &Identity| (other.hash(), other.policy) == (identity.hash(), identity.policy);
        if !streams.iter().any(|(other, _)| is_it(other)) {
            streams.push((identity, FIELDS[..one.fields].to_vec()));
        }
    }
    let order = |of: &Identity| (of.key.measurement.clone(), of.key.tags.clone(), of.policy);
    streams.sort_by_key(|(identity, _)| order(identity));
    let disk = Simulated::new();
    let context = context(&disk);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut writer =
        Writer::create(&shared, Path::new(FOLDER), name(1, 1, 0), Effort::Hot).expect("create");
    for (at, (identity, fields)) in (0i64..).zip(&streams) {
        let def = |field: &&str| ColumnDef { name: (*field).into(), kind: Kind::I64 };
        let shape = context.shapes.intern(&fields.iter().map(def).collect::<Vec<_>>());
        let column = || Cells { values: Column::I64(vec![at; 2]), ranks: vec![] };
        let columns = fields.iter().map(|_| column()).collect();
        let rows = RowSet { timestamps: vec![at % 3, 10 + at % 3], columns };
        writer.begin_stream(&identity.key.measurement).expect("begin");
        writer.add(&rows, 0..2, &shape).expect("add");
        writer.end_stream(&identity.key, identity.hash(), identity.policy);
    }
    writer.finish().expect("finish").expect("a block");
    let block = open(&disk, context).blocks.list()[0].clone();
    World { block, streams }
}

impl World {
    /// Every (stream, field) that fits, by looking at each.
    fn expected(&self, predicate: &Predicate) -> BTreeSet<(u32, &str)> {
        let mut fitting = BTreeSet::new();
        for (ordinal, (identity, fields)) in (0..).zip(&self.streams) {
            let is_live = known(identity.policy).is_some();
            for field in fields.iter().filter(|_| is_live) {
                if predicate.matches_column(&identity.key, field) {
                    fitting.insert((ordinal, *field));
                }
            }
        }
        fitting
    }

    fn found(&self, predicate: &Predicate) -> BTreeSet<(u32, &str)> {
        let mut found = BTreeSet::new();
        let each = |measurement: &Measurement, column: usize, streams: RoaringBitmap| {
            let field = &measurement.columns[column].def.name;
            for ordinal in streams {
                let has = self.streams[ordinal as usize].1.iter().find(|has| ***has == **field);
                found.extend(has.map(|field| (ordinal, *field)));
            }
        };
        self.block.each_fitting(predicate, &known, each).expect("find");
        found
    }

    fn check(&self, predicate: &Predicate) {
        assert_eq!(self.found(predicate), self.expected(predicate), "{predicate:?}");
    }

    fn check_streams(&self) {
        let mut look = Lookup::new(&self.block).expect("look");
        for (ordinal, (identity, fields)) in (0..).zip(&self.streams) {
            let stream = look.stream(ordinal).expect("stream");
            assert_eq!(stream.hash, identity.hash());
            assert_eq!(look.policy(&stream).expect("policy"), identity.policy);
            let name = policy(PolicyId(1)).expect("known");
            let key = look.key(ordinal, &name).expect("key");
            assert_eq!(
                (&key.measurement, &key.tags),
                (&identity.key.measurement, &identity.key.tags)
            );
            let measurement = look.measurement(stream.common.measurement).expect("measurement");
            let shape = &measurement.shapes[stream.common.shape as usize].0;
            let names: Vec<_> = shape.columns().iter().map(|c| c.name.as_ref()).collect();
            assert_eq!(&names, fields);
        }
    }

    fn check_tag(&self, tag: &str) {
        let count = self.block.streams();
        let mut keys = Keys::new(&self.block, &["none", tag]).expect("keys");
        let mut ranks = Vec::new();
        for ordinal in (0..count).chain((0..count).rev()) {
            ranks.clear();
            keys.stream(ordinal, &mut ranks).expect("stream");
            let expected = self.streams[ordinal as usize].0.key.tags.get(tag);
            assert_eq!(ranks[0], 0);
            assert_eq!(keys.text(1, ranks[1]).expect("text").as_ref(), expected);
        }
    }
}

fn tag(name: &str) -> Attribute {
    Attribute::Tag(name.into())
}

fn one(attribute: Attribute, op: MatchOp) -> Predicate {
    Predicate::Match(Matcher { attribute, op })
}

fn regex(pattern: &str) -> model::Pattern {
    model::Pattern::new(pattern).expect("pattern")
}

fn attribute() -> impl Strategy<Value = Attribute> {
    prop_oneof![
        4 => prop_oneof![Just("host"), Just("zone"), Just("none")].prop_map(tag),
        1 => Just(Attribute::Measurement),
        1 => Just(Attribute::Field),
        2 => Just(Attribute::Name),
        1 => Just(Attribute::Database),
        1 => Just(Attribute::Policy),
    ]
}

fn op() -> impl Strategy<Value = MatchOp> {
    let value = prop_oneof![
        Just(""),
        Just("h1"),
        Just("h12"),
        Just("h999"),
        Just("a"),
        Just("cpu"),
        Just("cpu_user"),
        Just("cpu_usage_user"),
        Just("user"),
        Just("d"),
        Just("p"),
        Just("mem"),
    ];
    let pattern = prop_oneof![
        Just(""),
        Just("^(?s:.*)$"),
        Just("^(?s:.+)$"),
        Just("^(?s:h1.*)$"),
        Just("^(?s:h1|h2|)$"),
        Just("1$"),
        Just("^(?s:cpu_.*)$"),
        Just("^(?s:cpu.user|a)$"),
        Just("^(?s:(h3|h4|h5))$"),
        Just("^h2?$"),
    ];
    prop_oneof![
        value.clone().prop_map(|v| MatchOp::Equal(v.into())),
        value.prop_map(|v| MatchOp::NotEqual(v.into())),
        pattern.clone().prop_map(|p| MatchOp::Regex(regex(p))),
        pattern.prop_map(|p| MatchOp::NotRegex(regex(p))),
    ]
}

fn predicate() -> impl Strategy<Value = Predicate> {
    let leaf = (attribute(), op()).prop_map(|(attribute, op)| one(attribute, op));
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            2 => proptest::collection::vec(inner.clone(), 0..3).prop_map(Predicate::And),
            1 => proptest::collection::vec(inner.clone(), 0..3).prop_map(Predicate::Or),
            1 => inner.prop_map(|inner| Predicate::Not(Box::new(inner))),
        ]
    })
}

fn told() -> impl Strategy<Value = Told> {
    let measurement = prop_oneof![Just("cpu"), Just("cpu_usage"), Just("mem"), Just("a")];
    let host = proptest::option::of((0u32..40).prop_map(|n| ("host", format!("h{n}"))));
    let zone = proptest::option::of(prop_oneof![Just("a"), Just("é")])
        .prop_map(|zone| zone.map(|zone| ("zone", zone.to_owned())));
    (measurement, prop_oneof![4 => Just(1u32), 1 => Just(2)], host, zone, 1usize..=3).prop_map(
        |(measurement, policy, host, zone, fields)| Told {
            measurement,
            policy,
            tags: host.into_iter().chain(zone).collect(),
            fields,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn it_finds_what_looking_at_each_would(
        told in proptest::collection::vec(told(), 1..80),
        predicates in proptest::collection::vec(predicate(), 1..30),
    ) {
        let world = world(&told);
        world.check_streams();
        for tag in ["host", "zone", "none"] {
            world.check_tag(tag);
        }
        world.check(&Predicate::ALL);
        for predicate in &predicates {
            world.check(predicate);
        }
    }
}

/// More streams and values than a page has, and sets too large to stand with their value.
#[test]
fn many_pages_are_as_good_as_one() {
    let one_of = |n: usize| Told {
        measurement: if n < 2500 { "cpu" } else { "mem" },
        policy: 1 + u32::from(n.is_multiple_of(7)),
        tags: vec![("host", format!("h{n}")), ("zone", format!("{}", n % 3))],
        fields: 1 + n % 3,
    };
    let world = world(&(0..3000).map(one_of).collect::<Vec<_>>());
    world.check_streams();
    world.check_tag("host");
    world.check_tag("zone");
    for (attribute, op) in [
        (tag("host"), MatchOp::Equal("h1234".into())),
        (tag("host"), MatchOp::Equal("h12345".into())),
        (tag("host"), MatchOp::NotEqual("h1234".into())),
        (tag("host"), MatchOp::Regex(regex("^(?s:h12.*)$"))),
        (tag("host"), MatchOp::NotRegex(regex("^(?s:h12.*)$"))),
        (tag("host"), MatchOp::Regex(regex("17$"))),
        (tag("zone"), MatchOp::Equal("2".into())),
        (tag("zone"), MatchOp::Regex(regex("^(?s:0|2)$"))),
        (Attribute::Name, MatchOp::Equal("cpu_usage_user".into())),
    ] {
        world.check(&one(attribute, op));
    }
    let narrow = Predicate::And(vec![
        one(Attribute::Name, MatchOp::Equal("mem".into())),
        one(tag("host"), MatchOp::Regex(regex("^(?s:h2.*)$"))),
        one(tag("zone"), MatchOp::NotEqual("1".into())),
    ]);
    world.check(&narrow);
}

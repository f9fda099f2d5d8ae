//! What questions to rows outside blocks are told, and what they are charged for.

use super::rig::*;
use crate::Options;
use crate::disk::simulated::Simulated;
use model::limits::{Budget, Exceeded};
use model::port::{Aggregation, Edge, Reduction, Selection, Source, SourceError, Windows};
use model::{Attribute, Matcher, Needs, Predicate, Span, TimeRange, Timestamp, Value};

fn one() -> Rig {
    Rig::with(Simulated::new(), Options { partitions: 1, ..options() }).expect("open")
}

fn equal(attribute: Attribute, value: &str) -> Predicate {
    Predicate::Match(Matcher::equal(attribute, value))
}

#[test]
fn columns_and_tags_are_told_alike_of_head_and_blocks() {
    let rig = one();
    let minute = |n: i64| NOW + n * Span::MINUTE.0;
    let both = [("user", Value::F64(1.0)), ("sys", Value::I64(2))];
    rig.put(&[
        point("cpu,host=a", minute(10), &both),
        point("cpu,host=b,rack=1", minute(20), &both[..1]),
        float("mem,host=a,dimm=0", minute(30), 3.0),
        float("mem,host=b,dimm=1", minute(30), 3.0),
        // Late.
        float("mem,host=b,dimm=1", NOW, 3.0),
    ]);
    let host = |value| equal(Attribute::Tag("host".into()), value);
    let or = Predicate::Or(vec![equal(Attribute::Field, "sys"), host("b")]);
    let predicates = [
        Predicate::ALL,
        equal(Attribute::Database, "metrics"),
        equal(Attribute::Database, "others"),
        equal(Attribute::Measurement, "cpu"),
        host("a"),
        Predicate::Not(Box::new(host("a"))),
        Predicate::And(vec![equal(Attribute::Database, "metrics"), or]),
    ];
    let ranges = [(0, i64::MAX), (NOW, NOW), (minute(25), minute(40)), (minute(50), minute(59))];
    let ask = || {
        let all = predicates.iter().flat_map(|predicate| ranges.map(|range| (predicate, range)));
        let told = all.map(|(predicate, (start, end))| {
            let range = TimeRange::new(Timestamp(start), Timestamp(end));
            let selection = Selection { predicate: predicate.clone(), range };
            let outline = rig.store.outline(&selection, &Budget::unlimited()).expect("outline");
            let column = |of: &model::port::ColumnOf| format!("{} {}", of.measurement, of.field);
            let columns: Vec<_> = outline.columns.iter().map(column).collect();
            (
                columns.join(","),
                outline.tags.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(","),
            )
        });
        told.collect::<Vec<_>>()
    };
    let of_head = ask();
    rig.store.flush().expect("flush");
    assert_eq!(of_head, ask());
    let text = |columns: &str, tags: &str| (columns.to_owned(), tags.to_owned());
    assert_eq!(of_head[0], text("cpu sys,cpu user,mem value", "dimm,host,rack"));
    assert_eq!(of_head[1], text("mem value", "dimm,host"), "of late rows");
    assert_eq!(of_head[2].0, "mem value");
    assert_eq!(of_head[3].0, "");
    assert_eq!(of_head[4], of_head[0]);
    assert_eq!(of_head[8], text("", ""));
    assert_eq!(of_head[20], text("cpu user,mem value", "dimm,host,rack"));
    assert_eq!(of_head[24].0, "cpu sys,cpu user,mem value");
}

#[test]
fn questions_are_charged_for_rows_of_the_head_while_they_last() {
    let rig = one();
    rig.put(&(0..1000).map(|n| float(&format!("cpu,n={n}"), NOW, 1.0)).collect::<Vec<_>>());
    let (start, width) = (Timestamp(NOW), Span::MINUTE);
    let asked = Aggregation {
        predicate: &Predicate::ALL,
        windows: Windows { start, step: width, width, count: 1, edge: Edge::RightOpen },
        reduction: Reduction::Pooled,
        needs: Needs::COUNT,
        group_by: &[],
    };
    let selection = Selection { predicate: Predicate::ALL, range: TimeRange::ALL };
    let small = || Budget::unlimited().holding(100_000);
    let refused = rig.store.aggregate(&asked, &small()).expect_err("1,000 series are more");
    assert!(matches!(refused, SourceError::Exceeded(Exceeded::Bytes { .. })), "{refused:?}");
    assert!(rig.store.select(&selection, &small()).is_err());
    // What a question copied is free again once it is answered.
    let budget = Budget::unlimited().holding(3_000_000);
    for _ in 0..15 {
        rig.store.aggregate(&asked, &budget).expect("answered");
    }
    // Series hold theirs for as long as the query may read them.
    let answered = (0..50).filter(|_| rig.store.select(&selection, &budget).is_ok()).count();
    assert!((1..15).contains(&answered), "{answered}");
}

//! The order in which streams go to blocks.

use super::super::tests::{apply, head, value};
use crate::identity::{PolicyId, PolicyName};
use crate::shape::ColumnDef;
use model::{Kind, Refusal};
use std::sync::Arc;

fn policy(id: u32) -> PolicyName {
    PolicyName { id: PolicyId(id), database: "d".into(), policy: "p".into() }
}

type Tag = (&'static str, &'static str);

#[test]
fn streams_come_in_the_order_of_measurement_tags_and_policy() {
    let head = head(1);
    let tags: [&[Tag]; 6] = [
        &[("b", "0")],
        &[("a", "1"), ("b", "2")],
        &[],
        &[("a", "10")],
        &[("a", "1"), ("b", "10")],
        &[("a", "1")],
    ];
    let mut expected = Vec::new();
    for measurement in ["cpu2", "cpu", "b"] {
        for pairs in tags {
            for id in [2, 1] {
                let owned = |text: &str| Arc::<str>::from(text);
                let own: Vec<_> = pairs.iter().map(|(n, v)| (owned(n), owned(v))).collect();
                let allow = |_| Ok::<(), Refusal>(());
                let place = head.place(&policy(id), &owned(measurement), &own, allow);
                let place = place.expect("placed");
                head.regain(place, &[ColumnDef { name: "v".into(), kind: Kind::F64 }]);
                apply(&head, place, &(1000, [(0, value(Kind::F64, 10))].into()), true);
                expected.push((measurement.to_owned(), own, PolicyId(id)));
            }
        }
    }
    expected.sort();
    let key = |frozen: super::Frozen| {
        let key = &frozen.identity.key;
        let tags: Vec<_> = key.tags.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
        (key.measurement.to_string(), tags, frozen.identity.policy)
    };
    let partition = &head.partitions()[0];
    let found: Vec<_> = partition.freeze().map(key).collect();
    assert_eq!(found, expected);
    // A flush that failed leaves its rows to the next, where each stream comes once.
    let again: Vec<_> = partition.freeze().map(key).collect();
    assert_eq!(again, expected);
}

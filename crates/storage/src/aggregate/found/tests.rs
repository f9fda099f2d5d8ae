use super::*;

/// Series of these groups, whose keys have two values, each in a block of its own.
fn found(groups: &[[&str; 2]], visible: i64) -> Found {
    let entry = |group| Entry { group, visible: 0, parts: (group, 1), kind: Kind::F64 };
    let end = model::Timestamp(visible);
    Found {
        series: (0..groups.len() as u32).map(entry).collect(),
        parts: (0..groups.len() as u32).map(|at| Part::Block(0, at)).collect(),
        visible: vec![TimeRange::new(model::Timestamp(0), end)],
        keys: groups.as_flattened().iter().map(|text| Arc::from(*text)).collect(),
        groups: groups.len(),
        ..Found::default()
    }
}

#[test]
fn equal_keys_are_one_group() {
    let parts = [found(&[["a", "x"], ["b", "x"]], 5), found(&[["a", "y"], ["b", "x"]], 6)];
    let all = Found::joined(Vec::from(parts), 2);
    assert_eq!(all.groups, 3);
    let keys: Vec<&str> = all.keys.iter().map(AsRef::as_ref).collect();
    assert_eq!(keys, ["a", "x", "b", "x", "a", "y"]);
    let of: Vec<_> = all.series.iter().map(|entry| (entry.group, entry.visible)).collect();
    assert_eq!(of, [(0, 0), (1, 0), (2, 1), (1, 1)]);
    let at = |entry: &Entry| match all.parts_of(entry) {
        [Part::Block(column, ordinal)] => (*column, *ordinal),
        other => panic!("{other:?}"),
    };
    let ordinals: Vec<u32> = all.series.iter().map(|entry| at(entry).1).collect();
    assert_eq!(ordinals, [0, 1, 0, 1]);
    assert_eq!(all.visible.iter().map(|range| range.end.0).collect::<Vec<_>>(), [5, 6]);
}

#[test]
fn without_keys_all_is_one_group() {
    let one = || Found { groups: 1, keys: Vec::new(), ..found(&[["a", "x"]], 5) };
    let all = Found::joined(vec![one(), Found::default(), one()], 0);
    assert_eq!((all.groups, all.series.len()), (1, 2));
    assert!(all.series.iter().all(|entry| entry.group == 0));
    assert_eq!(Found::joined(Vec::new(), 0).groups, 0);
}

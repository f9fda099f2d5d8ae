use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

fn all(texts: &Texts) -> BTreeMap<u32, String> {
    let mut found = BTreeMap::new();
    texts.each(|number, text| assert_eq!(found.insert(number, text.to_owned()), None));
    found
}

fn with(texts: &Texts, needle: &str) -> BTreeMap<u32, String> {
    let mut found = BTreeMap::new();
    let finder = Finder::new(needle);
    texts.each_with(&finder, |number, text| {
        assert_eq!(found.insert(number, text.to_owned()), None);
    });
    found
}

#[test]
fn texts_of_all_lengths_are_found() {
    let mut texts = Texts::default();
    let long = "x".repeat(SLAB_UNITS * UNIT + 5);
    let mut expected = BTreeMap::new();
    for number in 0..40_000 {
        let text = match number {
            7_000 => long.clone(),
            number => format!("app-{number}-{}", "é".repeat(number as usize % 5)),
        };
        let place = texts.put(number, &text);
        assert_eq!(texts.get(place), text);
        expected.insert(number, text);
    }
    assert!(texts.slabs.len() > 4);
    assert_eq!(all(&texts), expected);
    for needle in ["77-", "-é", "app-39999", "x", "none", "app"] {
        let mut fitting = expected.clone();
        fitting.retain(|_, text| text.contains(needle));
        assert_eq!(with(&texts, needle), fitting, "{needle}");
    }
}

#[test]
fn memory_of_what_is_gone_is_given_again() {
    let mut texts = Texts::default();
    for round in 0..50 {
        let put = |number: u32| texts.put(number, &format!("pod-{round:03}-{number:05}"));
        let places: Vec<u32> = (0..1_000).map(put).collect();
        places.into_iter().for_each(|place| texts.remove(place));
    }
    let held: usize = texts.slabs.iter().map(Vec::len).sum();
    assert_eq!(held, 1_000 * units("pod-000-00000".len()) * UNIT);
    assert!(all(&texts).is_empty() && with(&texts, "pod").is_empty());
}

proptest! {
    /// Whatever stands in numbers and lengths between texts, only texts are found.
    #[test]
    fn a_needle_is_found_where_it_stands(
        steps in prop::collection::vec(("[ab\0\u{1}]{0,9}", 0u32..0x0202_0202, 0u8..4), 1..80),
        needle in "[ab\0\u{1}]{1,4}",
    ) {
        let (mut texts, mut places, mut expected) = (Texts::default(), Vec::new(), BTreeMap::new());
        for (text, number, what) in steps {
            if what == 0 && let Some((number, place)) = places.pop() {
                texts.remove(place);
                expected.remove(&number);
            } else if let Entry::Vacant(vacant) = expected.entry(number) {
                places.push((number, texts.put(number, &text)));
                vacant.insert(text);
            }
        }
        prop_assert_eq!(&all(&texts), &expected);
        expected.retain(|_, text| text.contains(&needle));
        prop_assert_eq!(with(&texts, &needle), expected);
    }
}

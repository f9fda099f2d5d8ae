use super::*;
use proptest::prelude::*;

fn check(values: &[bool], bytes_expected: usize) {
    let mut bytes = Vec::new();
    encode(values, &mut bytes);
    assert_eq!(bytes.len(), bytes_expected);
    let mut back = vec![true; 3];
    decode(&bytes, values.len(), &mut back).unwrap();
    assert_eq!(back, values);
}

#[test]
fn the_shortest_form_is_taken() {
    check(&[], 1);
    check(&[true], 1);
    check(&[false; 5000], 1);
    check(&[false, true].repeat(40), 1 + 10);
    check(&[vec![true; 100], vec![false; 900]].concat(), 1 + 2);
}

#[test]
fn runs_may_not_pass_the_count() {
    let mut out = Vec::new();
    for bytes in [&[RUNS_FROM_TRUE, 1, 10][..], &[RUNS_FROM_TRUE, 2, 0, 1]] {
        let error = decode(bytes, 10, &mut out).unwrap_err();
        assert_eq!(error, Error::Invalid { what: "length of a run", offset: 2 });
    }
    assert_eq!(
        decode(&[ALL_TRUE], crate::COUNT_MAX + 1, &mut out),
        Err(Error::TooMany { count: crate::COUNT_MAX + 1 })
    );
}

#[test]
fn padding_must_be_empty() {
    let error = decode(&[BITMAP, 0b1000_0001], 7, &mut Vec::new()).unwrap_err();
    assert_eq!(error, Error::Invalid { what: "padding of a bitmap", offset: 1 });
}

proptest! {
    #[test]
    fn every_slice_comes_back(runs in prop::collection::vec((any::<bool>(), 0usize..40), 0..30)) {
        let values: Vec<bool> = runs.iter().flat_map(|(v, n)| std::iter::repeat_n(*v, *n)).collect();
        let mut bytes = Vec::new();
        encode(&values, &mut bytes);
        let mut back = Vec::new();
        decode(&bytes, values.len(), &mut back).unwrap();
        prop_assert_eq!(back, values);
    }

    #[test]
    fn any_bytes_return(bytes: Vec<u8>, count in 0usize..300) {
        let mut out = Vec::new();
        let _ = decode(&bytes, count, &mut out);
        prop_assert!(out.len() <= count.next_multiple_of(8));
    }
}

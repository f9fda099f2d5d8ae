//! The order in which people read names.

use super::natural;

#[test]
fn digits_compare_as_numbers() {
    let sorted = ["", "1", "2", "10", "a", "a1b", "a2", "a10", "a10b", "b", "v1.9.9", "v1.10.0"];
    for (index, a) in sorted.iter().enumerate() {
        for (other, b) in sorted.iter().enumerate() {
            assert_eq!(natural(a, b), index.cmp(&other), "{a} and {b}");
        }
    }
}

#[test]
fn numbers_may_be_longer_than_any_integer() {
    let (less, more) = ("9".repeat(40), format!("1{}", "0".repeat(40)));
    assert!(natural(&less, &more).is_lt());
    assert!(natural("007", "7").is_ne(), "different texts are never equal");
}

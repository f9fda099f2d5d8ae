use super::*;

#[test]
fn bytes_are_told_in_the_unit_that_fits() {
    let cases = [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1_572_864, "1.5 MiB"),
        (300 << 30, "300 GiB"),
        (u64::MAX, "16777216 TiB"),
    ];
    for (count, expected) in cases {
        assert_eq!(bytes(count), expected);
    }
}

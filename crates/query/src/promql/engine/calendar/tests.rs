//! Against another calendar.

use super::*;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parts_are_those_of_jiff(secs in -62_135_596_800_i64..253_402_300_000) {
        let zoned = Timestamp::from_second(secs).expect("a time jiff knows").to_zoned(TimeZone::UTC);
        let secs = secs as f64;
        prop_assert_eq!(year(secs), f64::from(zoned.year()));
        prop_assert_eq!(month(secs), f64::from(zoned.month()));
        prop_assert_eq!(day_of_month(secs), f64::from(zoned.day()));
        prop_assert_eq!(hour(secs), f64::from(zoned.hour()));
        prop_assert_eq!(minute(secs), f64::from(zoned.minute()));
        prop_assert_eq!(day_of_year(secs), f64::from(zoned.day_of_year()));
        prop_assert_eq!(days_in_month(secs), f64::from(zoned.days_in_month()));
        prop_assert_eq!(day_of_week(secs), f64::from(zoned.weekday().to_sunday_zero_offset()));
    }

    #[test]
    fn no_number_makes_it_panic(bits in any::<u64>()) {
        let secs = f64::from_bits(bits);
        for part in [year, month, day_of_month, day_of_year, days_in_month, day_of_week] {
            let _ = part(secs);
        }
    }
}

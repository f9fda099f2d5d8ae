use super::*;

#[test]
fn every_refusal_is_counted_and_the_first_are_told() {
    let mut report = WriteReport::default();
    for line in 1..=100 {
        let why = Refusal::Malformed { text: "x".into(), reason: "missing fields".into() };
        report.refuse(Refused { line, why });
    }
    assert_eq!((report.refused_count, report.refused.len()), (100, WriteReport::REFUSED_MAX));
    assert_eq!(report.reasons, [("malformed", 100)]);
}

#[test]
fn refusals_speak_as_influxdb_does() {
    let conflict = Refusal::TypeConflict {
        field: "v".into(),
        measurement: "m".into(),
        given: Kind::I64,
        stored: Kind::F64,
    };
    assert_eq!(
        conflict.to_string(),
        "field type conflict: input field \"v\" on measurement \"m\" is type integer, already exists as type float"
    );
}

use super::{Shape, Walk};
use crate::random::Random;

#[test]
fn the_text_of_a_value_reads_back_as_the_value() {
    for shape in [Shape::Integer, Shape::OneDecimal, Shape::Full, Shape::Gauge, Shape::Counter] {
        let mut random = Random::new(7);
        for index in 0..10 {
            let mut walk = Walk::start(shape, index, &mut random);
            for _ in 0..1_000 {
                let value = walk.step(&mut random);
                let mut text = Vec::new();
                walk.write(value, &mut text);
                let text = String::from_utf8(text).unwrap();
                assert_eq!(text.trim_end_matches('i').parse::<f64>().unwrap(), value, "{shape:?}");
            }
        }
    }
}

#[test]
fn a_counter_never_falls() {
    let mut random = Random::new(1);
    let mut walk = Walk::start(Shape::Counter, 0, &mut random);
    let mut before = 0.0;
    for _ in 0..10_000 {
        let value = walk.step(&mut random);
        assert!(value >= before);
        before = value;
    }
}

use super::*;
use proptest::prelude::*;

fn residuals(predictor: Predictor, numbers: &[i64]) -> Vec<i64> {
    let mut residuals = Vec::new();
    predictor.each_residual(numbers, |residual| residuals.push(residual));
    residuals
}

#[test]
fn levels_move_by_a_part_of_each_residual() {
    let at = |shift, start| Predictor { differences: false, shift, start };
    assert_eq!(residuals(at(FIXED, 10), &[10, 14, 9]), [0, 4, -1]);
    assert_eq!(residuals(at(0, 10), &[10, 14, 9]), [0, 4, -5]);
    // 10, then 10 + 8/4, and 12 + 4/4.
    assert_eq!(residuals(at(2, 10), &[18, 16, 13]), [8, 4, 0]);
    // 0, 4, 3 are the zigzag numbers of these.
    assert_eq!(residuals(at(FLOOR, 10), &[10, 14, 13]), [0, 2, -2]);
    assert_eq!(at(FIXED, 0).fitted(&[7, 9, 8]).start(), 8);
    assert_eq!(at(FLOOR, 0).fitted(&[7, 9, 8]).start(), 7);
    assert_eq!(at(0, 0).fitted(&[7, 9, 8]).start(), 7);
}

#[test]
fn bytes_name_predictors() {
    for predictor in CANDIDATES {
        assert_eq!(Predictor::from_byte(predictor.byte(), 0), Some(predictor));
    }
    assert_eq!(Predictor::from_byte(0x20, 0), None);
    assert_eq!(Predictor::from_byte(0x40 | FLOOR, 0), None);
    assert_eq!(Predictor::from_byte(0x80, 0), None);
}

proptest! {
    #[test]
    fn numbers_come_back(numbers: Vec<i64>, shift in prop_oneof![0..=FIXED, Just(FLOOR)], start: i64, cut: prop::sample::Index) {
        let predictor = Predictor { differences: false, shift, start };
        let mut back = residuals(predictor, &numbers);
        let mut state = predictor.begin();
        let (left, right) = back.split_at_mut(cut.index(numbers.len() + 1));
        state.restore(left);
        state.restore(right);
        prop_assert_eq!(back, numbers);
    }
}

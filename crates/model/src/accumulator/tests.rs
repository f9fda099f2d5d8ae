use super::*;

fn of(samples: &[(i64, f64)]) -> Accumulator {
    let mut window = Accumulator::default();
    for (at, value) in samples {
        window.push(*at, *value);
    }
    window
}

#[test]
fn a_seam_anywhere_gives_the_same_answer() {
    let samples = [(1, 3.0), (2, 5.0), (3, 1.0), (4, 4.0), (5, 0.5), (6, 0.5)];
    let whole = of(&samples);
    for cut in 0..=samples.len() {
        let mut joined = of(&samples[..cut]);
        joined.append(&of(&samples[cut..]));
        assert_eq!(joined, whole, "cut at {cut}");
    }
    assert_eq!((whole.increase, whole.resets), (2.0 + 1.0 + 3.0 + 0.5, 2));
    assert_eq!((whole.min_at, whole.max_at), (5, 2));
}

#[test]
fn pooling_does_not_depend_on_order() {
    let (a, b) = (of(&[(1, 3.0), (4, 9.0)]), of(&[(1, 2.0), (3, 1.0)]));
    let (mut ab, mut ba) = (a, b);
    ab.pool(&b);
    ba.pool(&a);
    assert_eq!(ab, ba);
    assert_eq!((ab.first, ab.last, ab.sum()), (3.0, 9.0, 15.0));
}

#[test]
fn sums_survive_cancellation() {
    assert_eq!(of(&[(1, 1e16), (2, 1.0), (3, -1e16)]).sum(), 1.0);
    assert_eq!(of(&[(1, f64::INFINITY), (2, 1.0)]).sum(), f64::INFINITY);
}

#[test]
fn nan_yields_to_numbers_in_extremes() {
    let window = of(&[(1, f64::NAN), (2, 2.0), (3, f64::NAN), (4, 1.0)]);
    assert_eq!((window.min, window.max, window.count), (1.0, 2.0, 4));
}

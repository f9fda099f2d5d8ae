use super::*;

const NEEDS: [Needs; 6] =
    [Needs::COUNT, Needs::SUM, Needs::MIN, Needs::MAX, Needs::FIRST, Needs::ALL];

fn of(samples: &[(i64, f64)]) -> Accumulator {
    let mut window = Accumulator::default();
    for (at, value) in samples {
        window.push(*at, *value);
    }
    window
}

/// What of `one` is kept where `needs` are.
fn kept(one: &Accumulator, needs: Needs) -> (u64, [Option<u64>; 9]) {
    // One NaN is as good as another.
    let bits = |value: f64| if value.is_nan() { 1 } else { value.to_bits() };
    let has = |need: Needs, bits: u64| needs.has(need).then_some(bits);
    let timed = |need: Needs, at: i64| has(need | Needs::EXTREME_TIMES, at as u64);
    let kept = [
        has(Needs::SUM, bits(one.sum())),
        has(Needs::MIN, bits(one.min)),
        timed(Needs::MIN, one.min_at),
        has(Needs::MAX, bits(one.max)),
        timed(Needs::MAX, one.max_at),
        has(Needs::FIRST, bits(one.first)),
        has(Needs::FIRST, one.first_at as u64),
        has(Needs::LAST, bits(one.last)),
        has(Needs::LAST, one.last_at as u64),
    ];
    (one.count, kept)
}

#[test]
fn appending_and_pooling_are_those_of_single_ones() {
    let parts = [
        of(&[(1, 3.0), (2, 5.5)]),
        of(&[(3, -1.0)]),
        of(&[(4, 5.5), (5, -1.0), (6, 0.25)]),
        of(&[(7, f64::NAN), (8, 1.0)]),
    ];
    for needs in NEEDS {
        let (mut appended, mut pooled) = (Accumulators::new(needs), Accumulators::new(needs));
        appended.reset(2);
        pooled.reset(2);
        let (mut whole, mut all) = (Accumulator::default(), Accumulator::default());
        for part in &parts {
            appended.append(1, part);
            whole.append(part);
            pooled.pool_one(1, part);
            all.pool(part);
        }
        assert_eq!(kept(&appended.get(1), needs), kept(&whole, needs), "{needs:?}");
        assert_eq!(kept(&pooled.get(1), needs), kept(&all, needs), "{needs:?}");
        assert_eq!(appended.get(0).count, 0);
        let mut twice = Accumulators::new(needs);
        twice.reset(3);
        twice.pool(1, &pooled, 0..2);
        twice.pool(1, &pooled, 0..2);
        all.pool(&all.clone());
        assert_eq!(kept(&twice.get(2), needs), kept(&all, needs), "{needs:?}");
        assert_eq!((twice.count(0), twice.count(1)), (0, 0));
    }
}

#[test]
fn ties_are_broken_alike_whatever_the_order() {
    let parts = [of(&[(1, 3.0), (4, 9.0)]), of(&[(1, 2.0), (4, 3.0)]), of(&[(2, 9.0), (3, 2.0)])];
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let in_order = orders.map(|order| {
        let mut pooled = Accumulators::new(Needs::ALL);
        pooled.reset(1);
        order.iter().for_each(|part| pooled.pool_one(0, &parts[*part]));
        kept(&pooled.get(0), Needs::ALL)
    });
    assert!(in_order.iter().all(|answer| *answer == in_order[0]));
    let mut one = Accumulators::new(Needs::ALL);
    one.reset(1);
    parts.iter().for_each(|part| one.pool_one(0, part));
    let one = one.get(0);
    assert_eq!((one.first, one.last), (3.0, 9.0));
    assert_eq!((one.min_at, one.max_at), (1, 2));
}

#[test]
fn memory_is_what_is_kept() {
    assert_eq!(Accumulators::bytes_of_one(Needs::COUNT), 8);
    assert_eq!(Accumulators::bytes_of_one(Needs::SUM), 24);
    assert_eq!(Accumulators::bytes_of_one(Needs::MIN), 16);
    assert_eq!(Accumulators::bytes_of_one(Needs::MIN | Needs::EXTREME_TIMES), 24);
    assert_eq!(Accumulators::bytes_of_one(Needs::ALL), 88);
}

#[test]
fn what_is_not_kept_is_not_a_number() {
    let mut one = Accumulators::new(Needs::MAX);
    one.reset(1);
    one.pool_number(0, 7, 2.0);
    assert!(one.sum(0).is_nan());
    assert_eq!(one.landmarks(0)[1], 2.0);
    assert!(one.landmarks(0)[0].is_nan());
}

//! Random streams of samples through the whole room, restarts included, against a judge so
//! simple that it is obviously right.

use super::world::{World, at, rule};
use crate::time::rfc3339;
use proptest::prelude::*;
use serde_json::json;

/// From one sample to the next, in seconds; a gap longer than three of these and a minute
/// is an outage.
const STEP: i64 = 10;

#[derive(Clone, Copy, Debug)]
enum Sample {
    Wrong,
    Right,
    /// So many samples do not come.
    Missing(u8),
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let gap = prop_oneof![
        4 => Just(vec![]),
        1 => (1u8..4).prop_map(|count| vec![Sample::Missing(count)]),
        1 => (20u8..30).prop_map(|count| vec![Sample::Missing(count)]),
    ];
    let value = prop_oneof![2 => Just(Sample::Wrong), 1 => Just(Sample::Right)];
    // Enough samples after each gap that the rhythm is learned again: how it is learned has
    // tests of its own.
    let block = (gap, prop::collection::vec(value, 4..12));
    prop::collection::vec(block, 1..8).prop_map(|blocks| {
        let rest = blocks.into_iter().flat_map(|(gap, values)| [gap, values].concat());
        std::iter::repeat_n(Sample::Right, 4).chain(rest).collect()
    })
}

/// When it began and when it ended, seconds from the start.
type Firings = Vec<(i64, Option<i64>)>;

/// How long a tick may still change something after the last sample.
const LONGEST_WAIT: i64 = 90;

/// A tick each second from the last sample to `now`, up to where only silence is left.
fn tick_until(world: &World, points: &[(i64, bool)], now: i64) {
    let from = points.last().map_or(0, |(at, _)| at + 1);
    for secs in from..now.min(from + LONGEST_WAIT) {
        world.tick(secs);
    }
}

/// The simple judge: it sees all samples, one after the other.
fn reference(points: &[(i64, bool)], duration: i64, silence: i64, end: i64) -> Firings {
    let mut firings = Firings::new();
    let (mut since, mut is_firing, mut last) = (None, false, None);
    for (at, wrong) in points.iter().copied() {
        let broken = last.is_some_and(|last| at - last > silence);
        if !wrong {
            if is_firing && let Some(firing) = firings.last_mut() {
                firing.1 = Some(at.max(firing.0));
            }
            (since, is_firing) = (None, false);
        } else if !is_firing {
            if since.is_none() || broken {
                since = Some(at);
            }
            if let Some(begun) = since.filter(|begun| at - begun >= duration) {
                firings.push((begun + duration, None));
                is_firing = true;
            }
        }
        last = Some(at);
        // With a tick after each sample, time passes until the next one: a pending one
        // whose data are fresh matures.
        let next = points.iter().map(|(at, _)| *at).find(|next| *next > at).unwrap_or(end);
        if let Some(begun) = since.filter(|_| !is_firing) {
            let matures = begun + duration;
            if matures < next && matures - at <= silence {
                firings.push((matures, None));
                is_firing = true;
            }
        }
    }
    firings
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn transitions_equal_the_simple_judges(
        stream in samples(),
        duration in prop_oneof![Just(0i64), Just(10), Just(35), Just(60), Just(95)],
        restarts in prop::collection::vec(0usize..70, 0..4),
    ) {
        let mut world = World::new();
        world.create(rule(json!({ "duration": format!("{duration}s"), "notify": ["pagerduty"] })));
        let mut points = Vec::new();
        let mut now = 0;
        for (index, sample) in stream.iter().enumerate() {
            if restarts.contains(&index) {
                world.restart();
            }
            let wrong = match sample {
                Sample::Missing(count) => {
                    now += i64::from(*count) * STEP;
                    continue;
                }
                Sample::Wrong => true,
                Sample::Right => false,
            };
            tick_until(&world, &points, now);
            world.cpu("a", now, if wrong { 95.0 } else { 5.0 });
            points.push((now, wrong));
            world.tick(now);
            now += STEP;
        }
        let end = now + LONGEST_WAIT;
        tick_until(&world, &points, end);
        world.deliver();
        let expected: Vec<_> = reference(&points, duration, 60, end)
            .into_iter()
            .map(|(from, to)| (rfc3339(at(from)), to.map(|to| rfc3339(at(to)))))
            .collect();
        let mut got: Vec<_> = world
            .history("hot")
            .into_iter()
            .map(|firing| (firing.fired_at, firing.resolved_at))
            .collect();
        got.reverse();
        prop_assert_eq!(&got, &expected);
        let told: Vec<_> = expected
            .iter()
            .flat_map(|(_, to)| [Some("trigger"), to.as_ref().map(|_| "resolve")])
            .flatten()
            .collect();
        prop_assert_eq!(world.actions(), told);
    }
}

use super::*;

/// One instance from its beginning: samples as `second:value`, one tick after each group.
/// Prints what happened and how it stands: `fired 30 · resolved 40 recovered · inactive`.
fn check(terms: &Terms, samples: &str, now: i64, expected: &str) {
    let mut progress = Progress::new(secs(0));
    let mut told = Vec::new();
    let groups: Vec<_> = samples.split('|').collect();
    for (index, group) in groups.iter().enumerate() {
        let seen: Vec<_> = group.split_whitespace().map(observation).collect();
        let is_last = index + 1 == groups.len();
        let at = if is_last { secs(now) } else { seen.last().map_or(secs(now), |o| o.at) };
        let decision = decide(&progress, &seen, terms, at);
        told.extend(decision.events.iter().map(print));
        progress = decision.after;
    }
    told.push(format!("{} {}", progress.state.word(), progress.since.0 / 1_000_000_000));
    if progress.health == Health::NoData {
        told.push("no data".to_owned());
    }
    assert_eq!(told.join(" · "), expected, "{samples}");
}

fn observation(text: &str) -> Observation {
    let (at, value) = text.split_once(':').unwrap();
    let value = (value != "-").then(|| value.parse().unwrap());
    Observation { at: secs(at.parse().unwrap()), value }
}

fn print(event: &Event) -> String {
    match event {
        Event::Fired { at, .. } => format!("fired {}", at.0 / 1_000_000_000),
        Event::Resolved { at, cause, .. } => {
            format!("resolved {} {}", at.0 / 1_000_000_000, cause.word())
        }
    }
}

fn secs(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

/// Above 90 for so many seconds.
fn above(duration: i64) -> Terms {
    Terms {
        condition: Some((Compare::Gt, 90.0)),
        recovery: None,
        duration: Span::from_secs(duration),
        floor: Timestamp::MIN,
    }
}

#[test]
fn pending_fires_when_it_has_lasted() {
    check(&above(30), "0:95", 29, "pending 0");
    check(&above(30), "0:95", 30, "fired 30 · firing 30");
    check(&above(30), "0:95 10:95 20:95 30:95", 30, "fired 30 · firing 30");
    check(&above(30), "0:95 10:95 20:95 33:95", 33, "fired 30 · firing 30");
    check(&above(0), "7:95", 7, "fired 7 · firing 7");
    check(&above(30), "", 100, "inactive 0");
}

#[test]
fn it_does_not_fire_when_the_data_at_hand_already_say_otherwise() {
    check(&above(30), "0:95 10:95 20:95 31:5", 31, "inactive 31");
    check(&above(30), "0:95 10:95 20:5 30:95", 40, "pending 30");
}

#[test]
fn silence_neither_matures_nor_resolves() {
    check(&above(120), "0:95 10:95", 130, "pending 0 · no data");
    check(&above(0), "0:95 10:95", 5_000, "fired 0 · firing 0 · no data");
    check(&above(120), "0:95 10:95 | 200:95", 200, "pending 200");
    check(&above(120), "0:95 10:95 | 70:95 | 120:95", 120, "fired 120 · firing 120");
}

#[test]
fn a_day_of_silence_ends_it() {
    check(&above(0), "0:95", 86_399, "fired 0 · firing 0 · no data");
    let expired = "fired 0 · resolved 86400 expired · resolved 86400 · no data";
    check(&above(0), "0:95 |", 86_400, expired);
    check(&above(90_000), "0:95 |", 86_400, "inactive 86400 · no data");
}

#[test]
fn what_was_judged_is_not_judged_again() {
    check(&above(0), "10:95 | 5:1 10:1 9:1", 12, "fired 10 · firing 10");
    check(&above(0), "10:5 | 4:95", 12, "inactive 0");
}

#[test]
fn samples_after_now_wait() {
    check(&above(0), "10:5 20:95", 19, "inactive 0");
}

#[test]
fn many_things_can_happen_between_two_ticks() {
    let story = "fired 0 · resolved 10 recovered · fired 20 · resolved 30 recovered · resolved 30";
    check(&above(0), "0:95 10:5 20:95 30:5", 30, story);
}

#[test]
fn between_the_thresholds_it_recovers_and_relapses() {
    let terms = Terms { recovery: Some(80.0), ..above(0) };
    check(&terms, "0:95 10:85", 10, "fired 0 · recovering 10");
    check(&terms, "0:95 10:85 20:95", 20, "fired 0 · firing 0");
    check(&terms, "0:95 10:85 20:80", 20, "fired 0 · resolved 20 recovered · resolved 20");
    check(&terms, "0:85", 0, "inactive 0");
    let pending = Terms { duration: Span::MINUTE, ..terms };
    check(&pending, "0:95 10:85", 10, "inactive 10");
}

#[test]
fn nan_holds_only_under_not_equal() {
    check(&above(0), "0:95 10:NaN", 10, "fired 0 · firing 0");
    check(&above(0), "0:NaN", 10, "inactive 0");
    let terms = Terms { condition: Some((Compare::Ne, 1.0)), ..above(0) };
    check(&terms, "0:NaN", 0, "fired 0 · firing 0");
}

#[test]
fn without_a_comparison_only_absence_is_right() {
    let terms = Terms { condition: None, ..above(0) };
    check(&terms, "0:0", 0, "fired 0 · firing 0");
    check(&terms, "0:0 10:-", 10, "fired 0 · resolved 10 recovered · resolved 10");
    check(&terms, "0:1 10:-", 500, "fired 0 · resolved 10 recovered · resolved 10");
}

#[test]
fn nothing_before_the_floor_fires() {
    let terms = Terms { floor: secs(100), ..above(30) };
    check(&terms, "0:95 10:95 50:95", 99, "pending 0");
    check(&terms, "0:95 50:95 90:95", 100, "fired 100 · firing 100");
    check(&terms, "0:95 50:95 60:5", 100, "inactive 60");
    check(&terms, "0:95 50:95 90:95 120:95", 120, "fired 100 · firing 100");
}

#[test]
fn a_rhythm_is_learned_and_an_outage_is_not_one() {
    let mut interval = None;
    for gap in [10, 10, 3_600] {
        interval = Some(adapted(interval, Span::from_secs(gap)));
    }
    assert_eq!(interval, Some(Span::from_secs(20)), "an hour of outage weighs one step");
    assert_eq!(silence(interval), SILENCE_MIN);
    for _ in 0..5 {
        interval = Some(adapted(interval, Span::from_secs(300)));
    }
    assert_eq!(silence(interval), Span::from_secs(900), "a new rhythm is learned");
    assert_eq!(adapted(Some(Span(1)), Span::ZERO), Span(1));
}

#[test]
fn the_peak_is_the_worst_in_the_direction_of_the_rule() {
    let peak = |compare, values: &[f64]| {
        let terms = Terms { condition: Some((compare, 50.0)), ..above(0) };
        values.iter().fold(None, |peak, value| Some(terms.worse(peak, *value)))
    };
    assert_eq!(peak(Compare::Gt, &[60.0, 99.0, 70.0]), Some(99.0));
    assert_eq!(peak(Compare::Lte, &[40.0, 5.0, 30.0]), Some(5.0));
    assert_eq!(peak(Compare::Ne, &[49.0, 10.0, 60.0]), Some(10.0));
    assert_eq!(peak(Compare::Ne, &[f64::NAN, 10.0]), Some(10.0));
}

#[test]
fn a_day_of_flapping_is_decided_in_pieces_and_nothing_is_lost() {
    let flap = |index: i64| Observation {
        at: secs(index * 10),
        value: Some(if index % 2 == 0 { 95.0 } else { 5.0 }),
    };
    let seen: Vec<_> = (0..1_000).map(flap).collect();
    let (mut progress, mut rounds, mut events) = (Progress::new(secs(0)), 0, 0);
    loop {
        let decision = decide(&progress, &seen, &above(0), secs(10_000));
        progress = decision.after;
        rounds += 1;
        events += decision.events.len();
        assert!(decision.events.len() <= EVENTS_MAX);
        if decision.events.is_empty() {
            break;
        }
    }
    assert_eq!((events, progress.epoch), (1_000, 500));
    assert!(rounds > 10);
}

#[test]
fn only_what_a_restart_cannot_find_again_is_durable() {
    let before = Progress::new(secs(0));
    let quiet = decide(&before, &[observation("10:5")], &above(0), secs(10));
    assert!(!quiet.is_durable(&before));
    let pending = decide(&before, &[observation("10:95")], &above(60), secs(10));
    assert!(pending.is_durable(&before));
    let still = decide(&pending.after, &[observation("20:95")], &above(60), secs(20));
    assert!(!still.is_durable(&pending.after));
    let again = decide(&still.after, &[observation("500:95")], &above(60), secs(500));
    assert!(again.is_durable(&still.after), "it began again");
}

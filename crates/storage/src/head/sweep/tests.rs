//! Streams that are taken away while others, or they themselves, are written to.

use super::super::tests::{head, identify, place, scope};
use super::super::{Head, HeadPart, Stage};
use model::{Field, Row, Timestamp, ValueRef};
use std::sync::atomic::{AtomicBool, Ordering};

const STREAMS: usize = 50;
const ROUNDS: i64 = 400;

/// One row of each stream whose number is a multiple of `every`, as a body brings them.
fn write(head: &Head, stage: &mut Stage, round: i64, every: usize) {
    let _entered = head.enter();
    let mut resolver = head.resolver();
    for stream in (0..STREAMS).step_by(every) {
        let key = format!("m{stream}");
        let found = resolver
            .find(scope(), key.as_bytes(), identify, |names| Ok(place(head, &names.0)))
            .expect("found");
        let fields = [Field { name: "v", value: ValueRef::I64(stream as i64) }];
        let shape = head.gain(found.place, &fields).expect("gained");
        let (line, timestamp) = (1, Timestamp(round));
        let row = Row { line, key: key.as_bytes(), timestamp, fields: &fields };
        stage.push(found.place, &shape, &row).expect("it has the column");
    }
    drop(resolver);
    let applied = stage.drain(|number, frame| {
        let partition = &head.partitions()[usize::from(number)];
        partition.apply(frame, Timestamp(0), |_, _| 1).map(|grown| head.grew(grown))
    });
    applied.expect("applied");
}

/// Takes all rows out, as a flush does, each of the stream it was written to; answers how
/// many.
fn flush(head: &Head) -> usize {
    let mut rows = 0;
    for partition in head.partitions() {
        for frozen in partition.freeze() {
            let own: i64 = frozen.identity.key.measurement[1..].parse().expect("a number");
            for part in &frozen.parts {
                let HeadPart::Rows(part) = part else { panic!("too few rows for a chunk") };
                part.each(0, |_, value| {
                    assert_eq!(value, ValueRef::I64(own));
                    rows += 1;
                });
            }
        }
        head.grew(-(partition.thaw() as i64));
    }
    rows
}

#[test]
fn rows_stay_with_their_streams_while_others_leave() {
    let head = head(2);
    let is_over = AtomicBool::new(false);
    let flushed = std::thread::scope(|scope| {
        let flusher = scope.spawn(|| {
            let (mut rows, mut gone) = (0, 0);
            while !is_over.load(Ordering::Acquire) {
                rows += flush(&head);
                // Whoever did not come between some of these is idle.
                gone += head.evict();
            }
            (rows, gone)
        });
        let mut stage = head.stage();
        for round in 0..ROUNDS {
            // Streams leave and come back, each at its own pace.
            write(&head, &mut stage, round, 1 + round as usize % 7);
        }
        is_over.store(true, Ordering::Release);
        flusher.join().expect("flushed")
    });
    let rows = flushed.0 + flush(&head);
    let written = |round: i64| STREAMS.div_ceil(1 + round as usize % 7);
    assert_eq!(rows, (0..ROUNDS).map(written).sum::<usize>());
    let known = head.streams();
    // All are idle now; whoever was counted is counted out.
    for _ in 0..3 {
        flush(&head);
    }
    assert_eq!(head.evict(), known);
    assert_eq!((head.streams(), head.schema.series()), (0, 0));
}

#[test]
fn a_stream_that_is_spelled_again_stays() {
    let head = head(1);
    let stream = place(&head, "m");
    let make = |resolver: &mut super::super::Resolver<'_>| {
        let found = resolver.find(scope(), b"m", identify, |names| Ok(place(&head, &names.0)));
        found.expect("found").place
    };
    assert_eq!(make(&mut head.resolver()), stream);
    head.directory.forget(|_| true);
    assert!(!head.directory.is_spelled_again(stream));
    assert_eq!(make(&mut head.resolver()), stream);
    assert!(head.directory.is_spelled_again(stream));
    head.directory.end_forgetting();
    assert!(!head.directory.is_spelled_again(stream));
}

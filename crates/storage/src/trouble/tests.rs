use super::*;
use std::io;

fn name() -> Name {
    let text = "0001-00000-019675-0001-0000000000000001-0000000000000004-0001.block";
    Name::parse(text).expect("a name")
}

fn error() -> Error {
    Error::Io(io::Error::other("read x: I/O error"))
}

#[test]
fn what_fails_again_is_tried_ever_more_rarely_and_told_once() {
    let troubles = Troubles::default();
    let of = (Kind::Merge, name());
    let mut now = Timestamp::EPOCH;
    let mut waits = Vec::new();
    for tries in 0..80 {
        assert_eq!(troubles.note(of, TimeRange::ALL, &error(), now), tries == 0);
        assert_eq!(troubles.unmerged(now), [name()]);
        let began = now;
        while troubles.due(Kind::Merge, now).is_empty() {
            assert!(!troubles.unmerged(now).is_empty());
            now = now + Span(10 * Span::SECOND.0);
        }
        assert!(troubles.unmerged(now).is_empty());
        waits.push((now - began).0 / Span::SECOND.0);
    }
    assert_eq!(waits[..4], [10, 20, 40, 80]);
    assert_eq!(waits[79], 3600);
    troubles.end(Kind::Merge, name());
    assert!(troubles.note(of, TimeRange::ALL, &error(), now), "a new one is told again");
}

#[test]
fn answers_say_what_cannot_be_read() {
    let troubles = Troubles::default();
    let range = TimeRange::new(Timestamp(10), Timestamp(20));
    let told = |start, end| {
        let budget = Budget::unlimited();
        troubles.tell(TimeRange::new(Timestamp(start), Timestamp(end)), &budget);
        budget.warnings().len()
    };
    troubles.note((Kind::Merge, name()), range, &error(), Timestamp(0));
    assert_eq!(told(0, 100), 0, "it can be read");
    for kind in [Kind::Open, Kind::Fields] {
        troubles.note((kind, name()), range, &error(), Timestamp(0));
        assert_eq!((told(0, 9), told(20, 30), told(21, 30)), (0, 1, 0));
        troubles.end(kind, name());
        assert_eq!(told(0, 100), 0);
    }
}

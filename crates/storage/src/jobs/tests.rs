use super::*;
use std::path::Path;

#[test]
fn a_job_is_followed_from_its_begin_to_its_end() {
    let jobs = Jobs::default();
    let (kind, second) = (JobKind::Merge, Span::SECOND);
    let at = |seconds: i64| Timestamp(seconds * second.0);
    assert_eq!(jobs.stats(kind), JobStats::default());
    jobs.begin(kind, 100, at(10));
    jobs.advance(kind, 30, at(11));
    jobs.advance(kind, 30, at(12));
    let stats = jobs.stats(kind);
    assert_eq!((stats.is_running, stats.bytes_done, stats.bytes), (true, 60, 100));
    // More than there was: rows that came meanwhile.
    jobs.advance(kind, 90, at(12));
    assert_eq!(jobs.stats(kind).bytes_done, 100);
    jobs.end(kind, None, at(13));
    let expected = JobStats {
        bytes_done: 100,
        bytes: 100,
        ended: 1,
        took_ns: 3_000_000_000,
        ..JobStats::default()
    };
    assert_eq!(jobs.stats(kind), expected);

    jobs.begin(kind, 50, at(20));
    jobs.reach(kind, 20, at(20));
    let error = Error::damaged(Path::new("/block"), 7, "it is");
    jobs.end(kind, Some(&error), at(21));
    let stats = jobs.stats(kind);
    assert_eq!((stats.ended, stats.failed, stats.failed_at), (2, 1, Some(at(21))));
    assert_eq!((stats.is_running, stats.bytes_done), (false, 20));
    assert_eq!(jobs.stats(JobKind::Flush), JobStats::default());
}

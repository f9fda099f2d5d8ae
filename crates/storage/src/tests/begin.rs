//! Bodies that are begun, and told of later.

use super::rig::*;
use crate::disk::simulated::{Fault, Simulated};
use model::port::{Sink, WriteError};
use model::{Target, Value, WriteReport};
use parking_lot::Mutex;
use std::sync::Arc;

/// What was told so far, in its order.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Result<WriteReport, WriteError>>>>);

impl Told {
    /// Begins a body; false where there was no room.
    fn begin(&self, rig: &Rig, points: &[Point]) -> bool {
        let told = self.clone();
        let target = Target { database: "metrics".into(), policy: None };
        let kept = Box::new(move |report| told.0.lock().push(report));
        rig.store.begin(&target, &mut Body::new(points), kept).is_none()
    }

    fn take(&self) -> Vec<Result<WriteReport, WriteError>> {
        std::mem::take(&mut *self.0.lock())
    }
}

#[test]
fn who_begins_is_told_once_it_is_on_disk() {
    let rig = Rig::new();
    let told = Told::default();
    for n in 0..3 {
        assert!(told.begin(&rig, &[float("cpu", NOW + n, 1.0)]));
    }
    assert_eq!(told.take(), [], "nothing is on disk yet");
    rig.store.commit();
    let reports = told.take();
    assert_eq!(reports.len(), 3);
    assert!(reports.iter().all(|report| report.as_ref().expect("kept").rows == 1));
    rig.store.commit();
    assert_eq!(told.take(), []);
    let rig = rig.lose_power(0, options());
    assert_eq!(rig.all()["cpu value"].len(), 3);
}

#[test]
fn a_writer_that_waits_leads_for_those_who_do_not() {
    let rig = Rig::new();
    let told = Told::default();
    assert!(told.begin(&rig, &[float("cpu", NOW, 1.0)]));
    rig.put(&[float("cpu", NOW + 1, 1.0)]);
    assert_eq!(told.take().len(), 1);
}

#[test]
fn a_body_without_rows_is_told_at_once() {
    let rig = Rig::new();
    let told = Told::default();
    assert!(told.begin(&rig, &[]));
    assert_eq!(told.take(), [Ok(WriteReport::default())]);
}

#[test]
fn a_failed_sync_is_told_to_everyone_in_it() {
    let rig = Rig::new();
    rig.put(&[float("cpu", NOW, 1.0)]);
    let told = Told::default();
    for n in 1..3 {
        assert!(told.begin(&rig, &[float("cpu", NOW + n, 1.0)]));
    }
    // The next operation writes, the one after it syncs.
    rig.disk.fail_at(rig.disk.operations() + 1, Fault::Syncs);
    rig.store.commit();
    rig.disk.fail_at(u64::MAX, Fault::Syncs);
    let reports = told.take();
    assert_eq!(reports.len(), 2);
    assert!(reports.iter().all(|report| matches!(report, Err(WriteError::Failed { .. }))));
    // With the log in doubt there is no room to begin; whoever waits mends it.
    assert!(!told.begin(&rig, &[float("cpu", NOW + 3, 1.0)]));
    rig.put(&[float("cpu", NOW + 3, 1.0)]);
    assert!(told.begin(&rig, &[float("cpu", NOW + 4, 1.0)]));
    // A sync that fails once is nobody's loss.
    rig.disk.fail_at(rig.disk.operations() + 1, Fault::Sync);
    rig.store.commit();
    assert!(matches!(told.take()[..], [Ok(_)]));
    assert_eq!(rig.lose_power(0, options()).all()["cpu value"].len(), 3);
}

#[test]
fn without_room_nothing_is_begun() {
    let full = crate::Options { head_bytes_max: 100, ..options() };
    let rig = Rig::with(Simulated::new(), full).expect("open");
    rig.put(&[point("cpu", NOW, &[("text", Value::Str("x".repeat(500)))])]);
    let told = Told::default();
    assert!(!told.begin(&rig, &[float("cpu", NOW, 1.0)]));
    assert_eq!(told.take(), []);
    rig.store.close().expect("close");
    assert!(!told.begin(&rig, &[float("cpu", NOW, 1.0)]));
}

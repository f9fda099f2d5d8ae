use super::*;

#[test]
fn a_worker_that_sleeps_at_its_bell_stops_at_once() {
    let worker = Worker::start("sleeper", |bell| {
        assert!(bell.sleep(Duration::from_secs(3_600)));
        assert!(bell.has_rung());
    });
    worker.unwrap().stop();
}

#[test]
fn a_worker_that_sleeps_elsewhere_is_woken_to_stop() {
    let (wake, woken) = std::sync::mpsc::channel();
    let worker = Worker::start("sleeper", move |bell| {
        woken.recv().unwrap();
        assert!(bell.has_rung(), "the bell rings before the wake");
    });
    worker.unwrap().woken_by(move || wake.send(()).unwrap()).stop();
}

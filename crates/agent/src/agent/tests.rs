use super::*;
use crate::stand_in::{Reply, StandIn};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;
use tempfile::TempDir;

/// A host of two files.
fn roots(dir: &Path) -> Roots {
    std::fs::create_dir_all(dir.join("proc")).unwrap();
    std::fs::write(dir.join("proc/loadavg"), "0.5 1 2 1/2 3\n").unwrap();
    std::fs::write(dir.join("proc/uptime"), "1000.0 0\n").unwrap();
    Roots { proc: dir.join("proc"), sys: dir.join("sys"), mounts: dir.into(), utmp: dir.join("u") }
}

fn config(server: &StandIn, dir: &Path) -> AgentConfig {
    AgentConfig {
        url: server.url(),
        host: Some("h".to_owned()),
        interval: Span::from_millis(100),
        buffer_dir: dir.join("buffer"),
        timeout: Span::from_secs(2),
        tags: BTreeMap::from([("region".to_owned(), "eu".to_owned())]),
        ..AgentConfig::default()
    }
}

/// Runs an agent until `done`, ten seconds at most.
fn run(config: AgentConfig, dir: &Path, done: impl Fn() -> bool) {
    let mut agent = Agent::with_roots(config, roots(dir)).unwrap();
    let millis = Duration::from_millis;
    agent.backoff = Backoff::between(millis(10), millis(100), 1);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let running = scope.spawn(|| agent.run(&stop));
        let started = Instant::now();
        while !done() && started.elapsed() < Duration::from_secs(10) {
            thread::sleep(millis(5));
        }
        stop.store(true, Ordering::Relaxed);
        running.join().unwrap().unwrap();
    });
}

/// Timestamps of the `system` lines.
fn ticks(lines: &str) -> Vec<i64> {
    let system = lines.lines().filter(|line| line.starts_with("system,host=h,region=eu "));
    system.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect()
}

#[test]
fn every_tick_arrives_once_and_in_order_through_an_outage_and_a_restart() {
    let dir = TempDir::new().unwrap();
    let outage = [Reply::Status(204, ""), Reply::HangUp, Reply::Status(503, "retry-after: 0")];
    let server = StandIn::start(outage.into_iter().chain([Reply::HangUp; 4]));
    let config = config(&server, dir.path());
    run(config.clone(), dir.path(), || server.requests().len() >= 5);
    run(config, dir.path(), || ticks(&server.taken()).len() >= 12);
    let ticks = ticks(&server.taken());
    assert!(ticks.len() >= 12, "{ticks:?}");
    assert!(ticks.iter().all(|tick| tick % 100_000_000 == 0), "aligned: {ticks:?}");
    assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]), "once, in order: {ticks:?}");
    assert!(server.taken().contains("barograph_agent,host=h,region=eu lines_sent="));
}

#[test]
fn what_was_not_sent_at_the_stop_is_sent_by_the_next_run() {
    let dir = TempDir::new().unwrap();
    let server = StandIn::start([Reply::HangUp; 3]);
    let config = config(&server, dir.path());
    run(config.clone(), dir.path(), || server.requests().len() >= 2);
    assert_eq!(server.taken(), "");
    let kept = Buffer::open(&config.buffer_dir, config.buffer_bytes_max).unwrap().bytes();
    assert!(kept > 0, "lines wait on disk");
    run(config, dir.path(), || ticks(&server.taken()).len() >= 4);
    assert!(ticks(&server.taken()).windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn a_setting_that_cannot_work_is_refused_at_once() {
    let config = AgentConfig { url: "nowhere".to_owned(), ..AgentConfig::default() };
    let error = Agent::new(config).expect_err("it is refused");
    assert_eq!(
        error.to_string(),
        "agent configuration: url \"nowhere\" must be like http://127.0.0.1:7373"
    );
}

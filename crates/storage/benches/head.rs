//! What a series costs in the head: memory, time to write, time to come back after a stop.
//!
//! `cargo bench -p barograph-storage --bench head -- memory|growth|disorder|restart|stall|churn|sync [series] [wide|narrow]`.
//! Two shapes: `wide`, rows of ten fields as TSBS's "cpu" has them, and `narrow`, one sample a
//! row with about ten labels, as Prometheus sends them. Time is simulated. Memory is what the
//! process has resident above what it had before the store was opened (one shape a run: freed
//! memory of another would be taken first); time is CPU time of
//! the writing thread, the making of rows included and told apart as `source`.

#[path = "head/churn.rs"]
mod churn;
#[path = "head/load.rs"]
mod load;
#[path = "head/rig.rs"]
mod rig;
#[path = "head/stall.rs"]
mod stall;

use load::{Load, Order, Shape};
use rig::Rig;
use std::time::Instant;
use storage::Fsync;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let series = words.get(1).and_then(|word| word.parse().ok());
    let is_wanted = |shape: &Shape| words.get(2).is_none_or(|word| word == shape.name());
    let shapes: Vec<Shape> = [Shape::Wide, Shape::Narrow].into_iter().filter(is_wanted).collect();
    match words.first().map_or("memory", String::as_str) {
        "memory" => memory(&shapes, series.unwrap_or(1_000_000)),
        "growth" => growth(&shapes, series.unwrap_or(5_000_000)),
        "disorder" => disorder(&shapes, series.unwrap_or(1_000_000)),
        "restart" => restart(&shapes, series.unwrap_or(1_000_000)),
        "stall" => stall(&shapes, series.unwrap_or(200_000)),
        "churn" => {
            churn::measure(&mut Load::new(Shape::Narrow, 0), series.unwrap_or(1_000_000), 15)
        }
        "sync" => sync(),
        other => eprintln!("there is no bench {other:?}"),
    }
}

/// Bytes a series after one, ten and more rounds of ten seconds.
fn memory(shapes: &[Shape], series: usize) {
    println!(
        "{:<8}{:>10}{:>8}{:>12}{:>12}{:>12}{:>10}",
        "shape", "series", "rounds", "B/series", "rows B", "other B", "ns/value"
    );
    for shape in shapes.iter().copied() {
        let load = Load::new(shape, series / shape.fields());
        let rig = Rig::new("memory", u64::MAX / 4);
        let before = rig::resident();
        let mut spent = 0;
        for round in 0..360 {
            spent += rig.round(&load, round, Order::Sorted);
            if [1, 10, 60, 120, 180, 360].contains(&(round + 1)) {
                let all = rig::resident().saturating_sub(before) as f64 / series as f64;
                let rows = rig.store.stats().head_bytes as f64 / series as f64;
                let values = (round + 1) as f64 * series as f64;
                println!(
                    "{:<8}{series:>10}{:>8}{all:>12.1}{rows:>12.1}{:>12.1}{:>10.1}",
                    shape.name(),
                    round + 1,
                    all - rows,
                    spent as f64 / values
                );
            }
        }
    }
}

/// CPU time a value by how many series there are.
fn growth(shapes: &[Shape], series_max: usize) {
    println!("{:<8}{:>10}{:>12}{:>12}{:>12}", "shape", "series", "ns/value", "source", "first ns");
    for shape in shapes.iter().copied() {
        for series in [100_000, 1_000_000, series_max] {
            let load = Load::new(shape, series / shape.fields());
            let rig = Rig::new("growth", u64::MAX / 4);
            let first = rig.round(&load, 0, Order::Sorted);
            let rounds = (10_000_000 / series).clamp(6, 30);
            let best = best_round(&rig, &load, 1..rounds, Order::Sorted);
            let source = (0..3).map(|_| load.drain(1, Order::Sorted)).min().unwrap_or(0);
            let each = |spent: u64| spent as f64 / series as f64;
            println!(
                "{:<8}{series:>10}{:>12.1}{:>12.1}{:>12.1}",
                shape.name(),
                each(best),
                each(source),
                each(first)
            );
        }
    }
}

fn best_round(rig: &Rig, load: &Load, rounds: std::ops::Range<usize>, order: Order) -> u64 {
    rounds.map(|round| rig.round(load, round, order)).min().unwrap_or(0)
}

/// Other orders than that of the first round, compared with it.
fn disorder(shapes: &[Shape], series: usize) {
    println!(
        "{:<8}{:>10} {:<10}{:>12}{:>12}{:>8}",
        "shape", "series", "order", "ns/value", "source", "ratio"
    );
    for shape in shapes.iter().copied() {
        let mut ordered = 0.0;
        for order in [Order::Sorted, Order::Shuffled, Order::Late, Order::Fresh] {
            let load = Load::new(shape, series / shape.fields());
            let rig = Rig::new("disorder", u64::MAX / 4);
            rig.round(&load, 0, Order::Sorted);
            let best = best_round(&rig, &load, 1..12, order) as f64 / series as f64;
            let source =
                (0..3).map(|_| load.drain(1, order)).min().unwrap_or(0) as f64 / series as f64;
            if order == Order::Sorted {
                ordered = best - source;
            }
            println!(
                "{:<8}{series:>10} {:<10}{best:>12.1}{source:>12.1}{:>8.2}",
                shape.name(),
                format!("{order:?}"),
                (best - source) / ordered
            );
        }
    }
}

/// How long a store with a full log takes to open, after a kill and after a clean stop:
/// seconds, and of all threads the CPU seconds.
fn restart(shapes: &[Shape], series: usize) {
    println!(
        "{:<8}{:>10}{:>10}{:>14}{:>14}{:>14}{:>14}",
        "shape", "series", "log MiB", "killed", "close", "open", "first write"
    );
    for shape in shapes.iter().copied() {
        let load = Load::new(shape, series / shape.fields());
        let mut rig = Rig::on_disk("restart");
        let mut round = 0;
        while rig.store.stats().wal_bytes < 512 << 20 {
            rig.round(&load, round, Order::Sorted);
            round += 1;
        }
        let log = rig.store.stats().wal_bytes >> 20;
        let timed = |work: &mut dyn FnMut()| {
            let (start, cpu) = (Instant::now(), rig::process_cpu());
            work();
            format!("{:.2} / {:.2}", start.elapsed().as_secs_f64(), rig::process_cpu() - cpu)
        };
        let killed = timed(&mut || rig.reopen());
        assert_eq!(rig.store.stats().replayed_rows, (round * load.streams) as u64);
        let close = timed(&mut || rig.store.close().expect("close"));
        let open = timed(&mut || rig.reopen());
        let write = timed(&mut || assert!(rig.round(&load, round, Order::Sorted) > 0));
        let name = shape.name();
        println!("{name:<8}{series:>10}{log:>10}{killed:>14}{close:>14}{open:>14}{write:>14}");
    }
}

/// The longest calls of a writer while background work runs beside it, with and without
/// a sync of each body.
fn stall(shapes: &[Shape], series: usize) {
    println!(
        "{:<8}{:<8}{:<18}{:>10}{:>8}{:>12}{:>12}{:>12}",
        "shape", "fsync", "beside", "seconds", "calls", "mean ms", "longest ms", "blocked ms"
    );
    for shape in shapes.iter().copied() {
        let load = Load::new(shape, series / shape.fields());
        for fsync in [Fsync::Off, Fsync::Always] {
            stall::measure(&load, fsync);
        }
    }
}

/// Values a second of one connection that waits for each sync, by lines in a body.
fn sync() {
    println!(
        "{:>8}{:>14}{:>14}{:>14}{:>12}",
        "lines", "values/s", "syncs/s", "sync us", "CPU ns/v"
    );
    let load = Load::new(Shape::Wide, 10_000);
    for lines in [100, 1_000, 10_000] {
        let rig = Rig::synced("sync");
        rig.round(&load, 0, Order::Sorted);
        let (start, before) = (Instant::now(), rig.store.stats());
        let mut round = 1;
        let mut spent = 0;
        while start.elapsed().as_secs_f64() < 3.0 {
            spent += rig.bodies(&load, round, Order::Sorted, lines);
            round += 1;
        }
        let (took, stats) = (start.elapsed().as_secs_f64(), rig.store.stats());
        let values = (stats.values_written - before.values_written) as f64;
        let syncs = (stats.wal_fsync_count - before.wal_fsync_count) as f64;
        let each = (stats.wal_fsync_ns - before.wal_fsync_ns) as f64 / syncs / 1e3;
        println!(
            "{lines:>8}{:>14.0}{:>14.0}{each:>14.0}{:>12.1}",
            values / took,
            syncs / took,
            spent as f64 / values
        );
    }
}

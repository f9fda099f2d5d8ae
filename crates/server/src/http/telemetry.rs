//! `GET /metrics`: what the server and its rooms count, as Prometheus text.

use super::Shared;
use crate::house::{House, Phase, Rooms};
use crate::metrics::{Kind, Language, Process, Text};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::fmt::Display;
use storage::{JobKind, JobStats, Stats};

/// The media type of the text format.
const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /metrics`. It answers while the store replays, without what the rooms count.
pub async fn metrics(State(house): State<Shared>) -> Response {
    let text = super::blocking(move || {
        let mut text = Text::default();
        of_server(&mut text, &house);
        of_writes(&mut text, &house);
        of_queries(&mut text, &house);
        let rooms = house.rooms();
        of_limits(&mut text, &house, rooms.as_deref());
        if let Some(rooms) = rooms {
            of_store(&mut text, &rooms);
            of_jobs(&mut text, &rooms);
            of_alerts(&mut text, &rooms);
        }
        of_process(&mut text, &Process::read());
        text.finish()
    });
    match text.await {
        Ok(text) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response(),
        Err(fail) => fail.into_response(),
    }
}

fn of_server(text: &mut Text, house: &House) {
    text.family("barograph_build_info", Kind::Gauge, "Always 1; the version is a label.");
    text.sample("barograph_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    let ready = u8::from(house.phase() == Phase::Ready);
    text.single("barograph_ready", Kind::Gauge, "Whether everything answers.", ready);
    text.family("barograph_degraded", Kind::Gauge, "Parts that do not work as they should.");
    for part in house.troubles().keys() {
        text.sample("barograph_degraded", &[("part", part)], 1);
    }
    gauge(
        text,
        "barograph_http_connections",
        "Connections that are open now.",
        house.metrics.connections.get(),
    );
    let name = "barograph_http_requests_total";
    text.family(name, Kind::Counter, "Requests by class of status.");
    for ([class], count) in house.metrics.http_requests.snapshot() {
        text.sample(name, &[("class", class)], count);
    }
    let name = "barograph_http_denied_total";
    text.family(name, Kind::Counter, "Requests without a good token, or from another site's page.");
    for ([reason], count) in house.metrics.http_denied.snapshot() {
        text.sample(name, &[("reason", reason)], count);
    }
    let metrics = &house.metrics;
    counter(
        text,
        "barograph_collections_total",
        "Readings of this host.",
        metrics.collections.get(),
    );
    counter(
        text,
        "barograph_collection_failures_total",
        "Readings of this host that were not kept as a whole.",
        metrics.collection_failures.get(),
    );
    counter(
        text,
        "barograph_maintenance_failures_total",
        "Rounds of the store's background work that failed.",
        metrics.maintenance_failures.get(),
    );
}

fn of_writes(text: &mut Text, house: &House) {
    let metrics = &house.metrics;
    let name = "barograph_points_total";
    text.family(name, Kind::Counter, "Points (rows) kept, by the way they came.");
    for ([protocol], count) in metrics.rows.snapshot() {
        text.sample(name, &[("protocol", protocol)], count);
    }
    let name = "barograph_values_total";
    text.family(name, Kind::Counter, "Field values kept, by the way they came.");
    for ([protocol], count) in metrics.values.snapshot() {
        text.sample(name, &[("protocol", protocol)], count);
    }
    let name = "barograph_points_refused_total";
    text.family(name, Kind::Counter, "Points refused, by reason.");
    for ([reason], count) in metrics.refused.snapshot() {
        text.sample(name, &[("reason", reason)], count);
    }
    let name = "barograph_write_requests_total";
    text.family(name, Kind::Counter, "Write requests by protocol and status.");
    for ([protocol, status], count) in metrics.write_requests.snapshot() {
        text.sample(name, &[("protocol", protocol), ("status", status)], count);
    }
    let name = "barograph_write_seconds";
    text.family(name, Kind::Histogram, "From the whole body to its acknowledgement.");
    text.histogram(name, &[], &metrics.write_seconds.snapshot());
    counter(
        text,
        "barograph_write_bytes_total",
        "Bytes of write bodies as they came.",
        metrics.write_bytes.get(),
    );
    gauge(
        text,
        "barograph_write_inflight_bytes",
        "Memory that bodies take now.",
        house.inflight.used(),
    );
}

/// What refuses writes, and how often it did, by its key in the configuration. One that has
/// refused nothing is there with 0, so that the first time shows as a rise.
fn of_limits(text: &mut Text, house: &House, rooms: Option<&Rooms>) {
    let of_bodies = [
        ("body_bytes_max", house.limits.body_bytes_max),
        ("body_decompressed_bytes_max", house.limits.decompressed_bytes_max),
        ("inflight_bytes_max", house.inflight.bytes_max()),
    ];
    let of_store = rooms.map(|rooms| rooms.store.limits());
    let limits: Vec<_> = of_bodies.into_iter().chain(of_store.into_iter().flatten()).collect();
    let name = "barograph_limit";
    text.family(name, Kind::Gauge, "Limits of writes: the most, or of the disk the least free.");
    for (limit, most) in &limits {
        text.sample(name, &[("limit", limit)], most);
    }
    let name = "barograph_limit_refused_total";
    text.family(name, Kind::Counter, "Points, or whole bodies, refused by a limit.");
    let refused = house.metrics.limit_refused.snapshot();
    for (limit, _) in limits.iter().filter(|(limit, _)| !refused.contains_key(&[*limit])) {
        text.sample(name, &[("limit", limit)], 0);
    }
    for ([limit], count) in refused {
        text.sample(name, &[("limit", limit)], count);
    }
}

fn of_queries(text: &mut Text, house: &House) {
    let metrics = &house.metrics;
    let name = "barograph_query_seconds";
    text.family(name, Kind::Histogram, "How long queries took, by language.");
    for language in Language::ALL {
        let seconds = metrics.query_seconds(language).snapshot();
        text.histogram(name, &[("language", language.name())], &seconds);
    }
    let name = "barograph_query_failures_total";
    text.family(name, Kind::Counter, "Queries without an answer, by language and reason.");
    for ([language, reason], count) in metrics.query_failures.snapshot() {
        text.sample(name, &[("language", language), ("reason", reason)], count);
    }
    counter(
        text,
        "barograph_query_samples_total",
        "Samples that queries read.",
        metrics.query_samples.get(),
    );
    gauge(
        text,
        "barograph_queries_running",
        "Queries that run now.",
        metrics.queries_running.get(),
    );
    let name = "barograph_cached_answers_total";
    text.family(name, Kind::Counter, "Answers that max_age let be kept, joined or computed.");
    for ([how], count) in metrics.cached_answers.snapshot() {
        text.sample(name, &[("how", how)], count);
    }
}

fn of_jobs(text: &mut Text, rooms: &Rooms) {
    let jobs = JobKind::ALL.map(|kind| (kind.name(), rooms.store.job_stats(kind)));
    let mut family = |name: &str, kind, help, of: &dyn Fn(&JobStats) -> Option<f64>| {
        text.family(name, kind, help);
        for (job, stats) in &jobs {
            if let Some(value) = of(stats) {
                text.sample(name, &[("job", job)], value);
            }
        }
    };
    let (gauge, counter) = (Kind::Gauge, Kind::Counter);
    let help = "Whether a background job of the store runs.";
    family("barograph_job_running", gauge, help, &|it| Some(f64::from(u8::from(it.is_running))));
    let help = "Bytes that the background job has done, or the last one had.";
    family("barograph_job_done_bytes", gauge, help, &|it| Some(it.bytes_done as f64));
    let help = "Bytes that the background job has to do, or the last one had.";
    family("barograph_job_bytes", gauge, help, &|it| Some(it.bytes as f64));
    let help = "Background jobs that have ended.";
    family("barograph_jobs_total", counter, help, &|it| Some(it.ended as f64));
    let help = "Background jobs that failed.";
    family("barograph_job_failures_total", counter, help, &|it| Some(it.failed as f64));
    let help = "How long background jobs took.";
    family("barograph_job_seconds_total", counter, help, &|it| Some(it.took_ns as f64 / 1e9));
    let help = "When the last background job failed; absent where none did.";
    let failed_at = |it: &JobStats| it.failed_at.map(|at| at.as_millis() as f64 / 1e3);
    family("barograph_job_last_failure_timestamp_seconds", gauge, help, &failed_at);
}

fn of_store(text: &mut Text, rooms: &Rooms) {
    let stats = rooms.store.stats();
    store_gauges(text, &stats);
    store_counters(text, &stats);
    let name = "barograph_wal_fsync_seconds";
    text.family(name, Kind::Summary, "Syncs of the write-ahead log.");
    text.sample("barograph_wal_fsync_seconds_sum", &[], stats.wal_fsync_ns as f64 / 1e9);
    text.sample("barograph_wal_fsync_seconds_count", &[], stats.wal_fsync_count);
}

fn store_gauges(text: &mut Text, stats: &Stats) {
    let gauges = [
        ("barograph_series", "Series that are written to.", stats.series),
        ("barograph_streams", "Streams that are written to.", stats.streams),
        ("barograph_head_bytes", "Memory of points outside blocks.", stats.head_bytes),
        ("barograph_head_bytes_max", "Most memory they may take.", stats.head_bytes_max),
        (
            "barograph_shape_bytes",
            "Memory of the lists of fields of series keys.",
            stats.shape_bytes,
        ),
        (
            "barograph_disk_free_bytes",
            "Free on the disk of the data folder, as of the last write.",
            stats.disk_free_bytes,
        ),
        ("barograph_wal_bytes", "Size of the write-ahead log.", stats.wal_bytes),
        ("barograph_wal_segments", "Files of the write-ahead log.", stats.wal_segments),
        ("barograph_blocks", "Blocks there are.", stats.block_count),
        ("barograph_block_bytes", "Size of the blocks.", stats.block_bytes),
        (
            "barograph_block_values",
            "Values in the blocks; what was rewritten and not yet merged counts twice.",
            stats.block_values,
        ),
        (
            "barograph_block_memory_bytes",
            "Memory that blocks take while nobody looks at them.",
            stats.block_memory_bytes,
        ),
        (
            "barograph_index_cache_bytes",
            "Memory of pages of blocks' indexes that were read.",
            stats.cache_bytes,
        ),
        (
            "barograph_tombstones",
            "Deletes whose rows are in blocks that were not merged since.",
            stats.tombstones,
        ),
        (
            "barograph_files_aside",
            "Damaged files that lie put aside; answers over their time are partial.",
            stats.files_aside,
        ),
        (
            "barograph_blocks_unread",
            "Blocks that cannot be read now and are tried again; answers over their time are partial.",
            stats.blocks_unread,
        ),
        (
            "barograph_blocks_unmerged",
            "Blocks that could not be merged the last time and are tried again.",
            stats.blocks_unmerged,
        ),
    ];
    for (name, help, value) in gauges {
        gauge(text, name, help, value);
    }
}

fn store_counters(text: &mut Text, stats: &Stats) {
    let counters = [
        (
            "barograph_points_late_total",
            "Points that came after a later one of their stream, those read back from the log included.",
            stats.rows_late,
        ),
        ("barograph_flushes_total", "Flushes of a partition into blocks.", stats.flushes),
        ("barograph_merges_total", "Merges of blocks.", stats.merges),
        (
            "barograph_merge_values_copied_total",
            "Values that merges took over as they were encoded.",
            stats.values_copied,
        ),
        (
            "barograph_index_cache_hits_total",
            "Pages of blocks' indexes that were found in memory.",
            stats.cache_hits,
        ),
        (
            "barograph_index_cache_misses_total",
            "Pages of blocks' indexes that had to be read.",
            stats.cache_misses,
        ),
        ("barograph_blocks_dropped_total", "Blocks that retention dropped.", stats.slices_dropped),
        (
            "barograph_streams_evicted_total",
            "Streams that left memory because nobody wrote to them.",
            stats.streams_evicted,
        ),
        (
            "barograph_replayed_rows_total",
            "Rows read back from the log at the start.",
            stats.replayed_rows,
        ),
        (
            "barograph_corruption_found_total",
            "Places where data was found to be damaged.",
            stats.corruption_found,
        ),
    ];
    for (name, help, value) in counters {
        counter(text, name, help, value);
    }
}

fn of_alerts(text: &mut Text, rooms: &Rooms) {
    let stats = match rooms.alerts.stats() {
        Ok(stats) => stats,
        Err(error) => return tracing::warn!(%error, "count alerts"),
    };
    let name = "barograph_alert_transitions_total";
    text.family(name, Kind::Counter, "Firings that began and ended here.");
    text.sample(name, &[("to", "firing")], stats.fired);
    text.sample(name, &[("to", "resolved")], stats.resolved);
    let name = "barograph_notification_attempts_total";
    text.family(name, Kind::Counter, "Attempts to notify, by channel and outcome.");
    for (channel, outcome, count) in &stats.attempts {
        text.sample(name, &[("channel", channel), ("outcome", outcome)], count);
    }
    let name = "barograph_notifications_waiting";
    text.family(name, Kind::Gauge, "Notifications to be sent, and held by a cooldown.");
    text.sample(name, &[("status", "queued")], stats.backlog.queued);
    text.sample(name, &[("status", "held")], stats.backlog.held);
    gauge(
        text,
        "barograph_notification_oldest_seconds",
        "How long the oldest due notification has been due.",
        stats.backlog.oldest.unwrap_or_default().as_secs_f64(),
    );
    gauge(text, "barograph_alert_rules", "Rules there are.", stats.rules);
    gauge(
        text,
        "barograph_alert_rules_in_error",
        "Rules that could not be judged in the last round.",
        stats.rules_in_error,
    );
    let name = "barograph_alert_instances";
    text.family(name, Kind::Gauge, "Instances by state.");
    for (state, count) in &stats.instances {
        text.sample(name, &[("state", state)], count);
    }
    let name = "barograph_alert_evaluation_seconds";
    text.family(name, Kind::Summary, "Rounds of judging all rules.");
    text.sample("barograph_alert_evaluation_seconds_sum", &[], stats.tick_time.as_secs_f64());
    text.sample("barograph_alert_evaluation_seconds_count", &[], stats.ticks);
    let name = "barograph_alert_failures_total";
    text.family(name, Kind::Counter, "Rounds that failed as a whole.");
    text.sample(name, &[("round", "evaluation")], stats.tick_errors);
    text.sample(name, &[("round", "delivery")], stats.delivery_errors);
}

fn of_process(text: &mut Text, process: &Process) {
    let mut known = |name: &str, kind, help: &str, value: Option<f64>| {
        if let Some(value) = value {
            text.single(name, kind, help, value);
        }
    };
    let whole = |value: Option<u64>| value.map(|it| it as f64);
    known(
        "process_cpu_seconds_total",
        Kind::Counter,
        "User and system CPU time.",
        process.cpu_seconds,
    );
    known(
        "process_resident_memory_bytes",
        Kind::Gauge,
        "Resident memory.",
        whole(process.resident_bytes),
    );
    known(
        "process_virtual_memory_bytes",
        Kind::Gauge,
        "Virtual memory.",
        whole(process.virtual_bytes),
    );
    known(
        "process_start_time_seconds",
        Kind::Gauge,
        "Start, in seconds since the epoch.",
        process.started_at,
    );
    known("process_open_fds", Kind::Gauge, "Open file descriptors.", whole(process.open_files));
    known("process_max_fds", Kind::Gauge, "Most file descriptors.", whole(process.open_files_max));
}

fn counter(text: &mut Text, name: &str, help: &str, value: impl Display) {
    text.single(name, Kind::Counter, help, value);
}

fn gauge(text: &mut Text, name: &str, help: &str, value: impl Display) {
    text.single(name, Kind::Gauge, help, value);
}

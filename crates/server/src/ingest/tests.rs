use super::*;
use axum::body::Body;
use model::port::SystemClock;
use model::{DEFAULT_DATABASE, Refusal, Refused};
use std::io::Write;
use std::sync::Mutex;

/// Remembers the lines of what it is given.
#[derive(Default)]
struct Notebook {
    kept: Mutex<Vec<String>>,
    answer: Option<WriteError>,
    /// Whether nothing can be begun.
    is_full: bool,
    /// Told by the next commit.
    begun: Mutex<Vec<(Kept, Result<WriteReport, WriteError>)>>,
}

impl Sink for Notebook {
    fn write(&self, target: &Target, rows: &mut dyn Rows) -> Result<WriteReport, WriteError> {
        if let Some(error) = &self.answer {
            return Err(error.clone());
        }
        let mut report = WriteReport::default();
        while let Some(row) = rows.next_row() {
            match row {
                Ok(row) => {
                    report.rows += 1;
                    report.values += row.fields.len() as u64;
                    let key = String::from_utf8_lossy(row.key);
                    let line = format!("{} {key} {}", target.database, row.timestamp.0);
                    self.kept.lock().unwrap().push(line);
                }
                Err(refused) => report.refuse(refused),
            }
        }
        Ok(report)
    }

    fn begin(&self, target: &Target, rows: &mut dyn Rows, kept: Kept) -> Option<Kept> {
        if self.is_full {
            return Some(kept);
        }
        let report = self.write(target, rows);
        self.begun.lock().unwrap().push((kept, report));
        None
    }

    fn commit(&self) {
        let begun = std::mem::take(&mut *self.begun.lock().unwrap());
        begun.into_iter().for_each(|(kept, report)| kept(report));
    }
}

fn ingest(sink: &Arc<Notebook>) -> Ingest {
    let limits = Limits { body_bytes_max: 1_000, decompressed_bytes_max: 600_000 };
    Ingest::new(sink.clone(), Arc::new(SystemClock), Arc::default(), limits)
}

fn target() -> Target {
    Target { database: DEFAULT_DATABASE.into(), policy: None }
}

const LINES: Wire = Wire::Line { precision: line::Precision::S, gzip: false };

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn held(bytes: impl Into<Vec<u8>>, memory: &Arc<Memory>) -> Held {
    read(Body::from(bytes.into()), 1 << 20, memory).await.unwrap()
}

#[tokio::test]
async fn good_lines_are_kept_and_bad_ones_reported() {
    let sink = Arc::new(Notebook::default());
    let memory = Memory::new(1 << 20);
    let body = held("cpu,host=a v=1 5\nbroken\ncpu,host=b v=2,w=3 6\n", &memory).await;
    let report = ingest(&sink).keep(target(), LINES, body).await.unwrap();
    assert_eq!((report.rows, report.values, report.refused_count), (2, 3, 1));
    assert_eq!(report.refused[0].line, 2);
    assert_eq!(
        *sink.kept.lock().unwrap(),
        ["metrics cpu,host=a 5000000000", "metrics cpu,host=b 6000000000"]
    );
    assert_eq!(memory.used(), 0, "a body gives its memory back");
}

#[tokio::test]
async fn gzip_is_unpacked_within_its_limit() {
    let sink = Arc::new(Notebook::default());
    let memory = Memory::new(4 << 20);
    let wire = Wire::Line { precision: line::Precision::S, gzip: true };
    let body = held(gzip(b"cpu v=1 5\n"), &memory).await;
    assert_eq!(ingest(&sink).keep(target(), wire, body).await.unwrap().rows, 1);

    let bomb = held(gzip(&vec![b' '; 700_000]), &memory).await;
    let error = ingest(&sink).keep(target(), wire, bomb).await.unwrap_err();
    let limit = BodyError::TooLarge { limit: 600_000, key: "body_decompressed_bytes_max" };
    assert!(matches!(error, Error::Body(it) if it == limit));

    let damaged = held(&gzip(b"cpu v=1 5\n")[..12], &memory).await;
    let error = ingest(&sink).keep(target(), wire, damaged).await.unwrap_err();
    assert!(matches!(error, Error::Body(BodyError::Damaged(_))), "{error}");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let memory = Memory::new(1 << 20);
    let error = read(Body::from(vec![0; 1_001]), 1_000, &memory).await.unwrap_err();
    assert_eq!(error, BodyError::TooLarge { limit: 1_000, key: "body_bytes_max" });
    assert!(error.to_string().contains("body_bytes_max"));
}

#[tokio::test]
async fn bodies_beyond_the_memory_are_refused_for_now() {
    let memory = Memory::new(1_000);
    let first = read(Body::from(vec![0; 800]), 1_000, &memory).await.unwrap();
    let second = read(Body::from(vec![0; 300]), 1_000, &memory).await;
    assert_eq!(second.unwrap_err(), BodyError::NoRoom);
    drop(first);
    assert!(read(Body::from(vec![0; 300]), 1_000, &memory).await.is_ok());
}

#[tokio::test]
async fn a_snappy_block_that_announces_too_much_is_refused() {
    let memory = Memory::new(1 << 30);
    let body = held(vec![0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3], &memory).await;
    let sink = Arc::new(Notebook::default());
    let error = ingest(&sink).keep(target(), Wire::RemoteWrite, body).await.unwrap_err();
    assert!(matches!(error, Error::Body(BodyError::TooLarge { limit: 600_000, .. })), "{error}");
}

#[tokio::test]
async fn what_the_store_says_is_passed_on() {
    let answer = Some(WriteError::NoDatabase { name: "x".to_owned() });
    let sink = Arc::new(Notebook { answer, ..Notebook::default() });
    let memory = Memory::new(1 << 20);
    let body = held("cpu v=1 5", &memory).await;
    let error = ingest(&sink).keep(target(), LINES, body).await.unwrap_err();
    assert!(matches!(error, Error::Write(WriteError::NoDatabase { .. })));
}

#[tokio::test]
async fn without_room_or_too_large_to_begin_a_body_is_written_on_a_thread() {
    let memory = Memory::new(1 << 20);
    let full = Arc::new(Notebook { is_full: true, ..Notebook::default() });
    let body = held("cpu v=1 5", &memory).await;
    assert_eq!(ingest(&full).keep(target(), LINES, body).await.unwrap().rows, 1);

    let sink = Arc::new(Notebook::default());
    let lines = "cpu v=1 5\n".repeat(SMALL_BYTES_MAX as usize / 10 + 1);
    let body = held(lines.as_bytes(), &memory).await;
    let rows = ingest(&sink).keep(target(), LINES, body).await.unwrap().rows;
    assert_eq!(rows, lines.lines().count() as u64);
    assert_eq!(memory.used(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_body_that_was_begun_is_told() {
    let sink = Arc::new(Notebook::default());
    let ingest = Arc::new(ingest(&sink));
    let memory = Memory::new(1 << 20);
    let mut tasks = Vec::new();
    for at in 0..200 {
        let body = held(format!("cpu v=1 {at}"), &memory).await;
        let ingest = ingest.clone();
        tasks.push(tokio::spawn(async move { ingest.keep(target(), LINES, body).await }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().rows, 1);
    }
    assert_eq!(sink.kept.lock().unwrap().len(), 200);
}

#[test]
fn a_partial_write_is_told_in_influxdb_words() {
    let mut report = WriteReport::default();
    let why = Refusal::Malformed { text: "cpu".to_owned(), reason: "missing fields".to_owned() };
    for line in 3..8 {
        report.refuse(Refused { line, why: why.clone() });
    }
    assert_eq!(
        partial_write(&report, "line"),
        "partial write: line 3: unable to parse 'cpu': missing fields (and 4 more lines); dropped=5"
    );
}

use super::*;
use crate::catalog::Class;
use crate::chunk::Encoder;
use crate::disk::simulated::Simulated;
use crate::disk::with_suffix;
use crate::identity::PolicyName;
use crate::rowset::{Cells, RowSet};
use crate::shape::ColumnDef;
use crate::slice::Slice;
use model::{Column, Kind, Predicate};
use proptest::prelude::*;

const FOLDER: &str = "/blocks";

fn context(disk: &Simulated) -> Context {
    Context {
        disk: Arc::new(disk.clone()),
        interner: Arc::default(),
        shapes: Arc::default(),
        handles: Arc::default(),
    }
}

fn name(first: u64, last: u64, level: u16) -> Name {
    let slice = Slice { day: 19_675, days: 1 };
    let sequences = Sequences { first, last };
    Name { partition: 3, class: Class(2), slice, sequences, level }
}

fn policy(id: PolicyId) -> Option<PolicyName> {
    (id.0 == 1).then(|| PolicyName { id, database: "d".into(), policy: "p".into() })
}

/// Writes a block with one stream for each measurement, its rows at times 0 to 9.
fn write(disk: &Simulated, context: &Context, name: Name, measurements: &[&str]) {
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut writer = Writer::create(&shared, Path::new(FOLDER), name).expect("create");
    let mut cells = Cells::new(Kind::F64);
    cells.values = Column::F64((0..10).map(f64::from).collect());
    let rows = RowSet { timestamps: (0..10).collect(), columns: vec![cells] };
    let shape = context.shapes.intern(&[ColumnDef { name: "v".into(), kind: Kind::F64 }]);
    for measurement in measurements {
        let of = policy(PolicyId(1)).expect("known");
        let pairs = [("host".into(), (*measurement).into())];
        let identity = context.interner.intern(&of, &(*measurement).into(), &pairs);
        let mut encoder = Encoder::default();
        writer.add(&rows, 0..4, &mut encoder).expect("add");
        writer.add(&rows, 4..10, &mut encoder).expect("add");
        writer.end_stream(&identity, &shape);
    }
    assert_eq!(writer.finish().expect("finish"), Some(name));
}

fn open(disk: &Simulated, context: Context) -> list::Opened {
    drop(disk.list(Path::new(FOLDER)));
    Blocks::open(PathBuf::from(FOLDER), context, &policy).expect("open")
}

#[test]
fn names_say_what_they_mean() {
    let name = name(10, 255, 4);
    let text = name.to_string();
    assert_eq!(text, "0003-00002-019675-0001-000000000000000a-00000000000000ff-0004.block");
    assert_eq!(Name::parse(&text), Some(name));
    for bad in [
        "0003-00002-019675-0001-000000000000000a-00000000000000ff-0004.block.tmp",
        "3-2-19675-1-a-ff-4.block",
        "0003-00002-019675-0002-000000000000000a-00000000000000ff-0004.block",
        "0003-00002-019675-0032-000000000000000a-00000000000000ff-0004.block",
        "0003-00002-019675-0001-00000000000000ff-000000000000000a-0004.block",
        "LOCK",
    ] {
        assert_eq!(Name::parse(bad), None, "{bad}");
    }
}

#[test]
fn what_is_written_is_read_back() {
    let disk = Simulated::new();
    let context = context(&disk);
    write(&disk, &context, name(1, 1, 0), &["a", "b"]);
    // Durable at once: a power cut takes nothing.
    let disk = disk.after_power_cut(0);
    let opened = open(&disk, self::context(&disk));
    assert_eq!((opened.last_sequence, opened.damages.len()), (1, 0));
    let list = opened.blocks.list();
    let block = &list[0];
    assert_eq!((block.name, block.values, block.range.end.0), (name(1, 1, 0), 20, 9));
    assert_eq!(block.streams.len(), 2);
    let found = block.index.candidates(&Predicate::Match(model::Matcher::equal(
        model::Attribute::Tag("host".into()),
        "b",
    )));
    assert_eq!(found.iter().collect::<Vec<_>>(), [1]);
    let chunks = block.chunks(1);
    assert_eq!(chunks.len(), 2);
    let mut bytes = vec![];
    block.read_chunk(&chunks[1], &mut bytes).expect("read");
    let rows = crate::chunk::decode(&bytes, &chunks[1].summary, &[Some(0)]).expect("decode");
    assert_eq!(rows.timestamps, (4..10).collect::<Vec<i64>>());
}

#[test]
fn a_start_clears_away_what_a_crash_left() {
    let disk = Simulated::new();
    let context = context(&disk);
    for (first, last, level) in [(1, 1, 0), (2, 2, 0), (1, 2, 1), (3, 3, 0)] {
        write(&disk, &context, name(first, last, level), &["a"]);
    }
    let half = with_suffix(&Path::new(FOLDER).join(name(4, 4, 0).to_string()), ".tmp");
    disk.create(&half).expect("create");
    let opened = open(&disk, context);
    let names: Vec<_> = opened.blocks.list().iter().map(|block| block.name).collect();
    assert_eq!(names, [name(1, 2, 1), name(3, 3, 0)]);
    assert_eq!(disk.list(Path::new(FOLDER)).expect("list").len(), 2);
}

#[test]
fn a_damaged_merge_does_not_cost_its_inputs() {
    let disk = Simulated::new();
    let context = context(&disk);
    for (first, last, level) in [(1, 1, 0), (2, 2, 0), (1, 2, 1)] {
        write(&disk, &context, name(first, last, level), &["a"]);
    }
    disk.flip(&Path::new(FOLDER).join(name(1, 2, 1).to_string()), 5);
    let opened = open(&disk, context);
    assert_eq!(opened.damages.len(), 1);
    assert_eq!(opened.blocks.list().len(), 2);
}

#[test]
fn a_doomed_block_is_read_until_the_last_lets_go() {
    let disk = Simulated::new();
    let context = context(&disk);
    write(&disk, &context, name(1, 1, 0), &["a"]);
    let blocks = open(&disk, context).blocks;
    let held = blocks.list();
    blocks.replace(&[], &held, &policy).expect("replace");
    assert!(blocks.list().is_empty());
    let mut bytes = vec![];
    held[0].read_chunk(&held[0].chunks(0)[0], &mut bytes).expect("still there");
    drop(held);
    assert_eq!(disk.list(Path::new(FOLDER)).expect("list"), []);
}

#[test]
fn streams_of_dropped_policies_are_nobody() {
    let disk = Simulated::new();
    let context = context(&disk);
    write(&disk, &context, name(1, 1, 0), &["a"]);
    let blocks = Blocks::open(PathBuf::from(FOLDER), context, &|_| None).expect("open").blocks;
    let list = blocks.list();
    assert!(list[0].streams[0].identity.is_none());
    assert!(list[0].index.candidates(&Predicate::ALL).is_empty());
    assert_eq!(list[0].policies, [PolicyId(1)]);
}

proptest! {
    #[test]
    fn whatever_the_bytes_parsing_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let context = context(&Simulated::new());
        if let Ok(parsed) = section::parse(&bytes, &context, &policy) {
            let _ = parsed.index(&bytes);
        }
    }
}

use super::*;
use crate::catalog::Class;
use crate::chunk::decode_values;
use crate::disk::simulated::Simulated;
use crate::disk::with_suffix;
use crate::identity::{Identity, PolicyName};
use crate::piece::Open;
use crate::rowset::{Cells, RowSet};
use crate::shape::ColumnDef;
use crate::slice::Slice;
use codec::Effort;
use model::{Column, Kind, Predicate};

pub const FOLDER: &str = "/blocks";

pub fn context(disk: &Simulated) -> Context {
    Context {
        disk: Arc::new(disk.clone()),
        shapes: Arc::default(),
        handles: Arc::default(),
        cache: Arc::new(Cache::new(1 << 20)),
    }
}

pub fn name(first: u64, last: u64, level: u16) -> Name {
    let slice = Slice { day: 19_675, days: 1 };
    let sequences = Sequences { first, last };
    Name { partition: 3, class: Class(2), slice, sequences, level }
}

pub fn policy(id: PolicyId) -> Option<PolicyName> {
    (id.0 == 1).then(|| PolicyName { id, database: "d".into(), policy: "p".into() })
}

/// Writes a block with one stream for each measurement, its rows at times 0 to 9.
fn write(disk: &Simulated, context: &Context, name: Name, measurements: &[&str]) {
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut writer = Writer::create(&shared, Path::new(FOLDER), name, Effort::Hot).expect("create");
    let mut cells = Cells::new(Kind::F64);
    cells.values = Column::F64((0..10).map(f64::from).collect());
    let rows = RowSet { timestamps: (0..10).collect(), columns: vec![cells] };
    let shape = context.shapes.intern(&[ColumnDef { name: "v".into(), kind: Kind::F64 }]);
    for measurement in measurements {
        let of = policy(PolicyId(1)).expect("known");
        let pairs = [("host".into(), (*measurement).into())];
        let identity = Identity::of(&of, measurement, &pairs);
        writer.begin_stream(&identity.key.measurement).expect("begin");
        writer.add(&rows, 0..4, &shape).expect("add");
        writer.add(&rows, 4..10, &shape).expect("add");
        writer.end_stream(&identity.key, identity.hash(), identity.policy);
    }
    assert_eq!(writer.finish().expect("finish"), Some(name));
}

pub fn open(disk: &Simulated, context: Context) -> list::Opened {
    drop(disk.list(Path::new(FOLDER)));
    Blocks::open(PathBuf::from(FOLDER), context).expect("open")
}

/// The times and values of the column `v` of a stream, chunk by chunk.
fn chunks(block: &Block, ordinal: u32) -> Vec<(Vec<i64>, Column)> {
    let mut look = Lookup::new(block).expect("look");
    let stream = look.stream(ordinal).expect("stream");
    let measurement = look.measurement(stream.common.measurement).expect("measurement");
    let (_, column) = measurement.column(stream.common.shape, 0).expect("column");
    let mut open = Open::default();
    let mut found = vec![];
    for group in block.groups_of(&column.groups, ordinal).expect("groups") {
        let directory = block.directory(group).expect("directory");
        for at in directory.of(ordinal) {
            let chunk = directory.chunk(at);
            let times = open.timestamps(block, chunk.times).expect("times").to_vec();
            let mut values = Column::new(column.def.kind);
            let mut bytes = vec![];
            let encoded = block.values(&chunk, &mut bytes).expect("values");
            decode_values(encoded, times.len(), &mut values).expect("decode");
            found.push((times, values));
        }
    }
    found
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
    assert_eq!(block.streams(), 2);
    let predicate =
        Predicate::Match(model::Matcher::equal(model::Attribute::Tag("host".into()), "b"));
    let found = block.streams_of(&predicate, &policy).expect("find");
    assert_eq!(found.iter().collect::<Vec<_>>(), [1]);
    let mut look = Lookup::new(block).expect("look");
    let key = look.key(1, &policy(PolicyId(1)).expect("known")).expect("key");
    assert_eq!((key.measurement.as_ref(), key.tags.get("host")), ("b", "b"));
    let values = |range: std::ops::Range<i32>| Column::F64(range.map(f64::from).collect());
    let expected = [((0..4).collect(), values(0..4)), ((4..10).collect(), values(4..10))];
    assert_eq!(chunks(block, 1), expected);
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
    blocks.replace(&[], &held).expect("replace");
    assert!(blocks.list().is_empty());
    assert_eq!(chunks(&held[0], 0).len(), 2);
    drop(held);
    assert_eq!(disk.list(Path::new(FOLDER)).expect("list"), []);
}

#[test]
fn streams_of_dropped_policies_are_nobody() {
    let disk = Simulated::new();
    let context = context(&disk);
    write(&disk, &context, name(1, 1, 0), &["a"]);
    let list = open(&disk, context).blocks.list();
    assert!(list[0].streams_of(&Predicate::ALL, &|_| None).expect("find").is_empty());
    assert_eq!(list[0].policies().collect::<Vec<_>>(), [PolicyId(1)]);
}

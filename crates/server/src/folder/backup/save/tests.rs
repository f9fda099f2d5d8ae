use super::super::in_folder::InFolder;
use super::super::listing::LISTING;
use super::*;
use model::port::{Sink, SystemClock};
use model::{Target, Timestamp};
use protocol::line::{Decoder, Precision};
use storage::{Options, Store};
use tempfile::TempDir;

/// A stopped folder with one block, a place for backups, and what the block is called.
struct Rig {
    data: TempDir,
    place: TempDir,
    block: String,
}

impl Rig {
    fn new() -> Self {
        let (data, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let options = Options { partitions: 1, retention: None, ..Options::default() };
        let open = Store::open(data.path(), Arc::new(RealDisk), Arc::new(SystemClock), options);
        let store = open.expect("open");
        let lines: String = (0..500).map(|n| format!("cpu,host=h{n} v={n} {n}\n")).collect();
        let mut rows = Decoder::new(lines.as_bytes(), Precision::Ns, Timestamp(1));
        let target = Target { database: "metrics".into(), policy: None };
        store.write(&target, &mut rows).expect("write");
        store.close().expect("close");
        let blocks = RealDisk.list(&data.path().join("blocks")).unwrap();
        let [block] = blocks.as_slice() else { panic!("one block: {blocks:?}") };
        Self { block: format!("blocks/{}", block.name), data, place }
    }

    fn at(&self) -> PathBuf {
        self.data.path().join(&self.block)
    }

    /// Backs up what is called so in the folder.
    fn save(&self, names: &[&str]) -> Done {
        let files: Vec<_> =
            names.iter().map(|name| ((*name).to_owned(), self.data.path().join(name))).collect();
        all(&files, &InFolder::new(self.place.path())).expect("save")
    }

    /// Paths and lengths that the list names, all of which are there.
    fn listed(&self) -> Vec<(String, u64)> {
        let listing = Listing::read(self.place.path()).expect("a list");
        let place = InFolder::new(self.place.path());
        assert!(listing.files.iter().all(|entry| place.has(entry).unwrap()), "{listing:?}");
        listing.files.into_iter().map(|entry| (entry.path, entry.bytes)).collect()
    }
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

/// A folder opens, and cannot be read as a file.
fn make_unreadable(path: &Path) {
    fs::remove_file(path).unwrap();
    fs::create_dir(path).unwrap();
}

#[test]
fn a_damaged_block_does_not_push_out_the_copy_that_is_whole() {
    let rig = Rig::new();
    let whole = fs::read(rig.at()).unwrap();
    assert!(rig.save(&[&rig.block]).told("there").is_ok());
    let before = rig.listed();
    flip(&rig.at());
    for _ in 0..2 {
        let done = rig.save(&[&rig.block]);
        assert!(done.missed.len() == 1 && done.missed[0].contains(KEPT), "{done:?}");
        assert!(done.told("there").is_err());
        assert_eq!(rig.listed(), before);
        let entry = Listing::read(rig.place.path()).unwrap().files.remove(0);
        let into = rig.data.path().join("fetched");
        InFolder::new(rig.place.path()).fetch(&entry, &into).unwrap();
        assert!(fs::read(into).unwrap() == whole);
    }
}

#[test]
fn a_damaged_block_that_was_never_stored_is_stored_as_it_is_and_told() {
    let rig = Rig::new();
    flip(&rig.at());
    let done = rig.save(&[&rig.block]);
    assert!(done.missed.len() == 1 && done.missed[0].contains("as it is"), "{done:?}");
    assert_eq!(rig.listed(), [(rig.block.clone(), rig.at().metadata().unwrap().len())]);
}

#[test]
fn a_block_that_cannot_be_read_leaves_a_mark_or_the_copy_there_is() {
    let rig = Rig::new();
    let bytes = rig.at().metadata().unwrap().len();
    make_unreadable(&rig.at());
    let done = rig.save(&[&rig.block]);
    assert!(done.missed.len() == 1 && done.missed[0].contains("not in the backup"), "{done:?}");
    assert_eq!(rig.listed(), [(format!("{}.corrupt", rig.block), 0)]);

    let rig = Rig::new();
    rig.save(&[&rig.block]);
    make_unreadable(&rig.at());
    // A disk that refuses to read still tells the length.
    let known = |entry: &mut Entry| entry.bytes = rig.at().metadata().unwrap().len();
    let place = InFolder::new(rig.place.path());
    let mut before = blocks_before(&place);
    before.values_mut().for_each(known);
    assert_ne!(before[&rig.block].bytes, bytes, "a folder has another length");
    let (paths, disk) = (BTreeSet::new(), Arc::new(RealDisk));
    let has_all = HasAll(place);
    let saving = Saving { place: &has_all, paths, before, disk };
    let (stored, told) = saving.save(&rig.block, &rig.at()).unwrap();
    assert!(told.unwrap().contains(KEPT) && stored[0].entry.path == rig.block);
}

#[test]
fn beside_a_block_put_aside_stays_the_copy_that_is_whole() {
    let rig = Rig::new();
    rig.save(&[&rig.block]);
    let bytes = rig.at().metadata().unwrap().len();
    let aside = format!("{}.corrupt", rig.block);
    flip(&rig.at());
    fs::rename(rig.at(), rig.data.path().join(&aside)).unwrap();
    for _ in 0..2 {
        assert!(rig.save(&[&aside]).told("there").is_ok(), "the server says so all the time");
        assert_eq!(rig.listed(), [(rig.block.clone(), bytes), (aside.clone(), bytes)]);
    }
    // Once it is taken away, both go.
    let done = rig.save(&[]);
    assert_eq!((done.files, rig.listed()), (0, Vec::new()));
    assert!(RealDisk.list(&rig.place.path().join("blocks")).unwrap().is_empty());
    assert!(rig.place.path().join(LISTING).exists());
}

#[test]
fn what_is_no_block_must_be_read() {
    let rig = Rig::new();
    let file = ("catalog".to_owned(), rig.data.path().join("nowhere"));
    assert!(all(&[file], &InFolder::new(rig.place.path())).is_err());
}

/// A place that has whatever it is asked for.
struct HasAll(InFolder);

impl Place for HasAll {
    fn shown(&self) -> String {
        self.0.shown()
    }

    fn lanes(&self) -> usize {
        1
    }

    fn has(&self, _: &Entry) -> Result<bool, Error> {
        Ok(true)
    }

    fn store(&self, _: &Path, _: &Entry) -> Result<(), Error> {
        unreachable!("it has everything")
    }

    fn conclude(&self, _: &Listing) -> Result<(), Error> {
        Ok(())
    }

    fn prune(&self, _: &BTreeSet<String>) {}

    fn forget(&self, _: &Entry) {}

    fn listing(&self) -> Result<Listing, Error> {
        self.0.listing()
    }

    fn fetch(&self, _: &Entry, _: &Path) -> Result<(), Error> {
        Ok(())
    }
}

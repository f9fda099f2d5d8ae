//! Bytes that changed on disk, as a user meets them: answers of both languages are right, or
//! say that something is missing; the folder says so until somebody puts it right.

use barograph_tests::binary::{self, Barograph, escape};
use barograph_tests::seal;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Nothing but the store, which keeps the times of this test.
const FLAGS: [&str; 3] = ["--no-collect", "--retention", "inf"];
/// 2023-11-14T22:13:20Z, in seconds.
const NOW: u64 = 1_700_000_000;
/// More than there are in one page of values of a tag, so that there is a fence.
const HOSTS: u64 = 700;

/// A folder whose rows are all in one block: where it is, and its bytes.
struct Sample {
    folder: tempfile::TempDir,
    block: PathBuf,
    bytes: Vec<u8>,
}

fn sample() -> Sample {
    let folder = tempfile::tempdir().unwrap();
    // One partition makes one block.
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("MANIFEST"), seal::manifest(1)).unwrap();
    let server = Barograph::start(folder.path(), "", &FLAGS);
    let mut lines = String::new();
    for host in 0..HOSTS {
        let (zone, value) = (host % 3, host as f64 / 4.0);
        writeln!(lines, "load,host=host{host:04},zone=zone{zone} one={value} {NOW}000000000")
            .unwrap();
    }
    server.write(&lines);
    assert!(server.terminate().success());
    let blocks = files(&folder.path().join("data/blocks"));
    let [block] = blocks.as_slice() else { panic!("one block: {blocks:?}") };
    let bytes = std::fs::read(block).unwrap();
    Sample { block: block.clone(), bytes, folder }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// What the languages answer: what is found, and whether it is marked as partial.
fn ask(server: &Barograph) -> Vec<(String, bool)> {
    let get = |path: String| {
        let answer = server.get(&path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    };
    let mut answers = Vec::new();
    let (sum, select) =
        ("sum by (zone) (load_one)", "load_one{host=~\"host0[0-4].*\",zone=\"zone1\"}");
    for expr in [sum, select] {
        let json = get(format!("/api/v1/query?time={}&query={}", NOW + 1, escape(expr)));
        answers.push((json["data"].to_string(), is_warned(&json)));
    }
    for path in ["labels", "label/host/values", "series"] {
        let matcher = escape("load_one");
        let range = format!("start={}&end={}", NOW - 10, NOW + 10);
        let json = get(format!("/api/v1/{path}?match[]={matcher}&{range}"));
        answers.push((json["data"].to_string(), is_warned(&json)));
    }
    // Several statements in one request: each says by itself that something is missing.
    let statements = "SELECT sum(one) FROM load GROUP BY zone; SELECT sum(one) FROM load GROUP BY zone; \
                      SELECT one FROM load WHERE zone = 'zone2'; SHOW TAG VALUES WITH KEY = host";
    let json = get(format!("/query?db=metrics&q={}", escape(statements)));
    for result in json["results"].as_array().expect("results") {
        let messages = result["messages"].as_array();
        let is_marked = messages.is_some_and(|all| all.iter().any(|it| it["level"] == "warning"));
        answers.push((result["series"].to_string(), is_marked));
    }
    answers
}

fn is_warned(json: &Value) -> bool {
    json["warnings"].as_array().is_some_and(|warnings| !warnings.is_empty())
}

/// The value of one of the server's own metrics.
fn metric(server: &Barograph, name: &str) -> f64 {
    let text = server.get("/metrics").body;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name}")).parse().expect("a number")
}

/// Places all over the block, and wherever names of tags and values stand: dictionary,
/// fences and pages of values.
fn places(bytes: &[u8]) -> Vec<usize> {
    let mut places: Vec<usize> = (1..12).map(|n| bytes.len() * n / 12).collect();
    for word in [&b"host"[..], b"zone", b"load", b"host0256", b"host0512"] {
        let found = bytes.windows(word.len()).enumerate().filter(|(_, it)| *it == word);
        let found: Vec<usize> = found.map(|(at, _)| at).collect();
        places.extend(found.first().into_iter().chain(found.last()));
    }
    places.sort_unstable();
    places.dedup();
    places
}

#[test]
fn answers_over_a_damaged_block_are_right_or_say_that_something_is_missing() {
    let sample = sample();
    let server = Barograph::start(sample.folder.path(), "", &FLAGS);
    let whole = ask(&server);
    assert!(whole.iter().all(|(_, is_marked)| !is_marked), "{whole:?}");
    assert!(whole.iter().all(|(found, _)| found.len() > 20), "{whole:?}");
    assert!(server.terminate().success());
    let (mut marked, mut served) = (vec![0; whole.len()], 0);
    for at in places(&sample.bytes) {
        let mut bytes = sample.bytes.clone();
        bytes[at] ^= 0x08;
        std::fs::write(&sample.block, &bytes).unwrap();
        let server = Barograph::start(sample.folder.path(), "", &FLAGS);
        for (index, (answer, sound)) in ask(&server).into_iter().zip(&whole).enumerate() {
            let (found, is_marked) = answer;
            assert!(found == sound.0 || is_marked, "byte {at}, question {index}: {found}");
            marked[index] += usize::from(is_marked);
            served += usize::from(is_marked && found.contains("zone"));
        }
        let is_told = metric(&server, "barograph_corruption_found_total") > 0.0;
        assert!(is_told || ask(&server) == whole, "byte {at}");
        server.kill();
        // The block may lie aside now.
        for path in files(sample.block.parent().unwrap()) {
            std::fs::remove_file(path).unwrap();
        }
    }
    assert!(marked.iter().all(|count| *count > 1), "each question was hit: {marked:?}");
    assert!(served > 0, "what can be served is");
}

#[test]
fn a_block_put_aside_is_told_everywhere_until_it_is_put_right() {
    let sample = sample();
    let mut bytes = sample.bytes.clone();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&sample.block, &bytes).unwrap();
    let data = sample.folder.path().join("data");
    for _ in 0..2 {
        let server = Barograph::start(sample.folder.path(), "", &FLAGS);
        assert!(ask(&server).iter().all(|(_, is_marked)| *is_marked), "{:?}", ask(&server));
        assert_eq!(metric(&server, "barograph_files_aside"), 1.0);
        let now = server.get(&format!("/api/v1/query?query={}", escape("load_one")));
        assert!(!is_warned(&now.json()), "today nothing is missing: {}", now.body);
        let counted = server.get("/api/v1/status/tsdb?date=2023-11-14");
        assert!(is_warned(&counted.json()), "{}", counted.body);
        assert!(!is_warned(&server.get("/api/v1/status/tsdb").json()));
        assert!(server.terminate().success());
        let (_, out, err) = binary::run(&["verify", "--data-dir", data.to_str().unwrap()]);
        let name = sample.block.file_name().unwrap().to_str().unwrap();
        let is_named = |text: &str| text.contains(name) && text.contains("put aside");
        assert!(is_named(&out) || is_named(&err), "{out}{err}");
    }
    // A copy of the block from a backup, and the damaged one taken away.
    std::fs::write(&sample.block, &sample.bytes).unwrap();
    std::fs::remove_file(sample.block.with_extension("block.corrupt")).unwrap();
    let server = Barograph::start(sample.folder.path(), "", &FLAGS);
    assert!(ask(&server).iter().all(|(_, is_marked)| !is_marked));
    assert_eq!(metric(&server, "barograph_files_aside"), 0.0);
}

#[test]
fn a_flipped_byte_of_a_small_file_keeps_no_server_from_starting() {
    let sample = sample();
    let data = sample.folder.path().join("data");
    let mut damaged = 0;
    for name in ["MANIFEST", "catalog", "MANIFEST.copy", "catalog.copy"] {
        let path = data.join(name);
        let whole = std::fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        bytes[whole.len() / 2] ^= 0x40;
        std::fs::write(&path, &bytes).unwrap();
        let server = Barograph::start(sample.folder.path(), "", &FLAGS);
        assert!(ask(&server).iter().all(|(_, is_marked)| !is_marked), "{name}");
        damaged += 1;
        assert_eq!(metric(&server, "barograph_files_aside"), f64::from(damaged), "{name}");
        assert_eq!(metric(&server, "barograph_corruption_found_total"), 1.0, "{name}");
        assert!(server.log().contains("written again"), "{name}: {}", server.log());
        assert!(server.terminate().success());
        assert_eq!(std::fs::read(&path).unwrap(), whole, "{name} was written again");
    }
}

//! What each rule catches and what it lets pass, shown on small texts.

use crate::repository::{File, Problem};
use crate::{arrows, functions, names, openings, sizes, words};

fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}

/// Compares where problems are, as `line` numbers, with what is expected.
fn check(problems: impl IntoIterator<Item = Problem>, expected: &[usize]) {
    let texts: Vec<String> = problems.into_iter().map(|problem| problem.to_string()).collect();
    let line = |text: &String| text.split(':').nth(1).and_then(|line| line.parse().ok());
    let lines: Vec<usize> = texts.iter().filter_map(line).collect();
    assert_eq!(lines, expected, "{texts:#?}");
}

#[test]
fn openings_are_comments() {
    let of = |path, text| openings::check_file(&file(path, text));
    check(of("a.rs", "//! A noun.\nfn f() {}\n"), &[]);
    check(of("a.rs", "// A noun.\n"), &[1]);
    check(of("a.rs", "\n//! A noun.\n"), &[1]);
    check(of("a.rs", ""), &[1]);
    check(of("a/tests.rs", "use super::*;\n"), &[]);
    check(of("tests/whole.rs", "use std::fs;\n"), &[1]);
    check(of("a.ts", "// A page.\n"), &[]);
    check(of("a.ts", "/**\n * A page.\n */\n"), &[]);
    check(of("a.ts", "import { b } from './b'\n"), &[1]);
    check(of("api/wire.ts", "export interface A {}\n"), &[]);
}

#[test]
fn files_have_a_size() {
    let of = |path, lines| sizes::check_file(&file(path, &"x\n".repeat(lines)));
    check(of("a.rs", sizes::LINES_MAX), &[]);
    check(of("a.rs", sizes::LINES_MAX + 1), &[sizes::LINES_MAX + 1]);
    check(of("src/a.ts", 5000), &[sizes::LINES_MAX + 1]);
    for exempt in ["a/tests.rs", "crates/a/tests/b.rs", "api/wire.ts", "crates/a/benches/b.rs"] {
        check(of(exempt, 5000), &[]);
    }
}

#[test]
fn functions_have_a_size() {
    let lines = |count| "        x();\n".repeat(count);
    let body = functions::LINES_MAX - 2;
    let of = |text: String| functions::check_file(&file("a.rs", &text));
    for head in [
        "fn a()",
        "pub fn a()",
        "pub(crate) const fn a()",
        "pub(in crate::x) async fn a<T>() -> T",
        "unsafe extern \"C\" fn a()",
    ] {
        check(of(format!("mod x {{\n    {head} {{\n{}    }}\n}}\n", lines(body))), &[]);
        check(of(format!("mod x {{\n    {head} {{\n{}    }}\n}}\n", lines(body + 1))), &[2]);
    }
    let long = lines(body + 1);
    check(
        of(format!("    fn a(\n        b: u8,\n    ) -> u8\n    where\n    {{\n{long}    }}\n")),
        &[1],
    );
    check(of(format!("    fn a();\n    fn b() {{}}\n    x! {{\n{long}    }}\n")), &[]);
    check(of(format!("    let f = |fn_name| {{\n{long}    }};\n    // fn a() {{\n")), &[]);
    check(of(format!("fn a() {{\n{long}{long}")), &[1]);
    check(functions::check_file(&file("a/tests.rs", &format!("fn a() {{\n{long}}}\n"))), &[]);
}

#[test]
fn names_are_nouns_and_verbs() {
    let of = |path, text| names::check_file(&file(path, text));
    check(of("crates/storage/src/block/footer.rs", "mod trailer;\n"), &[]);
    check(of("src/utils.rs", ""), &[1]);
    check(of("src/helpers/x.ts", ""), &[1]);
    check(of("ui/src/Common.svelte", ""), &[1]);
    check(of("src/v2/base.rs", ""), &[1, 1]);
    check(of("src/database.rs", "mod commons;\n"), &[]);
    check(
        of("src/a.rs", "mod b;\npub(crate) mod util;\npub mod misc {\n    mod manager {}\n"),
        &[2, 3, 4],
    );
    check(of("src/a.md", "mod util;\n"), &[]);
}

#[test]
fn arrows_are_in_the_table() {
    let map = "\
# Map\n
| question | look in |
|---|---|
| What? | `crates/model` |

| room | its one job | may import |
|---|---|---|
| `crates/model` | nouns | – |
| `crates/codec` | bytes | – |
| `crates/storage` | keeps | model, codec |
| `crates/server` | wires | all |
| `tests` | checks | all |

| `crates/alert` | not in the table | all |
";
    let rooms = arrows::parse_map(&file("ARCHITECTURE.md", map)).unwrap();
    assert_eq!(rooms.len(), 5);
    assert_eq!(rooms["tests"].1, arrows::Allowed::All);
    let of = |path, text| arrows::check_manifest(&file(path, text), &rooms);

    let storage = "[dependencies]\nmodel.workspace = true\ncodec.workspace = true\nserde = \"1\"\n";
    check(of("crates/storage/Cargo.toml", storage), &[]);
    check(of("crates/server/Cargo.toml", storage), &[]);
    check(of("crates/codec/Cargo.toml", "[dependencies]\nmodel.workspace = true\n"), &[2]);
    check(of("crates/model/Cargo.toml", "[dev-dependencies]\ncodec.workspace = true\n"), &[2]);
    let renamed =
        "[dependencies]\nbytes = { package = \"barograph-codec\", path = \"../codec\" }\n";
    check(of("crates/model/Cargo.toml", renamed), &[1]);
    let target = "[target.'cfg(unix)'.dependencies]\ncodec.workspace = true\n";
    check(of("crates/model/Cargo.toml", target), &[2]);
    check(of("crates/alert/Cargo.toml", storage), &[1]);
    check(of("crates/model/Cargo.toml", "[dependencies\n"), &[1]);
    check(arrows::parse_map(&file("ARCHITECTURE.md", "# Map\n")).err(), &[1]);
}

#[test]
fn leftovers_are_found() {
    let of = |path, text| words::leftovers_in(&file(path, text));
    check(of("a.rs", "x(); // TODO: y\n/* FIXME */\nlet todo_list = TODOS;\ntodo!()\n"), &[1, 2]);
    check(of("a.rs", "// mod b;\n    // pub mod c;\n// the mod of b;\nmod d; // mod e\n"), &[1, 2]);
    check(of("a.svelte", "<!-- TODO -->\n"), &[1]);
}

#[test]
fn unsafe_code_is_found_in_code() {
    let text = "//! No unsafe here.\nlet a = unsafe { b() };\nunsafe impl Send for A {}\n\
                #![deny(unsafe_code)]\nx(); // is unsafe\nlet b = \"unsafe-inline\";\n";
    check(words::unsafe_code_in(&file("a.rs", text)), &[2, 3]);
}

#[test]
fn machine_paths_are_found() {
    let text = "cd /home/me/x\nls /root/x\nls /tmp/x /network/y\n";
    check(words::machine_paths_in(&file("a.md", text)), &[1, 2]);
}

#[test]
fn lint_exceptions_need_reasons() {
    let text = "#[allow(dead_code)] // Why not.\n#[expect(dead_code, reason = \"read by a macro\")]\n\
                #![allow(missing_docs)]\n#[expect(\n    clippy::all,\n    reason = \"x\"\n)]\n\
                #[expect(\n    clippy::all\n)]\n// #[allow(x)]\n";
    check(words::lint_exceptions_in(&file("a.rs", text)), &[1, 3, 8]);
}

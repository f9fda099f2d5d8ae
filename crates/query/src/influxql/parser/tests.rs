//! Texts to trees and back, and what happens where a text does not fit.

use super::parse;
use proptest::prelude::*;

/// Parses `input` and prints what was understood; texts that are InfluxQL also come back
/// from print as the same tree.
#[track_caller]
fn check(input: &str, expected: &str) {
    let printed = match parse(input) {
        Ok(statements) => {
            let texts: Vec<_> = statements.iter().map(ToString::to_string).collect();
            let text = texts.join("; ");
            assert_eq!(parse(&text).as_ref(), Ok(&statements), "print of {input}: {text}");
            text
        }
        Err(error) => {
            let place = format!("{}:{}:{}", error.offset, error.line, error.column);
            format!("{place} {}", error.message)
        }
    };
    assert_eq!(printed, expected, "{input}");
}

#[test]
fn select_prints_in_one_spelling() {
    check("select  A , b as C from m", "SELECT A, b AS C FROM m");
    check(
        "SELECT \"a b\", \"select\", \"0x\" FROM \"m\"",
        "SELECT \"a b\", \"select\", \"0x\" FROM m",
    );
    check("SELECT a.b, \"a.b\" FROM m", "SELECT \"a.b\", \"a.b\" FROM m");
    check("SELECT v::FLOAT, w::field, *::tag FROM m", "SELECT v::float, w::field, *::tag FROM m");
    check("SELECT MEAN( v ),Count(distinct v) FROM m", "SELECT mean(v), count(DISTINCT v) FROM m");
    check("SELECT mean(/^x/) FROM /y\\/z/", "SELECT mean(/^x/) FROM /y\\/z/");
    check("SELECT v FROM a,b..c , d.e.f,g./h/", "SELECT v FROM a, b..c, d.e.f, g./h/");
    check("SELECT v INTO db..\"o\" FROM m", "SELECT v INTO db..o FROM m");
    check(
        "SELECT v FROM (SELECT mean(v) FROM m GROUP BY h), n",
        "SELECT v FROM (SELECT mean(v) FROM m GROUP BY h), n",
    );
    check(
        "SELECT v FROM m GROUP BY time( 5m,-30s ),h,/x/,* FILL(previous)",
        "SELECT v FROM m GROUP BY time(5m, -30s), h, /x/, * fill(previous)",
    );
}

#[test]
fn clauses_print_in_their_order() {
    check(
        "SELECT v FROM m WHERE h='a' GROUP BY time(90s) fill(1.50) ORDER BY time DESC LIMIT 1 OFFSET 2 SLIMIT 3 SOFFSET 4 TZ('UTC')",
        "SELECT v FROM m WHERE h = 'a' GROUP BY time(90s) fill(1.5) ORDER BY time DESC LIMIT 1 OFFSET 2 SLIMIT 3 SOFFSET 4 TZ('UTC')",
    );
    check("SELECT v FROM m fill(null) ORDER BY ASC", "SELECT v FROM m ORDER BY time ASC");
    check("SELECT v FROM m LIMIT 0", "SELECT v FROM m");
}

#[test]
fn operators_bind_as_they_should() {
    check("SELECT v FROM m WHERE a OR b AND c = 1", "SELECT v FROM m WHERE a OR b AND c = 1");
    check("SELECT 1+2*3-4/5%6 FROM m", "SELECT 1 + 2 * 3 - 4 / 5 % 6 FROM m");
    check("SELECT (1+a)*3 FROM m", "SELECT (1 + a) * 3 FROM m");
    check("SELECT -a, -(b), -3, +4, - 5m FROM m", "SELECT -1 * a, -1 * (b), -3, 4, -5m FROM m");
    check("SELECT a-1, a -1, a - -1 FROM m", "SELECT a - 1, a - 1, a - -1 FROM m");
    check(
        "SELECT a * -b, a - -(b), -a * b FROM m",
        "SELECT a * -b, a - -1 * (b), -1 * a * b FROM m",
    );
    check("SELECT v FROM m WHERE a<>1 AND b!~/x/", "SELECT v FROM m WHERE a != 1 AND b !~ /x/");
    check("SELECT a&b|c^d FROM m", "SELECT a & b | c ^ d FROM m");
}

#[test]
fn literals_keep_their_values() {
    check("SELECT v FROM m WHERE a = 'it\\'s\\n\\\\'", "SELECT v FROM m WHERE a = 'it\\'s\\n\\\\'");
    check("SELECT 1h30m, 1500u, 2w, 1ns, 90µ FROM m", "SELECT 90m, 1500u, 2w, 1ns, 90u FROM m");
    check("SELECT .5, 5., 1.0 FROM m", "SELECT 0.5, 5.0, 1.0 FROM m");
    check(
        "SELECT 9223372036854775808, -9223372036854775808 FROM m",
        "SELECT 9223372036854775808, -9223372036854775808 FROM m",
    );
    check("SELECT true, FALSE FROM m", "SELECT true, false FROM m");
}

#[test]
fn comments_and_statements_are_separated() {
    check(
        "SELECT v -- it\nFROM m /* here */ ; ; SHOW DATABASES;",
        "SELECT v FROM m; SHOW DATABASES",
    );
    check("", "");
    check(" ; ", "");
}

#[test]
fn the_other_statements_print() {
    for text in [
        "SHOW MEASUREMENTS ON db WITH MEASUREMENT =~ /x/ WHERE a = 'b' LIMIT 1 OFFSET 2",
        "SHOW TAG KEYS ON db FROM m, n WITH KEY IN (a, \"b c\") WHERE a = 'b' LIMIT 1 SLIMIT 2",
        "SHOW TAG VALUES FROM m WITH KEY != host",
        "SHOW FIELD KEYS FROM /x/",
        "SHOW SERIES ON db FROM m WHERE a = 'b' LIMIT 1",
        "SHOW SERIES CARDINALITY",
        "SHOW TAG VALUES EXACT CARDINALITY FROM m WITH KEY =~ /x/",
        "SHOW RETENTION POLICIES ON db",
        "CREATE DATABASE db WITH DURATION INF REPLICATION 1 SHARD DURATION 1h NAME p",
        "CREATE RETENTION POLICY p ON db DURATION 1w REPLICATION 1 SHARD DURATION 1d DEFAULT",
        "ALTER RETENTION POLICY p ON db DURATION 1w REPLICATION 2 SHARD DURATION 1d DEFAULT",
        "DROP RETENTION POLICY p ON db",
        "DROP DATABASE \"select\"",
        "DELETE FROM m WHERE time < '2000-01-01'",
        "DELETE WHERE host = 'a'",
        "DROP SERIES FROM m, /x/ WHERE host != 'a'",
        "DROP MEASUREMENT \"a b\"",
    ] {
        check(text, text);
    }
}

#[test]
fn mistakes_name_their_place() {
    check(
        "SELECT v\nFROM\n  m WHERE",
        "23:3:11 found EOF, expected identifier, string, number, bool at line 3, char 11",
    );
    check(
        "SELECT v FROM m WHERE a = 'x",
        "26:1:27 found x, expected identifier, string, number, bool at line 1, char 27",
    );
    check(
        "SELECT 'a\\x' FROM m",
        "9:1:10 found \\x, expected identifier, string, number, bool at line 1, char 10",
    );
    check("SELECT a.b.c.d FROM m", "7:1:8 too many segments in a.b.c.d at line 1, char 8");
    check("SELECT v FROM a.b.c.d", "0:1:1 too many segments in a.b.c.d at line 1, char 1");
    check(
        "SELECT é FROM m",
        "7:1:8 found é, expected identifier, string, number, bool at line 1, char 8",
    );
    check("SELECT v FROM m WHERE a =~ /x", "27:1:28 bad regex:  at line 1, char 28");
    check(
        "SELECT v FROM m WHERE t > 99999999999w",
        "26:1:27 overflowed duration 99999999999w: choose a smaller duration or INF",
    );
    check("SELECT 5q FROM m", "7:1:8 invalid duration");
    check("SELECT v FROM m fill 0", "16:1:17 fill must be a function call");
    check("SELECT v FROM m TZ('UTC', 1)", "16:1:17 tz requires exactly one argument");
    check("SELECT distinct(v FROM m", "18:1:19 found FROM, expected ) at line 1, char 19");
}

#[test]
fn nesting_and_length_are_bounded() {
    let deep = format!("SELECT {}v{} FROM m", "(".repeat(100), ")".repeat(100));
    check(&deep, "71:1:72 nested deeper than 64 levels at line 1, char 72");
    let long = format!("SELECT v{} FROM m", " + v".repeat(2_001));
    assert!(parse(&long).unwrap_err().message.starts_with("more than 2000 operators"));
    let longest = format!("SELECT v{} FROM m", " + v".repeat(2_000));
    assert_eq!(parse(&longest).unwrap()[0].to_string(), longest);
}

/// Words of the language in any order, so that texts come close to statements.
fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "SELECT",
            "FROM",
            "WHERE",
            "GROUP",
            "BY",
            "ORDER",
            "LIMIT",
            "SHOW",
            "TAG",
            "KEYS",
            "VALUES",
            "WITH",
            "KEY",
            "CREATE",
            "DATABASE",
            "RETENTION",
            "POLICY",
            "ON",
            "DURATION",
            "REPLICATION",
            "AND",
            "OR",
            "time",
            "fill",
            "mean",
            "distinct",
            "(",
            ")",
            "(",
            ")",
            ",",
            ";",
            ".",
            "*",
            "/",
            "=",
            "=~",
            "!~",
            "<",
            ">=",
            "+",
            "-",
            "::",
            "tz",
            "'x'",
            "'2000-01-01'",
            "\"q\"",
            "5m",
            "1.5",
            "7",
            "true",
            "/x/",
            "$p",
            "\n",
            "m",
            "host",
            "'",
            "\"",
            "\\",
            "µ",
            "INF",
            "now()",
            "-- c",
            "/*",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,4}",
        "\\PC{0,3}",
    ];
    let space = prop::sample::select(vec!["", " ", " "]);
    prop::collection::vec((word, space), 0..40)
        .prop_map(|words| words.into_iter().map(|(word, space)| word + space).collect())
}

/// Expressions that may stand in a condition, as text.
fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z]{1,3}",
        "\"[ -!#-\\[\\]-~]{0,4}\"",
        "'[ -&(-\\[\\]-~]{0,4}'",
        "[0-9]{1,3}(\\.[0-9]{1,3})?",
        "[0-9]{1,3}(ns|u|ms|s|m|h|d|w)",
        Just("true".to_owned()),
        Just("now()".to_owned()),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        let operator = prop::sample::select(vec![
            "+", "-", "*", "/", "%", "&", "|", "^", "=", "!=", "<", "<=", ">", ">=", "AND", "OR",
        ]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("-({a})")),
            ("[a-z]{1,4}", prop::collection::vec(inner, 1..3))
                .prop_map(|(f, args)| format!("f{f}({})", args.join(", "))),
            "[a-z]{1,3}".prop_map(|a| format!("{a} =~ /^[a-z\\/]+$/")),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_panics(text in words()) {
        let _ = parse(&text);
    }

    #[test]
    fn any_bytes_do_not_panic(text in "\\PC*") {
        let _ = parse(&text);
    }

    #[test]
    fn what_parses_prints_to_the_same_tree(text in words()) {
        if let Ok(statements) = parse(&text) {
            let printed: Vec<_> = statements.iter().map(ToString::to_string).collect();
            prop_assert_eq!(parse(&printed.join(";\n")), Ok(statements));
        }
    }

    #[test]
    fn conditions_print_to_the_same_tree(condition in condition()) {
        let text = format!("SELECT v FROM m WHERE {condition}");
        let statements = parse(&text).map_err(|e| TestCaseError::reject(e.message))?;
        let printed = statements[0].to_string();
        prop_assert_eq!(parse(&printed), Ok(statements));
    }
}

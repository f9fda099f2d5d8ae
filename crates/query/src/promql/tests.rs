//! Texts and the trees they must give, errors and where they must point, and properties
//! that hold for every text.

use super::ast::{Anchor, Cardinality, Expr, ExprKind, Grouping, Matching, Moment};
use super::format::format_brief;
use super::{format_value, parse};
use proptest::prelude::*;

/// Checks the tree of `input`, written with its operators first; errors as they print.
fn check(input: &str, expected: &str) {
    let got = match parse(input) {
        Ok(expr) => tree(&expr),
        Err(error) => error.to_string(),
    };
    assert_eq!(got, expected, "for {input}");
}

fn tree(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Paren(inner) => format!("(paren {})", tree(inner)),
        ExprKind::Negate(inner) => format!("(neg {})", tree(inner)),
        ExprKind::Plus(inner) => format!("(pos {})", tree(inner)),
        ExprKind::Call(call) => {
            let args: String = call.args.iter().map(|arg| format!(" {}", tree(arg))).collect();
            format!("({}{args})", call.function.name)
        }
        ExprKind::Binary(binary) => {
            let word = if binary.returns_bool { " bool" } else { "" };
            let matching = binary.matching.as_ref().map(matching).unwrap_or_default();
            let (left, right) = (tree(&binary.left), tree(&binary.right));
            format!("({}{word}{matching} {left} {right})", binary.op.symbol())
        }
        ExprKind::Aggregate(aggregation) => {
            let grouping = match &aggregation.grouping {
                Grouping::By(labels) => format!("by{labels:?}"),
                Grouping::Without(labels) => format!("without{labels:?}"),
            };
            let param = aggregation.param.as_ref().map(|param| format!(" {}", tree(param)));
            let (name, param) = (aggregation.op.name(), param.unwrap_or_default());
            format!("({name} {grouping}{param} {})", tree(&aggregation.expr))
        }
        ExprKind::Subquery(subquery) => {
            let step = subquery.step.map(|step| step.to_string()).unwrap_or_default();
            let anchor = anchor(&subquery.anchor);
            format!("({}[{}:{step}]{anchor})", tree(&subquery.expr), subquery.range)
        }
        ExprKind::Selector(_) | ExprKind::Number(_) | ExprKind::Text(_) => expr.to_string(),
    }
}

fn matching(matching: &Matching) -> String {
    let word = if matching.on { "on" } else { "ignoring" };
    let side = match matching.cardinality {
        Cardinality::OneToOne => String::new(),
        Cardinality::ManyToOne => format!(" group_left{:?}", matching.include),
        Cardinality::OneToMany => format!(" group_right{:?}", matching.include),
    };
    format!(" {word}{:?}{side}", matching.labels)
}

fn anchor(anchor: &Anchor) -> String {
    let at = match anchor.at {
        Some(Moment::Start) => " @start".to_owned(),
        Some(Moment::End) => " @end".to_owned(),
        Some(Moment::Millis(ms)) => format!(" @{ms}ms"),
        None => String::new(),
    };
    let offset = anchor.offset.map(|offset| format!(" offset {offset}"));
    at + &offset.unwrap_or_default()
}

#[test]
fn numbers_have_many_forms() {
    check("1", "1");
    check("+1.5", "1.5");
    check("-.5", "-0.5");
    check("5.", "5");
    check("1e3", "1000");
    check("12.5E-1", "1.25");
    check("1_000_000", "1000000");
    check("0x1F", "31");
    check("-0xff", "-255");
    check("010", "8");
    check("+Inf", "Inf");
    check("-inf", "-Inf");
    check("NaN", "NaN");
    check("5m", "5m");
    check("-1h30m", "-1h30m");
    check("1d + 90s", "(+ 1d 1m30s)");
    check("5x", "1:1: parse error: bad number or duration syntax: \"5x\"");
    check("1__0", "1:1: parse error: bad number or duration syntax: \"1__0\"");
    check("1m1h", "1:1: parse error: bad number or duration syntax: \"1m1h\"");
}

#[test]
fn texts_know_escapes() {
    check(r#""a\tb""#, r#""a\tb""#);
    check(r#"'say "hi"'"#, r#""say \"hi\"""#);
    check(r"`raw \n`", r#""raw \\n""#);
    check(r#""\x41\102\u0043\U00000044""#, r#""ABCD""#);
    check("\"ünï ☃\"", "\"ünï ☃\"");
    check(r#""open"#, "1:1: parse error: unterminated quoted string");
    check("`open", "1:1: parse error: unterminated raw string");
    check("\"a\nb\"", "1:1: parse error: unterminated quoted string");
    check(r#""\q""#, "1:1: parse error: unknown escape sequence U+0071 'q'");
    check(r#""\xff""#, r#"1:1: parse error: string is not valid UTF-8: "\xff""#);
}

#[test]
fn operators_bind_as_in_prometheus() {
    check("1 + 2 * 3", "(+ 1 (* 2 3))");
    check("1 * 2 + 3", "(+ (* 1 2) 3)");
    check("2 ^ 3 ^ 2", "(^ 2 (^ 3 2))");
    check("2 ^ -1 * 3", "(* (^ 2 -1) 3)");
    check("-2 ^ 2", "(neg (^ 2 2))");
    check("-a * b", "(* (neg a) b)");
    check("- - 1", "1");
    check("+a", "(pos a)");
    check("1 - -1", "(- 1 -1)");
    check("a or b and c", "(or a (and b c))");
    check("a unless b or c", "(or (unless a b) c)");
    check("a + b > c and d", "(and (> (+ a b) c) d)");
    check("a == b != c", "(!= (== a b) c)");
    check("a atan2 b % c", "(% (atan2 a b) c)");
    check("(a + b) * c", "(* (paren (+ a b)) c)");
    check("A OR b UnLess c", "(or A (unless b c))");
    check("1 > bool 2", "(> bool 1 2)");
    check("# first\na # rest\n + b", "(+ a b)");
}

#[test]
fn selectors_take_all_matchers_and_quoted_names() {
    check("foo", "foo");
    check("foo:bar{}", "foo:bar");
    check("foo{a='1',b!=\"2\",c=~`3.*`,d!~'4',}", r#"foo{a="1",b!="2",c=~"3.*",d!~"4"}"#);
    check(r#"{"my.metric","label.x"="y"}"#, r#"{"my.metric","label.x"="y"}"#);
    check(r#"{"foo",a="b"}"#, r#"foo{a="b"}"#);
    check(r#"{__name__="foo"}"#, r#"{__name__="foo"}"#);
    check(r#"{"on"}"#, r#"{"on"}"#);
    check("sum{by='x'}", r#"sum{by="x"}"#);
    check("offset", "offset");
    check("foo{}[5m]", "foo[5m]");
    check("foo[1h30m] offset -1d", "foo[1h30m] offset -1d");
    check("foo @ 1.5 offset 1m", "foo @ 1.500 offset 1m");
    check("foo offset 1m @ start()", "foo @ start() offset 1m");
    check("foo @ -5", "foo @ -5.000");
    check("foo @ end()", "foo @ end()");
    check("foo[2 * (1m + 30s)]", "foo[3m]");
    check("foo[30]", "foo[30s]");
    check("foo offset 100 + 2", "(+ foo offset 1m40s 2)");
    check("foo offset (100 + 2)", "foo offset 1m42s");
    check("foo offset -(2 ^ 3 ^ 0)", "foo offset -2s");
}

#[test]
fn subqueries_nest() {
    check("foo[5m:1m]", "(foo[5m:1m])");
    check("foo[5m:]", "(foo[5m:])");
    check("foo[30:10] offset 3", "(foo[30s:10s] offset 3s)");
    check("rate(foo[1m])[1h:] @ 10 offset 1m", "((rate foo[1m])[1h:] @10000ms offset 1m)");
    check("max_over_time((a + b)[1h:5m] @ end())", "(max_over_time ((paren (+ a b))[1h:5m] @end))");
    check(
        "a + b[5m:1m]",
        "1:1: parse error: binary expression must contain only scalar and instant vector types"
            .replace("1:1", "1:5")
            .as_str(),
    );
}

#[test]
fn aggregations_take_their_clause_on_either_side() {
    check("sum(a)", "(sum by[] a)");
    check("SUM by (x, y,) (a)", "(sum by[\"x\", \"y\"] a)");
    check("sum(a) without (x)", "(sum without[\"x\"] a)");
    check("topk(5, a) by (\"x.y\")", "(topk by[\"x.y\"] 5 a)");
    check("count_values('v', a)", "(count_values by[] \"v\" a)");
    check("sum by (by, on, sum) (a)", "(sum by[\"by\", \"on\", \"sum\"] a)");
    check("limit_ratio(-0.5, a)", "(limit_ratio by[] -0.5 a)");
}

#[test]
fn vectors_are_matched_as_written() {
    check("a / on(x) b", "(/ on[\"x\"] a b)");
    check("a / ignoring (x, y) group_left b", "(/ ignoring[\"x\", \"y\"] group_left[] a b)");
    check("a > bool on() group_right(z) b", "(> bool on[] group_right[\"z\"] a b)");
    check("a and on(x) b", "(and on[\"x\"] a b)");
}

#[test]
fn errors_say_what_and_where() {
    check("", "1:1: parse error: no expression found in input");
    check("# only a comment", "1:17: parse error: no expression found in input");
    check("1 +", "1:4: parse error: unexpected end of input");
    check("foo bar", "1:5: parse error: unexpected identifier \"bar\"");
    check("1 1", "1:3: parse error: unexpected number \"1\"");
    check("a\n  + * b", "2:5: parse error: unexpected <op:*>");
    check("(a", "1:3: parse error: unclosed left parenthesis");
    check("a)", "1:2: parse error: unexpected right parenthesis ')'");
    check("sum(a", "1:6: parse error: unclosed left parenthesis");
    check("a{b=\"c\"", "1:8: parse error: unexpected end of input inside braces");
    check(
        "a{b}",
        "1:4: parse error: unexpected \"}\" in label matching, expected label matching operator",
    );
    check("a{b=1}", "1:5: parse error: unexpected number \"1\" in label matching, expected string");
    check("a{b:c=\"d\"}", "1:3: parse error: unexpected character inside braces: ':'");
    check("a{b=~\"(\"}", "1:6: parse error: error parsing regexp: unclosed group: `(`");
    check("a ? b", "1:3: parse error: unexpected character: '?'");
    check("a ! b", "1:3: parse error: unexpected character after '!': ' '");
    check(
        "sum by a (b)",
        "1:8: parse error: unexpected identifier \"a\" in grouping opts, expected \"(\"",
    );
    check("foo(a)", "1:1: parse error: unknown function with name \"foo\"");
    check("rate(a[5m],)", "1:12: parse error: trailing commas not allowed in function call args");
    check("a[5m", "1:5: parse error: unclosed left bracket");
    check(
        "a[5m)",
        "1:5: parse error: unexpected \")\" in subquery or range selector, expected \":\" or \"]\"",
    );
    check("sum(", "1:5: parse error: unclosed left parenthesis");
    check("a[0s]", "1:3: parse error: duration must be greater than 0");
    check("a[1h/0]", "1:5: parse error: division by zero");
    check("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher");
    check(
        "{a=~\".*\"}",
        "1:1: parse error: vector selector must contain at least one non-empty matcher",
    );
    check(
        "a{__name__=\"b\"}",
        "1:1: parse error: metric name must not be set twice: \"a\" or \"b\"",
    );
    check("a{\"b\"}", "1:3: parse error: metric name must not be set twice: \"a\" or \"b\"");
    check("a offset 1m offset 2m", "1:13: parse error: offset may not be set multiple times");
    check("a @ 1 @ 2", "1:7: parse error: @ <timestamp> may not be set multiple times");
    check("a @ start", "1:10: parse error: unexpected end of input in @, expected \"(\"");
    check("a @ Inf", "1:5: parse error: timestamp out of bounds for @ modifier: inf");
    check("a offset 1m[5m]", "1:1: parse error: no offset modifiers allowed before range");
    check(
        "1 offset 5m",
        "1:3: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
    );
    check("(a)[5m]", "1:1: parse error: ranges only allowed for vector selectors");
}

#[test]
fn types_must_fit() {
    check(
        "rate(a)",
        "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector",
    );
    check(
        "sum(5)",
        "1:5: parse error: expected type instant vector in aggregation expression, got scalar",
    );
    check(
        "topk(a, a)",
        "1:6: parse error: expected type scalar in aggregation parameter, got instant vector",
    );
    check("abs()", "1:1: parse error: expected 1 argument(s) in call to \"abs\", got 0");
    check(
        "round(a, 1, 2)",
        "1:1: parse error: expected at most 2 argument(s) in call to \"round\", got 3",
    );
    check(
        "label_join(a)",
        "1:1: parse error: expected at least 3 argument(s) in call to \"label_join\", got 1",
    );
    check("sum()", "1:1: parse error: no arguments for aggregate expression provided");
    check(
        "topk(a)",
        "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1",
    );
    check("1 > 2", "1:3: parse error: comparisons between scalars must use BOOL modifier");
    check("a + bool b", "1:3: parse error: bool modifier can only be used on comparison operators");
    check(
        "1 and a",
        "1:1: parse error: set operator \"and\" not allowed in binary scalar expression",
    );
    check(
        "a and on(x) group_left b",
        "1:1: parse error: no grouping allowed for \"and\" operation",
    );
    check(
        "a + on(x) group_left(x) b",
        "1:3: parse error: label \"x\" must not occur in ON and GROUP clause at once",
    );
    check("a + on(x) 1", "1:1: parse error: vector matching only allowed between instant vectors");
    check(
        "-\"text\"",
        "1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got \"string\"",
    );
    check(
        "1[5m:]",
        "1:1: parse error: subquery is only allowed on instant vector, got scalar instead",
    );
    check(
        "info(a)",
        "1:1: parse error: info() is not supported: join the info metric with group_left instead",
    );
}

#[test]
fn depth_is_limited_however_it_comes_about() {
    let nested = |levels: usize| format!("{}a{}", "(".repeat(levels), ")".repeat(levels));
    assert!(parse(&nested(150)).is_ok());
    for text in [
        nested(100_000),
        "-".repeat(100_000) + "a",
        "abs(".repeat(100_000),
        vec!["a"; 100_000].join("+"),
        format!("a{}", "[5m:]".repeat(100_000)),
        format!("a[{}1", "(".repeat(100_000)),
    ] {
        let error = parse(&text).expect_err("it is far too deep").to_string();
        assert!(error.contains("nested more than 200 levels deep"), "{error}");
    }
}

#[test]
fn values_print_as_go_prints_them() {
    for (value, expected) in [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0 / 3.0, "0.3333333333333333"),
        (1e21, "1000000000000000000000"),
        (1e-7, "0.0000001"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
        (f64::NAN, "NaN"),
        (-f64::NAN, "NaN"),
        (5e-324, &format!("0.{}5", "0".repeat(323))),
    ] {
        assert_eq!(format_value(value), expected);
    }
    for (value, expected) in
        [(1.1, "1.1"), (123_456.0, "123456"), (1e6, "1e+06"), (1.5e-5, "1.5e-05")]
    {
        assert_eq!(format_brief(value), expected);
    }
}

/// Expressions that parse and whose types fit, as text.
fn expression() -> impl Strategy<Value = String> {
    let selector = prop_oneof![
        "[a-z_:][a-z0-9_:]{0,6}",
        Just("{__name__=~\"a.+\"}".to_owned()),
        Just("{\"with space\",x!=\"\\n\\\"\"}".to_owned()),
        ("[a-z]{1,4}", "[a-z]{1,3}", "\\PC{0,5}").prop_map(|(name, label, value)| {
            format!("{name}{{{label}={}}}", super::quote::quote(&value))
        }),
    ];
    let anchor = prop_oneof![
        Just(""),
        Just(" offset 5m"),
        Just(" offset -1h30m"),
        Just(" @ 12.345"),
        Just(" @ start() offset 1w"),
    ];
    let vector = (selector, anchor).prop_map(|(selector, anchor)| format!("{selector}{anchor}"));
    vector.prop_recursive(4, 24, 3, |inner| {
        let operator = prop_oneof![
            Just("+"),
            Just("-"),
            Just("*"),
            Just("/"),
            Just("%"),
            Just("^"),
            Just("atan2"),
            Just("=="),
            Just("> bool"),
            Just("and"),
            Just("or"),
            Just("unless on (x)"),
            Just("* ignoring (x, \"y z\") group_left (w)"),
            Just("!= bool on () group_right"),
        ];
        let number =
            prop_oneof![Just("1"), Just("-2.5e-7"), Just("1h5m"), Just("NaN"), Just("-Inf")];
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(l, op, r)| format!("{l} {op} {r}")),
            (inner.clone(), number).prop_map(|(vector, number)| format!("{vector} ^ {number}")),
            inner.clone().prop_map(|inner| format!("-{inner}")),
            inner.clone().prop_map(|inner| format!("+{inner}")),
            inner.clone().prop_map(|inner| format!("({inner})")),
            inner.clone().prop_map(|inner| format!("sum by (a, \"b c\") ({inner})")),
            inner.clone().prop_map(|inner| format!("topk without (a) (3, {inner})")),
            inner.clone().prop_map(|inner| format!("rate(({inner})[5m:1m] offset 1d)")),
            inner.prop_map(|inner| format!("label_join({inner}, \"d\", \"-\", \"s\")")),
        ]
    })
}

proptest! {
    // A failing case is printed, with all it takes to run it again.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printing_and_parsing_again_gives_the_same_tree(text in expression()) {
        // Random names may make it ambiguous or say the wrong thing; then it is not judged.
        if let Ok(first) = parse(&text) {
            let printed = first.to_string();
            let second = parse(&printed).map_err(|error| {
                TestCaseError::fail(format!("{text}\nprints as {printed}\n{error}"))
            })?;
            prop_assert_eq!(first, second);
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_sequence_of_tokens_makes_the_parser_panic(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "a", "sum", "rate", "by", "on", "offset", "group_left", "bool", "and", "start", "inf",
            "(", ")", "{", "}", "[", "]", ",", ":", "=", "==", "=~", "!", "+", "-", "^", "@", "<",
            "1", "5m", "0x", "1e", ".", "\"s\"", "'", "`", "\\", "#", "\n", " ", "é",
        ]), 0..24),
    ) {
        let _ = parse(&tokens.concat());
    }
}

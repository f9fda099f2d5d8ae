use super::*;

/// `measurement|name=value|…` of a key, or what is wrong with it.
fn check(key: &str, expected: &str) {
    let found = match identify(key.as_bytes()) {
        Ok((measurement, tags)) => {
            let tags: String =
                tags.iter().map(|(name, value)| format!("|{name}={value}")).collect();
            format!("{measurement}{tags}")
        }
        Err(Refusal::Malformed { reason, .. }) => format!("! {reason}"),
        Err(other) => panic!("{other}"),
    };
    assert_eq!(found, expected, "{key:?}");
}

#[test]
fn tags_are_sorted_and_escapes_undone() {
    check("cpu", "cpu");
    check("cpu,host=a", "cpu|host=a");
    check("cpu,host=a,cpu=cpu0", "cpu|cpu=cpu0|host=a");
    check(r"c\,p\ u,t\,a\ g\=1=v\,a\ l\=2", "c,p u|t,a g=1=v,a l=2");
    check("temperatur,ort=Zürich,🌍=ja", "temperatur|ort=Zürich|🌍=ja");
    check("\"quoted\",a=\"b\"", "\"quoted\"|a=\"b\"");
}

#[test]
fn a_backslash_before_anything_else_stays() {
    check(r"C:\temp,path=D:\new", r"C:\temp|path=D:\new");
    check(r"a\=b,c=d", r"a\=b|c=d");
    check(r"a\\,b,c=d", r"a\,b|c=d");
    check(r"m,a=b\\\ c", r"m|a=b\\ c");
    check(r"m,a=\", r"m|a=\");
}

#[test]
fn flaws_are_told_in_the_words_of_influxdb() {
    check("", "! missing measurement");
    check(",a=b", "! missing measurement");
    check("cpu,", "! missing tag key");
    check("cpu,=b", "! missing tag key");
    check("cpu,a=b,,c=d", "! missing tag key");
    check("cpu,a", "! missing tag value");
    check("cpu,a,b=c", "! missing tag value");
    check("cpu,a=", "! missing tag value");
    check("cpu,a=,b=c", "! missing tag value");
    check("cpu,a=b=c", "! invalid tag format");
    check("cpu,a=1,b=2,a=3", "! duplicate tags");
    check(r"cpu,a\ =1,a\ =2", "! duplicate tags");
    check("cpu,time=1", "! invalid tag key: input tag \"time\" on measurement \"cpu\" is invalid");
    check(&"x".repeat(70_000), "! max key length exceeded: 70000 > 65535");
    assert!(identify(b"cpu,a=\xff").is_err());
}

#[test]
fn the_refusal_shows_no_more_than_the_start() {
    let key = format!("cpu,{}", "ü".repeat(500));
    let Err(Refusal::Malformed { text, .. }) = identify(key.as_bytes()) else { panic!("refused") };
    assert_eq!(text.chars().count(), 120);
    assert!(text.ends_with("ü…"));
}

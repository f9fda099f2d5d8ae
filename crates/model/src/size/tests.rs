use super::*;

fn check(text: &str, expected: Option<&str>) {
    let printed = text.parse::<ByteSize>().ok().map(|size| size.to_string());
    assert_eq!(printed.as_deref(), expected, "{text:?}");
}

#[test]
fn sizes_are_read_and_printed_in_one_form() {
    check("256 MiB", Some("256 MiB"));
    check(" 1024KiB ", Some("1 MiB"));
    check("1 KB", Some("1000 B"));
    check("7", Some("7 B"));
    check("0 GiB", Some("0 B"));
}

#[test]
fn what_is_not_a_size_is_refused() {
    for text in ["", "MiB", "-1", "1.5 MiB", "1 TiB", "99999999999 GiB"] {
        check(text, None);
    }
}

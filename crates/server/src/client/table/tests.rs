use super::*;

#[test]
fn columns_are_aligned() {
    let mut table = Table::new(&["host", "v"]);
    table.rows.push(vec!["aä".to_owned(), "10.5".to_owned()]);
    table.rows.push(vec!["longer".to_owned(), "2".to_owned()]);
    assert_eq!(table.aligned(), "host       v\naä      10.5\nlonger     2\n");
}

#[test]
fn csv_quotes_what_needs_it() {
    let mut table = Table::new(&["a", "b"]);
    table.rows.push(vec!["x,y".to_owned(), "say \"z\"".to_owned()]);
    assert_eq!(table.csv(), "a,b\n\"x,y\",\"say \"\"z\"\"\"\n");
}

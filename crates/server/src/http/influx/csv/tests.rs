use super::*;
use model::Timestamp;
use query::influxql::Rows;

#[test]
fn rows_carry_name_and_tags() {
    let series = |host: &str, columns: &[&str]| ResultSeries {
        name: "cpu".to_owned(),
        tags: vec![("host".to_owned(), host.to_owned()), ("r".to_owned(), "1".to_owned())],
        columns: columns.iter().map(|it| (*it).to_owned()).collect(),
        rows: Rows::Cells(vec![
            vec![Cell::Time(Timestamp(2_000)), Cell::Float(0.5)],
            vec![Cell::Time(Timestamp(3_000)), Cell::Null],
        ]),
    };
    let result = StatementResult {
        series: vec![
            series("a", &["time", "v"]),
            series("b", &["time", "v"]),
            series("c", &["time", "w,x"]),
        ],
        ..StatementResult::default()
    };
    let text = String::from_utf8(render(&[result], Some(Span(1_000)))).unwrap();
    assert_eq!(
        text,
        "name,tags,time,v\ncpu,\"host=a,r=1\",2,0.5\ncpu,\"host=a,r=1\",3,\n\
         cpu,\"host=b,r=1\",2,0.5\ncpu,\"host=b,r=1\",3,\n\
         \nname,tags,time,\"w,x\"\ncpu,\"host=c,r=1\",2,0.5\ncpu,\"host=c,r=1\",3,\n"
    );
}

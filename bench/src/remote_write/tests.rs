use super::{Labels, Request};
use model::ValueRef;
use model::row::Rows as _;
use protocol::remote_write::{Decoder, decompress};

#[test]
fn the_servers_decoder_reads_what_was_written() {
    let mut request = Request::default();
    let labels = Labels::new("up", &[("job", "node"), ("__zone", "a")]);
    request.push(&labels, [(1_767_225_600_000, 1.5), (1_767_225_610_000, f64::MAX)]);
    request.push(&Labels::new("down", &[]), [(1, -0.0)]);
    assert_eq!(request.samples, 3);
    let body = request.take().unwrap();
    let mut message = Vec::new();
    decompress(&body, 1 << 20, &mut message).unwrap();
    let mut decoder = Decoder::new(&message).unwrap();
    let identify = decoder.identify();
    let mut seen = Vec::new();
    while let Some(row) = decoder.next_row() {
        let row = row.unwrap();
        let ValueRef::F64(value) = row.fields[0].value else { panic!("a double") };
        let (metric, tags) = identify(row.key).unwrap();
        let tags: Vec<String> = tags.iter().map(|(name, tag)| format!("{name}={tag}")).collect();
        seen.push((metric.to_string(), tags.join(","), row.timestamp.0, value.to_bits()));
    }
    let tags = "__zone=a,job=node".to_owned();
    assert_eq!(
        seen,
        [
            ("up".to_owned(), tags.clone(), 1_767_225_600_000_000_000, 1.5f64.to_bits()),
            ("up".to_owned(), tags, 1_767_225_610_000_000_000, f64::MAX.to_bits()),
            ("down".to_owned(), String::new(), 1_000_000, (-0.0f64).to_bits()),
        ]
    );
}

use super::Body;

#[test]
fn a_lap_moves_times_and_serials_and_nothing_else() {
    let mut body = Body::with_lines(2);
    body.bytes.extend_from_slice(b"cpu,hostname=a x=1");
    body.end_line(1_767_225_600_000_000_000, 1);
    body.mark_serial(b"cpu,hostname=new_".len(), 12);
    body.bytes.extend_from_slice(b"cpu,hostname=new_0000000012 x=2");
    body.end_line(1_767_225_610_000_000_000, 1);
    let first = body.bytes.clone();
    body.turn_to(2, 30_000_000_000, 1_000);
    let text = String::from_utf8(body.bytes.clone()).unwrap();
    assert_eq!(
        text,
        "cpu,hostname=a x=1 1767225660000000000\n\
         cpu,hostname=new_0000002012 x=2 1767225670000000000\n"
    );
    body.turn_to(0, 30_000_000_000, 1_000);
    assert_eq!(body.bytes, first);
    assert_eq!(body.samples, 2);
}

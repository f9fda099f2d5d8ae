use super::*;

#[test]
fn a_list_of_objects_is_read() {
    let xml = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3\"><Name>b</Name>\
        <Contents><Key>a/b&amp;&#x41;&#66;.1</Key><Size>7</Size></Contents>\
        <Contents><Size>0</Size><Key>c</Key></Contents>\
        <Contents><Key>no size</Key></Contents>\
        <NextContinuationToken>&quot;t&lt;</NextContinuationToken></ListBucketResult>";
    assert_eq!(objects(xml), [("a/b&AB.1".to_owned(), 7), ("c".to_owned(), 0)]);
    assert_eq!(text(xml, "NextContinuationToken").as_deref(), Some("\"t<"));
    assert_eq!(text(xml, "Nothing"), None);
}

#[test]
fn what_is_broken_is_passed_over() {
    for (xml, wanted) in [
        ("<Key>a", vec![]),
        ("<Key>&</Key>", vec!["&"]),
        ("<Key>&;&#xFFFFFFFF;&nope;ü</Key><Key></Key>", vec!["&;&#xFFFFFFFF;&nope;ü", ""]),
    ] {
        assert_eq!(texts(xml, "Key"), wanted, "{xml}");
    }
    assert_eq!(objects("<Contents><Key>a</Key><Size>-1</Size>"), []);
}

#[test]
fn a_list_of_uploads_is_read() {
    let xml = "<ListMultipartUploadsResult><KeyMarker/><IsTruncated>false</IsTruncated>\
        <Upload><Key>a/b</Key><UploadId>1&amp;2</UploadId><Initiator><ID>x</ID></Initiator></Upload>\
        <Upload><Key>no number</Key></Upload></ListMultipartUploadsResult>";
    assert_eq!(uploads(xml), [("a/b".to_owned(), "1&2".to_owned())]);
}

use super::*;

/// Cases 1, 2 and 6 of RFC 4231: a key shorter and one longer than a block.
#[test]
fn hmac_is_as_published() {
    let check = |key: &[u8], text: &[u8], wanted: &str| assert_eq!(hex(&hmac(key, text)), wanted);
    check(
        &[0x0b; 20],
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    );
    check(
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
    check(
        &[0xaa; 131],
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    );
}

/// "GET Bucket (List Objects)" of the examples in S3's reference.
#[test]
fn a_request_is_signed_as_in_the_reference() {
    let credentials = Credentials {
        key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        session: None,
    };
    let query = query(&[("prefix", "J"), ("max-keys", "2")]);
    assert_eq!(query, "max-keys=2&prefix=J");
    let signed = Signed {
        method: "GET",
        host: "examplebucket.s3.amazonaws.com",
        path: "/",
        query: &query,
        body: &sha256(b""),
        region: "us-east-1",
    };
    let headers = headers(&signed, &credentials, "2013-05-24T00:00:00Z".parse().unwrap());
    let (name, value) = headers.last().unwrap();
    assert_eq!(*name, "authorization");
    assert_eq!(
        value,
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
         SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
         Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    );
    assert!(!format!("{credentials:?}").contains("wJalr"), "a secret is not printed");
}

#[test]
fn names_are_encoded_once() {
    assert_eq!(encode_key("a b/ü+.block.0a~"), "a%20b/%C3%BC%2B.block.0a~");
    assert_eq!(query(&[("uploads", ""), ("prefix", "a/b c")]), "prefix=a%2Fb%20c&uploads=");
}

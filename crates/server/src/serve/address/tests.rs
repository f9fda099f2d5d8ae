use super::*;

#[test]
fn the_url_can_be_opened() {
    let check = |address: &str, expected: &str| {
        assert_eq!(url_of(address.parse().unwrap()), expected);
    };
    check("127.0.0.1:7373", "http://127.0.0.1:7373");
    check("0.0.0.0:80", "http://127.0.0.1:80");
    check("[::]:7373", "http://[::1]:7373");
    check("[fe80::1]:7373", "http://[fe80::1]:7373");
}

#[tokio::test]
async fn what_is_wrong_with_an_address_is_one_clear_line() {
    let taken = bind("127.0.0.1:0").await.unwrap();
    let address = local(&taken).unwrap().to_string();
    let error = bind(&address).await.unwrap_err().to_string();
    assert!(error.contains(&address) && error.contains("in use") && error.contains("--listen"));
    let error = bind("nonsense").await.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1:7373") && !error.contains('\n'), "{error}");
}

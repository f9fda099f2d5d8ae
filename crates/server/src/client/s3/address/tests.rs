use super::*;

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret")];

fn read(place: &str, variables: &[(&str, &str)]) -> Result<Address, Error> {
    let all: Vec<_> = KEYS.iter().chain(variables).collect();
    let variable = |name: &str| {
        let found = all.iter().rev().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Address::new(Path::new(place), variable)
}

/// Origin, host and path of the object `x`.
#[track_caller]
fn check(place: &str, variables: &[(&str, &str)], wanted: [&str; 3]) {
    let address = read(place, variables).unwrap();
    let found = [address.origin().to_owned(), address.host.clone(), address.path("x")];
    assert_eq!(found, wanted.map(str::to_owned));
}

#[test]
fn a_bucket_of_aws_is_named_by_its_host() {
    let at = "https://b.s3.us-east-1.amazonaws.com";
    check("s3://b", &[], [at, &at[8..], "/x"]);
    let at = "https://b.s3.eu-west-3.amazonaws.com";
    check("s3://b/a/c d/", &[("AWS_REGION", "eu-west-3")], [at, &at[8..], "/a/c%20d/x"]);
    let at = "https://s3.eu-west-3.amazonaws.com";
    check("s3://b.c/", &[("AWS_DEFAULT_REGION", "eu-west-3")], [at, &at[8..], "/b.c/x"]);
    assert_eq!(read("s3://b", &[]).unwrap().path(""), "/");
}

#[test]
fn a_bucket_elsewhere_is_named_by_the_path() {
    let own = |url| [("AWS_ENDPOINT_URL", url)];
    let at = "http://127.0.0.1:9000";
    check("s3://b/p", &own("http://127.0.0.1:9000/"), [at, "127.0.0.1:9000", "/b/p/x"]);
    check("s3://b", &own("https://m:443/in/"), ["https://m:443", "m", "/in/b/x"]);
    let both = [("AWS_ENDPOINT_URL", "http://a"), ("AWS_ENDPOINT_URL_S3", "http://s")];
    check("s3://b", &both, ["http://s", "s", "/b/x"]);
    assert_eq!(read("s3://b/p", &own("http://a")).unwrap().path(""), "/b");
}

#[test]
fn what_cannot_be_is_refused_with_a_word_on_what_to_do() {
    let refused = |place: &str, variables: &[(&str, &str)], word: &str| {
        let error = read(place, variables).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
        assert!(!error.contains("secret") && !error.contains('\n'), "{error}");
    };
    refused("s3://", &[], "write s3://BUCKET/PREFIX");
    refused("s3://a b/c", &[], "write s3://BUCKET/PREFIX");
    refused("s3://b", &[("AWS_ACCESS_KEY_ID", "")], "set AWS_ACCESS_KEY_ID");
    refused("s3://b", &[("AWS_ENDPOINT_URL", "minio:9000")], "AWS_ENDPOINT_URL");
    refused("s3://b", &[("AWS_ENDPOINT_URL", "http://u@h")], "AWS_ENDPOINT_URL");
    refused("s3://b", &[("AWS_MAX_ATTEMPTS", "0")], "AWS_MAX_ATTEMPTS");
}

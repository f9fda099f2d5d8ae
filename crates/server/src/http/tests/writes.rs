//! What is written is kept, and what is not is told.

use super::*;
use std::io::Write;

async fn count(site: &Site, query: &str) -> Value {
    let got = site.get(&format!("/query?db=metrics&q={}", encoded(query))).await.json();
    got["results"][0]["series"][0]["values"][0][1].clone()
}

#[tokio::test]
async fn good_lines_of_a_bad_body_are_kept() {
    let site = Site::new();
    let got = site.post("/write?db=metrics", "a v=1\nb v=2\nc\nd v=\ne v=3\n").await;
    assert_eq!(got.status, 400);
    let error = got.json()["error"].as_str().unwrap().to_owned();
    assert!(error.starts_with("partial write: line 3: unable to parse 'c': "), "{error}");
    assert!(error.ends_with(" (and 1 more line); dropped=2"), "{error}");
    assert_eq!(count(&site, "SELECT count(v) FROM e").await, 1);
}

#[tokio::test]
async fn databases_and_policies_come_from_either_spelling() {
    let site = Site::new();
    assert_eq!(site.post("/api/v2/write?bucket=lab/autogen&org=x", "m v=1").await.status, 204);
    assert_eq!(site.post("/write?db=lab&rp=autogen", "m v=2").await.status, 204);
    let got = site.get("/query?q=SHOW+DATABASES").await.json();
    let names = got["results"][0]["series"][0]["values"].to_string();
    assert!(names.contains("[\"lab\"]"), "{names}");
    let got = site.post("/api/v2/write?bucket=lab/missing", "m v=1").await;
    assert_eq!((got.status, &got.json()["code"]), (404, &json!("not found")));
    assert_eq!(got.json()["error"], got.json()["message"]);
}

#[tokio::test]
async fn a_database_is_not_made_where_that_is_off() {
    let site = Site::configured("auto_create_databases = false\n");
    let got = site.post("/write?db=lab", "m v=1").await;
    assert_eq!(got.status, 404);
    assert_eq!(got.json()["error"], "database not found: \"lab\"");
}

#[tokio::test]
async fn bodies_have_a_limit_that_names_its_key() {
    let site = Site::configured(
        "body_bytes_max = 100\nbody_decompressed_bytes_max = 1000\ninflight_bytes_max = 10_000_000\n",
    );
    let got = site.post("/write", "m v=1\n".repeat(20)).await;
    assert_eq!(got.status, 413);
    assert!(got.json()["error"].as_str().unwrap().contains("body_bytes_max"));
    let got = send_gzip(&site, &"#\n".repeat(1_000)).await;
    assert_eq!(got.status, 413);
    assert!(got.json()["error"].as_str().unwrap().contains("body_decompressed_bytes_max"));
    assert_eq!(site.house.inflight.used(), 0);
    let metrics = site.get("/metrics").await.text();
    for limit in ["body_bytes_max", "body_decompressed_bytes_max"] {
        let line = format!("barograph_limit_refused_total{{limit=\"{limit}\"}} 1\n");
        assert!(metrics.contains(&line), "{metrics}");
    }
}

#[tokio::test]
async fn what_a_limit_refuses_is_told_and_counted_and_the_rest_is_kept() {
    let site = Site::configured("labels_max = 1\nseries_per_measurement_max = 2\n");
    let got = site.post("/write?db=metrics", "a,x=1,y=2 v=1\na,x=1 v=1,w=1\na,x=2 v=1\n").await;
    assert_eq!(got.status, 400);
    let error = got.json()["error"].as_str().unwrap().to_owned();
    let start = "partial write: line 1: limit of 1 labels of a series reached: \"a\" came with 2";
    assert!(error.starts_with(start) && error.ends_with("; dropped=2"), "{error}");
    assert_eq!(count(&site, "SELECT count(v) FROM a").await, 1);
    let metrics = site.get("/metrics").await.text();
    for limit in ["labels_max", "series_per_measurement_max"] {
        let line = format!("barograph_limit_refused_total{{limit=\"{limit}\"}} 1\n");
        assert!(metrics.contains(&line), "{metrics}");
    }
    assert!(metrics.contains("barograph_limit{limit=\"labels_max\"} 1\n"), "{metrics}");
}

/// Every limit of writes is told before it refuses anything.
#[tokio::test]
async fn every_limit_has_a_size_and_a_count() {
    let site = Site::configured("disk_free_min = 7\n");
    site.post("/write", "m v=1\n").await;
    let metrics = site.get("/metrics").await.text();
    for limit in [
        "body_bytes_max",
        "body_decompressed_bytes_max",
        "columns_max",
        "disk_free_min",
        "head_bytes_max",
        "inflight_bytes_max",
        "label_name_bytes_max",
        "label_value_bytes_max",
        "labels_max",
        "series_max",
        "series_per_measurement_max",
    ] {
        let line = format!("barograph_limit_refused_total{{limit=\"{limit}\"}} 0\n");
        assert!(metrics.contains(&line), "{limit}: {metrics}");
        assert!(metrics.contains(&format!("barograph_limit{{limit=\"{limit}\"}} ")), "{limit}");
    }
    assert!(metrics.contains("barograph_limit{limit=\"disk_free_min\"} 7\n"), "{metrics}");
}

async fn send_gzip(site: &Site, lines: &str) -> Got {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(lines.as_bytes()).unwrap();
    let request = Request::builder()
        .method(Method::POST)
        .uri("/write?precision=s")
        .header("content-encoding", "gzip");
    site.send(request.body(Body::from(encoder.finish().unwrap())).unwrap()).await
}

#[tokio::test]
async fn gzip_and_precision_are_read() {
    let site = Site::new();
    let at = an_hour_ago();
    assert_eq!(send_gzip(&site, &format!("m v=1 {at}\nm v=2 {}\n", at + 1)).await.status, 204);
    let got = site.get("/query?db=metrics&epoch=s&q=SELECT+v+FROM+m").await.json();
    assert_eq!(got["results"][0]["series"][0]["values"], json!([[at, 1], [at + 1, 2]]));
    let got = site.post("/write?precision=fortnight", "m v=1").await;
    assert!(got.status == 400 && got.json()["error"].as_str().unwrap().contains("fortnight"));
}

#[tokio::test]
async fn an_unknown_encoding_is_refused() {
    let site = Site::new();
    for (path, taken) in
        [("/write", "gzip"), ("/api/v2/write", "gzip"), ("/api/v1/write", "snappy")]
    {
        for encoding in ["br", "zstd", "deflate"] {
            let request = Request::builder()
                .method(Method::POST)
                .uri(path)
                .header("content-encoding", encoding);
            let got = site.send(request.body(Body::from("m v=1")).unwrap()).await;
            assert_eq!(got.status, 415, "{path} {encoding}");
            let error = got.json()["error"].as_str().unwrap().to_owned();
            assert!(error.contains(encoding) && error.contains(taken), "{error}");
        }
    }
}

#[tokio::test]
async fn points_out_of_reach_are_refused_with_the_reason() {
    let site = Site::new();
    let got = site.post("/write?precision=s", "m v=1 100").await;
    assert_eq!(got.status, 400);
    assert!(got.json()["error"].as_str().unwrap().contains("beyond retention policy"));
    let site = Site::configured("retention = \"inf\"\n");
    assert_eq!(site.post("/write?precision=s", "m v=1 100").await.status, 204);
}

/// A field of wire type 2 (length and bytes).
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    assert!(bytes.len() < 128, "lengths of one byte");
    [&[number << 3 | 2, bytes.len() as u8], bytes].concat()
}

fn write_request(labels: &[(&str, &str)], value: f64, ms: i64) -> Vec<u8> {
    let mut series = Vec::new();
    for (name, value) in labels {
        let label = [field(1, name.as_bytes()), field(2, value.as_bytes())].concat();
        series.extend(field(1, &label));
    }
    let mut sample = vec![1 << 3 | 1];
    sample.extend(value.to_le_bytes());
    sample.push(2 << 3);
    let mut rest = ms as u64;
    while rest >= 0x80 {
        sample.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    sample.push(rest as u8);
    series.extend(field(2, &sample));
    field(1, &series)
}

async fn remote(site: &Site, message: &[u8], kind: &str) -> Got {
    let body = snap::raw::Encoder::new().compress_vec(message).unwrap();
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/write")
        .header("content-encoding", "snappy")
        .header("content-type", kind);
    site.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn remote_write_is_kept_or_refused_for_good() {
    let site = Site::new();
    let kind = "application/x-protobuf";
    let ms = an_hour_ago() * 1_000;
    let labels = [("__name__", "up"), ("job", "x")];
    let got = remote(&site, &write_request(&labels, 1.5, ms), kind).await;
    assert_eq!(got.status, 204, "{}", got.text());
    let path = format!("/api/v1/query?query=up&time={}", ms / 1_000);
    let result = site.get(&path).await.json()["data"]["result"].clone();
    assert_eq!(
        result,
        json!([{ "metric": { "__name__": "up", "job": "x" }, "value": [ms / 1_000, "1.5"] }])
    );

    let got = remote(&site, &write_request(&labels, 1.5, 5), kind).await;
    assert_eq!(got.status, 400);
    let error = got.json()["error"].as_str().unwrap().to_owned();
    assert!(error.starts_with("partial write: sample 1: "), "{error}");

    assert_eq!(remote(&site, b"\xff\xff\xff", kind).await.status, 400);
    let second = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
    assert_eq!(remote(&site, b"", second).await.status, 415);
    assert_eq!(site.post("/api/v1/write", "not snappy").await.status, 400);
}

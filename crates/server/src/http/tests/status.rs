//! What the server tells about its series.

use super::*;

fn count(json: &Value, list: &str, name: &str) -> Option<u64> {
    let all = json["data"][list].as_array().unwrap();
    all.iter().find(|it| it["name"] == name)?["value"].as_u64()
}

#[tokio::test]
async fn series_are_counted_by_name_and_label() {
    let site = Site::new();
    let lines = "cpu,host=a,dc=eu user=1,idle=2\ncpu,host=b,dc=eu user=1,idle=2\nup,host=a value=1";
    assert_eq!(site.post("/write", lines).await.status, 204);
    for _ in 0..2 {
        let json = site.get("/api/v1/status/tsdb").await.json();
        assert_eq!(json["data"]["headStats"]["numSeries"], 5);
        assert_eq!(count(&json, "seriesCountByMetricName", "cpu_user"), Some(2));
        assert_eq!(count(&json, "seriesCountByMetricName", "up"), Some(1));
        assert_eq!(count(&json, "labelValueCountByLabelName", "host"), Some(2));
        assert_eq!(count(&json, "labelValueCountByLabelName", "__name__"), Some(3));
        assert_eq!(count(&json, "seriesCountByLabelValuePair", "dc=eu"), Some(4));
        assert_eq!(count(&json, "seriesCountByLabelValuePair", "host=a"), Some(3));
        assert_eq!(count(&json, "memoryInBytesByLabelName", "dc"), Some(8));
        // Head and block know the same streams; they count once.
        site.house.rooms().unwrap().store.flush().unwrap();
    }
    let json = site.get("/api/v1/status/tsdb?limit=1").await.json();
    assert_eq!(json["data"]["seriesCountByLabelValuePair"].as_array().unwrap().len(), 1);
    let json = site.get("/api/v1/status/tsdb?date=2001-02-03").await.json();
    assert_eq!(json["data"]["headStats"]["numSeries"], 0);
    assert_eq!(json["data"]["headStats"]["minTime"], 981_158_400_000_i64);
    for wrong in ["limit=0", "limit=10001", "limit=many", "date=today", "date=2001-02-30"] {
        let got = site.get(&format!("/api/v1/status/tsdb?{wrong}")).await;
        assert_eq!((got.status, &got.json()["errorType"]), (400, &json!("bad_data")), "{wrong}");
    }
}

#[tokio::test]
async fn the_run_is_told() {
    let site = Site::new();
    let json = site.get("/api/v1/status/runtimeinfo").await.json();
    assert_eq!(json["data"]["corruptionCount"], 0);
    assert!(json["data"]["startTime"].as_str().unwrap().ends_with('Z'), "{json}");
}

#[tokio::test]
async fn background_jobs_are_counted() {
    let site = Site::new();
    assert_eq!(site.post("/write", "up,host=a value=1").await.status, 204);
    site.house.rooms().unwrap().store.flush().unwrap();
    let text = site.get("/metrics").await.text();
    for line in [
        "barograph_job_running{job=\"flush\"} 0\n",
        "barograph_jobs_total{job=\"flush\"} 1\n",
        "barograph_jobs_total{job=\"merge\"} 0\n",
        "barograph_job_failures_total{job=\"flush\"} 0\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(!text.contains("barograph_job_last_failure_timestamp_seconds{"), "{text}");
}

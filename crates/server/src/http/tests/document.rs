//! `openapi.json` and the routes are one list.

use super::*;

fn document() -> Value {
    serde_json::from_str(include_str!("../../../openapi.json")).unwrap()
}

#[test]
fn the_document_names_every_route_and_no_other() {
    let documented: BTreeSet<String> =
        document()["paths"].as_object().unwrap().keys().cloned().collect();
    let routed: BTreeSet<String> = routes().iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(documented, routed);
}

#[tokio::test]
async fn the_document_names_every_method_and_no_other() {
    let site = Site::closed("");
    for (path, item) in document()["paths"].as_object().unwrap() {
        let address = path.replace("{id}", "a").replace("{name}", "a");
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
            let is_documented = item.get(method.as_str().to_lowercase()).is_some();
            let status = site.ask(method.clone(), &address, "").await.status;
            assert_eq!(is_documented, status != 405, "{method} {path}: {status}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Value, document: &Value) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                fields.values().for_each(|it| walk(it, document));
            }
            Value::Array(items) => items.iter().for_each(|it| walk(it, document)),
            _ => {}
        }
    }
    walk(&document(), &document());
}

#[tokio::test]
async fn the_document_is_served() {
    let site = Site::new();
    assert_eq!(site.get("/openapi.json").await.json(), document());
    assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
}

//! The few elements of S3's XML that are read: texts by name, one after the other.
//!
//! Not a reader of XML: names are taken without namespaces, and what is not asked for is
//! passed over, well-formed or not.

/// The texts of all elements called `name`, which hold no elements themselves.
pub fn texts(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut found = Vec::new();
    let mut rest = xml;
    while let Some(start) = rest.find(&open) {
        rest = &rest[start + open.len()..];
        let Some(end) = rest.find(&close) else { break };
        found.push(unescape(&rest[..end]));
        rest = &rest[end + close.len()..];
    }
    found
}

/// The text of the first element called `name`.
pub fn text(xml: &str, name: &str) -> Option<String> {
    texts(xml, name).into_iter().next()
}

/// Keys and sizes of a list of objects.
pub fn objects(xml: &str) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    for object in xml.split("<Contents>").skip(1) {
        let object = object.split("</Contents>").next().unwrap_or_default();
        let size = text(object, "Size").and_then(|size| size.parse().ok());
        if let (Some(key), Some(size)) = (text(object, "Key"), size) {
            found.push((key, size));
        }
    }
    found
}

/// Keys and numbers of a list of uploads in parts.
pub fn uploads(xml: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for upload in xml.split("<Upload>").skip(1) {
        let upload = upload.split("</Upload>").next().unwrap_or_default();
        if let (Some(key), Some(id)) = (text(upload, "Key"), text(upload, "UploadId")) {
            found.push((key, id));
        }
    }
    found
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').unwrap_or(0);
        match character(&rest[1..end.max(1)]) {
            Some(character) => {
                out.push(character);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests;

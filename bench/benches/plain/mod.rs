//! Keys as these benches spell them: a measurement and its tags with commas between, nothing
//! escaped.

use model::Tags;
use model::row::Identity;
use std::sync::Arc;

/// The names in a key.
pub fn identify(key: &[u8]) -> Result<Identity, model::Refusal> {
    let text = String::from_utf8_lossy(key);
    let mut parts = text.split(',');
    let measurement: Arc<str> = parts.next().unwrap_or_default().into();
    let tags = parts.filter_map(|part| part.split_once('='));
    Ok((measurement, Tags::new(tags.map(|(n, v)| (n.into(), v.into())).collect())))
}

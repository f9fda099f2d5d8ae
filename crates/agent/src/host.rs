//! What this host is called.

use std::fs;

/// The name of this host, as its kernel knows it; `localhost` where it does not say.
pub fn hostname() -> String {
    let named = |path| fs::read_to_string(path).ok().and_then(|text| first_word(&text));
    named("/proc/sys/kernel/hostname")
        .or_else(|| named("/etc/hostname"))
        .unwrap_or_else(|| "localhost".to_owned())
}

fn first_word(text: &str) -> Option<String> {
    text.split_whitespace().next().map(str::to_owned)
}

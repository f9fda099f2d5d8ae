//! What the text of a pattern says before it is run: which values need not be looked at.
//!
//! Only patterns of whole values, `^…$` around at most one kind of group, say anything.

/// Which values a pattern can match.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hint {
    /// Any: the pattern must be run.
    Any,
    /// Every one.
    Every,
    /// Every one but the empty.
    NotEmpty,
    /// Those that begin with this, if the pattern matches them.
    Prefix(String),
    /// These, if the pattern matches them.
    OneOf(Vec<String>),
}

/// What the text of a pattern says.
pub fn hint(pattern: &str) -> Hint {
    let Some(mut inner) = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$')) else {
        return Hint::Any;
    };
    let (mut is_grouped, mut dot_is_all) = (false, false);
    while let Some((inside, is_all)) = group(inner) {
        (inner, is_grouped, dot_is_all) = (inside, true, dot_is_all || is_all);
    }
    match inner {
        ".*" if dot_is_all => return Hint::Every,
        ".+" if dot_is_all => return Hint::NotEmpty,
        // What is nested or escaped is left to the pattern itself.
        _ if inner.contains(['(', ')', '\\']) => return Hint::Any,
        _ => {}
    }
    if inner.contains('|') {
        let parts = inner.split('|');
        // Without a group, either end belongs to one alternative only.
        let is_plain = is_grouped && parts.clone().all(|part| !part.contains(is_special));
        return if is_plain { Hint::OneOf(parts.map(str::to_owned).collect()) } else { Hint::Any };
    }
    let Some(end) = inner.find(is_special) else { return Hint::OneOf(vec![inner.to_owned()]) };
    let mut prefix = inner[..end].chars();
    let is_repeat = |c: char| matches!(c, '*' | '+' | '?' | '{');
    let repeats = inner[end..].strip_prefix('+').unwrap_or(&inner[end..]);
    if repeats.starts_with(is_repeat) {
        // What may be repeated may be absent, by `a*` as by `a+*`.
        prefix.next_back();
    }
    match prefix.as_str() {
        "" => Hint::Any,
        prefix => Hint::Prefix(prefix.to_owned()),
    }
}

/// The inside of one group around all, and whether its dot matches line breaks too.
fn group(inner: &str) -> Option<(&str, bool)> {
    let inside = inner.strip_suffix(')')?;
    if let Some(inside) = inside.strip_prefix("(?s:") {
        return Some((inside, true));
    }
    inside.strip_prefix("(?:").or_else(|| inside.strip_prefix('(')).map(|inside| (inside, false))
}

fn is_special(c: char) -> bool {
    matches!(c, '.' | '*' | '+' | '?' | '{' | '}' | '[' | ']' | '^' | '$' | '|' | '(' | ')' | '\\')
}

#[cfg(test)]
mod tests;

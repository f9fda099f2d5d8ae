//! A file of rules for `barograph rules apply`: a JSON array of rules, an object
//! `{"rules": […]}`, or a single rule. What a server alone can know (which channels there
//! are, whether an expression parses) it says when the rules are posted.

use super::input::RuleInput;
use crate::ApiError;
use serde_json::Value;

/// The most rules one file may hold.
pub const FILE_RULES_MAX: usize = 10_000;

/// Reads a file of rules.
///
/// # Errors
/// When it is not one; the message names the rule, counted from 1.
pub fn check_rules_file(text: &str) -> Result<Vec<RuleInput>, ApiError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| ApiError::BadRequest(format!("rules file is not JSON: {error}")))?;
    let rules = match value {
        Value::Array(rules) => rules,
        Value::Object(mut object) if object.contains_key("rules") => {
            let rules = object.remove("rules");
            if let Some(other) = object.keys().next() {
                let said = format!("unknown field `{other}` beside `rules`");
                return Err(ApiError::BadRequest(said));
            }
            match rules {
                Some(Value::Array(rules)) => rules,
                _ => return Err(ApiError::BadRequest("`rules` is not an array".to_owned())),
            }
        }
        rule => vec![rule],
    };
    if rules.len() > FILE_RULES_MAX {
        let said = format!("{} rules in one file; at most {FILE_RULES_MAX}", rules.len());
        return Err(ApiError::BadRequest(said));
    }
    let read = |(index, rule): (usize, Value)| {
        RuleInput::from_value(rule)
            .map_err(|error| ApiError::BadRequest(format!("rule {}: {error}", index + 1)))
    };
    rules.into_iter().enumerate().map(read).collect()
}

#[cfg(test)]
mod tests;

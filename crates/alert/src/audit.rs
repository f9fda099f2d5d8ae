//! Rules as the audit log has them, and the words for what was done to them.

use crate::rule::Rule;
use crate::store::Audit;
use crate::view::{RuleView, Standing};
use model::Timestamp;
use serde_json::Value;

/// Fields of an answer that are no part of the rule itself.
const OBSERVED: [&str; 6] =
    ["matches", "state", "health", "last_error", "instances", "instances_total"];

/// A change of a rule: made where there is no `before`, deleted where there is no `after`.
pub(crate) fn change(
    at: Timestamp,
    who: Option<String>,
    before: Option<&Rule>,
    after: Option<&Rule>,
) -> Audit {
    let action = match (before, after) {
        (None, _) => "create",
        (Some(_), None) => "delete",
        (Some(before), Some(after)) => verb(before, after),
    };
    let id = after.or(before).map(|rule| rule.id.clone()).unwrap_or_default();
    let (before, after) = (before.map(json), after.map(json));
    Audit { at, who, action: action.to_owned(), rule_id: id, before, after }
}

/// What a replacement amounts to.
fn verb(before: &Rule, after: &Rule) -> &'static str {
    let mut switched = before.clone();
    switched.enabled = after.enabled;
    switched.updated_at = after.updated_at;
    switched.revision = after.revision;
    switched.judged_at = after.judged_at;
    match before.enabled != after.enabled && switched == *after {
        true if after.enabled => "enable",
        true => "disable",
        false => "replace",
    }
}

fn json(rule: &Rule) -> Value {
    let view = RuleView::new(rule, &Standing::unjudged(0));
    let mut value = serde_json::to_value(view).expect("a view is plain data");
    if let Value::Object(fields) = &mut value {
        OBSERVED.iter().for_each(|field| drop(fields.remove(*field)));
    }
    value
}

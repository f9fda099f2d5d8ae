//! `barograph rules`: a JSON file of rules made so on a server, listed, or checked.

use super::asked::{Send, Server};
use super::table::Table;
use crate::cli::Rules;
use crate::error::Error;
use model::Span;
use serde_json::{Value, json};
use std::path::Path;

/// Runs one of the commands.
///
/// # Errors
/// When a rule is refused, or nobody answers.
pub fn run(command: &Rules) -> Result<(), Error> {
    match command {
        Rules::Apply { file, server } => apply(file, &Server::new(server)),
        Rules::List { server } => list(&Server::new(server)),
        Rules::Check { file } => {
            let rules = read(file)?;
            let faults: Vec<String> = rules.iter().enumerate().filter_map(fault).collect();
            if !faults.is_empty() {
                return Err(Error::Usage(format!("{}: {}", file.display(), faults.join("; "))));
            }
            println!("{}: {} ok", file.display(), rules_count(rules.len()));
            Ok(())
        }
    }
}

fn rules_count(count: usize) -> String {
    if count == 1 { "1 rule".to_owned() } else { format!("{count} rules") }
}

fn read(file: &Path) -> Result<Vec<alert::RuleInput>, Error> {
    let fault = |what: String| Error::Usage(format!("{}: {what}", file.display()));
    let text =
        std::fs::read_to_string(file).map_err(|error| fault(format!("read the file: {error}")))?;
    alert::check_rules_file(&text).map_err(|error| fault(error.to_string()))
}

/// What can be seen to be wrong with a rule without a server.
fn fault((index, rule): (usize, &alert::RuleInput)) -> Option<String> {
    let expr = rule.expr.as_ref()?;
    let error = query::promql::parse(expr).err()?;
    Some(format!("rule {}: expr: {error}", index + 1))
}

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Applied {
    Created,
    Changed,
    Unchanged,
}

fn apply(file: &Path, server: &Server) -> Result<(), Error> {
    let rules = read(file)?;
    let mut refused = 0;
    for (index, rule) in rules.iter().enumerate() {
        let told = rule.alert_id.as_ref().or(rule.name.as_ref());
        let name = told.map_or_else(|| format!("rule {}", index + 1), String::clone);
        match apply_one(rule, server)? {
            Ok((id, Applied::Created)) => println!("created {id}"),
            Ok((id, Applied::Changed)) => println!("changed {id}"),
            Ok((id, Applied::Unchanged)) => println!("unchanged {id}"),
            Err(why) => {
                refused += 1;
                eprintln!("refused {name}: {why}");
            }
        }
    }
    match refused {
        0 => Ok(()),
        _ => {
            let total = rules_count(rules.len());
            Err(Error::Client(format!("{refused} of {total} in {} refused", file.display())))
        }
    }
}

/// Makes or replaces one rule; the inner error is why it is refused.
fn apply_one(
    rule: &alert::RuleInput,
    server: &Server,
) -> Result<Result<(String, Applied), String>, Error> {
    let json = serde_json::to_value(rule)
        .map_err(|error| Error::Failed(format!("write rule: {error}")))?;
    let present = match &rule.alert_id {
        Some(id) => present_by_id(id, server)?,
        None => {
            let rules = server.get("/api/alerts")?;
            if rules.status != 200 {
                return Ok(Err(rules.error()));
            }
            match present_by_name(rule.name.as_deref(), &rules.json()?) {
                Ok(present) => present,
                Err(why) => return Ok(Err(why)),
            }
        }
    };
    let Some(view) = present else {
        let made = server.send_json(Send::Post, "/api/alerts", &json)?;
        return match made.status {
            201 => Ok(Ok((id_of(&made.json()?), Applied::Created))),
            _ => Ok(Err(made.error())),
        };
    };
    let id = id_of(&view);
    if is_so(rule, &view) {
        return Ok(Ok((id, Applied::Unchanged)));
    }
    let replaced = server.send_json(Send::Put, &format!("/api/alerts/{id}"), &json)?;
    match replaced.status {
        200 => Ok(Ok((id, Applied::Changed))),
        _ => Ok(Err(replaced.error())),
    }
}

fn id_of(view: &Value) -> String {
    view["id"].as_str().unwrap_or_default().to_owned()
}

fn present_by_id(id: &str, server: &Server) -> Result<Option<Value>, Error> {
    let answer = server.get(&format!("/api/alerts/{id}"))?;
    match answer.status {
        200 => Ok(Some(answer.json()?)),
        404 => Ok(None),
        _ => Err(Error::Client(answer.error())),
    }
}

/// The rule that bears the name, where a file gives no id: the server would make another
/// of that name each time.
fn present_by_name(name: Option<&str>, rules: &Value) -> Result<Option<Value>, String> {
    let Some(name) = name.filter(|name| !name.trim().is_empty()) else {
        return Err("it has neither alert_id nor name, so it would be made anew each time".into());
    };
    let bears = |rule: &&Value| rule["name"] == name;
    let mut found = rules.as_array().into_iter().flatten().filter(bears);
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => {
            Err(format!("several rules are named {name:?}: say which is meant with its alert_id"))
        }
        (present, _) => Ok(present.cloned()),
    }
}

/// Whether `view`, which a server answered, is what `rule` asks for. What the rule leaves
/// out is compared with what the server then takes, so that a rule that is so already is
/// not replaced, and leaves no row in the audit log.
fn is_so(rule: &alert::RuleInput, view: &Value) -> bool {
    let is = |field: &str, wanted: Value| view[field] == wanted;
    let span = |text: Option<&str>| text.map_or(Some(Span::ZERO), |text| text.parse().ok());
    let lasts = |field: &str, wanted: &Option<String>| {
        let wanted = span(wanted.as_deref());
        wanted.is_some() && wanted == span(view[field].as_str())
    };
    let name = rule.name.as_ref().filter(|name| !name.trim().is_empty());
    is("name", json!(name.or(rule.alert_id.as_ref())))
        && is("metric_name", json!(rule.metric_name))
        && is("expr", json!(rule.expr))
        && is("condition", json!(rule.condition))
        && is("threshold", json!(rule.threshold))
        && is("recovery_threshold", json!(rule.recovery_threshold))
        && lasts("duration", &rule.duration)
        && is("severity", json!(rule.severity.as_deref().unwrap_or("warning")))
        && is("tags_filter", json!(rule.tags_filter.clone().unwrap_or_default()))
        && is("notify", json!(rule.notify.clone().unwrap_or_default()))
        && lasts("cooldown", &rule.cooldown)
        && is("enabled", json!(rule.enabled.unwrap_or(true)))
        && rule.created_by.as_ref().is_none_or(|by| is("created_by", json!(by)))
}

fn list(server: &Server) -> Result<(), Error> {
    let answer = server.get("/api/alerts")?;
    if answer.status != 200 {
        return Err(Error::Client(answer.error()));
    }
    print!("{}", table(&answer.json()?).aligned());
    Ok(())
}

fn table(rules: &Value) -> Table {
    let mut table = Table::new(&["id", "state", "severity", "name", "firing", "enabled"]);
    for rule in rules.as_array().into_iter().flatten() {
        let text = |name: &str| rule[name].as_str().unwrap_or_default().to_owned();
        let instances = rule["instances"].as_array().into_iter().flatten();
        let firing = instances.filter(|it| it["state"] == "firing").count().to_string();
        let enabled = if rule["enabled"] == true { "yes" } else { "no" };
        let row =
            [text("id"), text("state"), text("severity"), text("name"), firing, enabled.into()];
        table.rows.push(row.to_vec());
    }
    table
}

#[cfg(test)]
mod tests;

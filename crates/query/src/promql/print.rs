//! Trees back to text, as Prometheus prints them on one line.

use super::ast::{
    Aggregation, Anchor, Binary, Cardinality, Expr, ExprKind, Grouping, Matching, Moment, Number,
    Selector, Subquery,
};
use super::duration;
use super::format::format_value;
use super::quote::quote;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

impl Display for Expr {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Number(number) => number.fmt(out),
            ExprKind::Text(text) => out.write_str(&quote(text)),
            ExprKind::Selector(selector) => selector.fmt(out),
            ExprKind::Subquery(subquery) => subquery.fmt(out),
            ExprKind::Call(call) => {
                write!(out, "{}(", call.function.name)?;
                separated(out, &call.args)?;
                out.write_str(")")
            }
            ExprKind::Aggregate(aggregation) => aggregation.fmt(out),
            ExprKind::Binary(binary) => binary.fmt(out),
            ExprKind::Negate(inner) => write!(out, "-{inner}"),
            ExprKind::Plus(inner) => write!(out, "+{inner}"),
            ExprKind::Paren(inner) => write!(out, "({inner})"),
        }
    }
}

impl Display for Number {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match duration::span_of_secs(self.value).filter(|_| self.is_duration) {
            Some(span) => out.write_str(&duration::print(span)),
            // Not as a value prints: a plus would be a sign of its own.
            None if self.value == f64::INFINITY => out.write_str("Inf"),
            None => out.write_str(&format_value(self.value)),
        }
    }
}

impl Display for Selector {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let quoted = self.name.as_ref().filter(|name| !is_metric_name(name));
        if let (Some(name), None) = (&self.name, quoted) {
            out.write_str(name)?;
        }
        if quoted.is_some() || !self.matchers.is_empty() || self.name.is_none() {
            out.write_str("{")?;
            if let Some(name) = quoted {
                out.write_str(&quote(name))?;
            }
            for (index, matcher) in self.matchers.iter().enumerate() {
                let comma = if index > 0 || quoted.is_some() { "," } else { "" };
                let (name, symbol) = (LabelName(&matcher.name), matcher.kind.symbol());
                write!(out, "{comma}{name}{symbol}{}", quote(&matcher.value))?;
            }
            out.write_str("}")?;
        }
        if let Some(range) = self.range {
            write!(out, "[{}]", duration::print(range))?;
        }
        self.anchor.fmt(out)
    }
}

impl Display for Anchor {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(Moment::Start) => out.write_str(" @ start()")?,
            Some(Moment::End) => out.write_str(" @ end()")?,
            Some(Moment::Millis(ms)) => {
                let sign = if ms < 0 { "-" } else { "" };
                let ms = ms.unsigned_abs();
                write!(out, " @ {sign}{}.{:03}", ms / 1000, ms % 1000)?;
            }
            None => {}
        }
        match self.offset {
            Some(offset) => write!(out, " offset {}", duration::print(offset)),
            None => Ok(()),
        }
    }
}

impl Display for Subquery {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}[{}:", self.expr, duration::print(self.range))?;
        if let Some(step) = self.step {
            out.write_str(&duration::print(step))?;
        }
        write!(out, "]{}", self.anchor)
    }
}

impl Display for Aggregation {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(self.op.name())?;
        match &self.grouping {
            Grouping::By(labels) if labels.is_empty() => {}
            Grouping::By(labels) => write!(out, " by ({}) ", Names(labels))?,
            Grouping::Without(labels) => write!(out, " without ({}) ", Names(labels))?,
        }
        match &self.param {
            Some(param) => write!(out, "({param}, {})", self.expr),
            None => write!(out, "({})", self.expr),
        }
    }
}

impl Display for Binary {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let bool_word = if self.returns_bool { " bool" } else { "" };
        write!(out, "{} {}{bool_word} ", self.left, self.op.symbol())?;
        if let Some(matching) = &self.matching {
            matching.fmt(out)?;
        }
        self.right.fmt(out)
    }
}

impl Display for Matching {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let word = if self.on { "on" } else { "ignoring" };
        write!(out, "{word} ({}) ", Names(&self.labels))?;
        match self.cardinality {
            Cardinality::OneToOne => Ok(()),
            Cardinality::ManyToOne => write!(out, "group_left ({}) ", Names(&self.include)),
            Cardinality::OneToMany => write!(out, "group_right ({}) ", Names(&self.include)),
        }
    }
}

/// Words that mean something else where a metric may stand.
const NEVER_BARE: [&str; 8] =
    ["inf", "nan", "on", "ignoring", "group_left", "group_right", "atan2", "bool"];

/// Whether `name` is a metric name that needs no quotes.
fn is_metric_name(name: &str) -> bool {
    is_name(name, |c| c == ':') && !NEVER_BARE.iter().any(|word| name.eq_ignore_ascii_case(word))
}

fn is_name(name: &str, also: impl Fn(char) -> bool) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || also(c);
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(fits)
}

struct LabelName<'a>(&'a str);

impl Display for LabelName<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        if is_name(self.0, |_| false) {
            out.write_str(self.0)
        } else {
            out.write_str(&quote(self.0))
        }
    }
}

struct Names<'a>(&'a [Arc<str>]);

impl Display for Names<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(out, "{comma}{}", LabelName(name))?;
        }
        Ok(())
    }
}

fn separated(out: &mut Formatter<'_>, items: &[Expr]) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        write!(out, "{comma}{item}")?;
    }
    Ok(())
}

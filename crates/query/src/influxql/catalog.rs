//! `CREATE`, `ALTER` and `DROP` of databases and retention policies.

use super::ast::{AlterPolicy, CreateDatabase, CreatePolicy, PolicySpec};
use super::context::Context;
use super::error::Error;
use model::port::{CatalogError, Policy, PolicyChange};
use model::{DEFAULT_POLICY, Span};
use std::sync::Arc;

/// Shards span no less, and policies keep no less, than this.
const SPAN_MIN: Span = Span::HOUR;

/// `CREATE DATABASE`.
pub(crate) fn create_database(create: &CreateDatabase, context: &Context<'_>) -> Result<(), Error> {
    let policy = match &create.policy {
        None => None,
        Some(spec) => {
            let name = spec.name.as_deref().unwrap_or(DEFAULT_POLICY);
            Some(policy(name, spec, true)?)
        }
    };
    Ok(context.catalog.create_database(&create.name, policy)?)
}

/// `CREATE RETENTION POLICY`.
pub(crate) fn create_policy(create: &CreatePolicy, context: &Context<'_>) -> Result<(), Error> {
    let spec = PolicySpec {
        name: None,
        duration: Some(create.duration),
        replication: Some(create.replication),
        shard: create.shard,
    };
    let policy = policy(&create.name, &spec, create.default)?;
    Ok(context.catalog.create_policy(&create.database, policy)?)
}

/// `ALTER RETENTION POLICY`.
pub(crate) fn alter_policy(alter: &AlterPolicy, context: &Context<'_>) -> Result<(), Error> {
    let known = context.catalog.policies(&alter.database)?;
    let Some(current) = known.iter().find(|policy| policy.name.as_ref() == alter.name) else {
        return Err(CatalogError::NoPolicy(alter.name.clone()).into());
    };
    let duration = match alter.change.duration {
        Some(duration) => kept(duration)?,
        None => current.duration,
    };
    let shard = alter.change.shard.map(|shard| shard_span(Some(shard), duration));
    require_longer(duration, shard.unwrap_or(current.shard))?;
    let change = PolicyChange {
        duration: alter.change.duration.map(|_| duration),
        shard,
        replication: alter.change.replication,
        make_default: alter.default,
    };
    Ok(context.catalog.alter_policy(&alter.database, &alter.name, change)?)
}

fn policy(name: &str, spec: &PolicySpec, is_default: bool) -> Result<Policy, Error> {
    let duration = kept(spec.duration.unwrap_or(Span::ZERO))?;
    let shard = shard_span(spec.shard, duration);
    require_longer(duration, shard)?;
    Ok(Policy {
        name: Arc::from(name),
        duration,
        shard,
        replication: spec.replication.unwrap_or(1),
        is_default,
    })
}

/// How long is kept; zero means for ever.
fn kept(duration: Span) -> Result<Option<Span>, Error> {
    match duration {
        Span::ZERO => Ok(None),
        short if short < SPAN_MIN => Err(CatalogError::TooShort.into()),
        long => Ok(Some(long)),
    }
}

/// How much time a shard spans: what was said, or what suits how long is kept.
fn shard_span(said: Option<Span>, kept: Option<Span>) -> Span {
    match (said.filter(|shard| *shard != Span::ZERO), kept) {
        (Some(shard), _) => shard.max(SPAN_MIN),
        (None, None) => Span(7 * Span::DAY.0),
        (None, Some(kept)) if kept.0 >= 180 * Span::DAY.0 => Span(7 * Span::DAY.0),
        (None, Some(kept)) if kept.0 >= 2 * Span::DAY.0 => Span::DAY,
        (None, Some(_)) => Span::HOUR,
    }
}

fn require_longer(kept: Option<Span>, shard: Span) -> Result<(), Error> {
    if kept.is_some_and(|kept| kept < shard) {
        let message = "retention policy duration must be greater than the shard duration";
        return Err(Error::invalid(message));
    }
    Ok(())
}

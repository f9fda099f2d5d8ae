//! Text in, results out: the language as others see it.

use super::answer::{Message, ResultSeries, StatementResult};
use super::ast::{Select, Statement};
use super::catalog;
use super::context::Context;
use super::delete;
use super::error::{Error, ParseError};
use super::moment::Zone;
use super::parser::parse;
use super::plan::{Plan, Query};
use super::run;
use super::show;
use model::limits::Budget;
use model::port::{Catalog, Clock, Source};
use std::sync::Arc;

/// What bounds queries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// How many windows `GROUP BY time()` may make in one series.
    pub buckets_max: u64,
    /// On how many threads series are read at once.
    pub threads: usize,
}

impl Default for Options {
    /// 100,000 windows, which is ten days by 10 s, and a thread for each core.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        Self { buckets_max: 100_000, threads }
    }
}

/// What a text is run for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Request {
    /// The database statements mean that name none.
    pub database: Option<String>,
    /// The retention policy they mean; the database's default where none.
    pub policy: Option<String>,
    /// Whether statements that change something are refused.
    pub read_only: bool,
}

/// Answers InfluxQL.
#[derive(Clone)]
pub struct Engine {
    source: Arc<dyn Source>,
    catalog: Arc<dyn Catalog>,
    clock: Arc<dyn Clock>,
    options: Options,
}

impl Engine {
    /// An engine over this data.
    pub fn new(
        source: Arc<dyn Source>,
        catalog: Arc<dyn Catalog>,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Self {
        Self { source, catalog, clock, options }
    }

    /// Runs the statements of `text` one after the other, up to the first that fails.
    /// Gives one result for each statement.
    ///
    /// # Errors
    /// When the text is not InfluxQL; then nothing of it was run.
    pub fn run(
        &self,
        text: &str,
        request: &Request,
        budget: &Budget,
    ) -> Result<Vec<StatementResult>, ParseError> {
        let statements = parse(text)?;
        let named = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
        let (database, policy) = (named(&request.database), named(&request.policy));
        let context = Context {
            source: self.source.as_ref(),
            catalog: self.catalog.as_ref(),
            database: database.as_deref(),
            policy: policy.as_deref(),
            now: self.clock.now().0,
            buckets_max: self.options.buckets_max,
            threads: self.options.threads,
            budget,
        };
        let mut results = Vec::with_capacity(statements.len());
        let mut failed = false;
        let said_before = budget.take_warnings();
        for statement in &statements {
            let answer = match failed {
                true => Err(Error::NotExecuted),
                false => answer(statement, request.read_only, &context),
            };
            let mut result = match answer {
                Ok(series) => StatementResult { series, ..StatementResult::default() },
                Err(error) => {
                    failed = true;
                    let error = Some(error.to_string());
                    StatementResult { error, ..StatementResult::default() }
                }
            };
            if let Statement::Select(select) = statement {
                result.zone = select.zone.as_deref().and_then(Zone::find);
            }
            result.messages = budget.take_warnings().into_iter().map(Message::warning).collect();
            results.push(result);
        }
        said_before.into_iter().for_each(|warning| budget.warn(warning));
        Ok(results)
    }
}

/// Whether a statement changes something.
fn writes(statement: &Statement) -> bool {
    match statement {
        Statement::CreateDatabase(_)
        | Statement::DropDatabase { .. }
        | Statement::Delete(_)
        | Statement::DropSeries(_)
        | Statement::DropMeasurement { .. }
        | Statement::CreatePolicy(_)
        | Statement::AlterPolicy(_)
        | Statement::DropPolicy { .. } => true,
        Statement::Select(_)
        | Statement::ShowDatabases
        | Statement::ShowMeasurements(_)
        | Statement::ShowTagKeys(_)
        | Statement::ShowTagValues(_)
        | Statement::ShowFieldKeys(_)
        | Statement::ShowSeries(_)
        | Statement::ShowCardinality(_)
        | Statement::ShowPolicies { .. }
        | Statement::Foreign { .. } => false,
    }
}

fn answer(
    statement: &Statement,
    read_only: bool,
    context: &Context<'_>,
) -> Result<Vec<ResultSeries>, Error> {
    if read_only && writes(statement) {
        return Err(Error::ReadOnly(statement.to_string()));
    }
    let nothing = |_| Vec::new();
    match statement {
        Statement::Select(select) => answer_select(select, context),
        Statement::ShowDatabases => Ok(vec![show::databases(context)]),
        Statement::ShowMeasurements(show) => show::measurements(show, context),
        Statement::ShowTagKeys(show) => show::tag_keys(show, context),
        Statement::ShowTagValues(show) => show::tag_values(show, context),
        Statement::ShowFieldKeys(show) => show::field_keys(show, context),
        Statement::ShowSeries(show) => show::series(show, context),
        Statement::ShowCardinality(show) => show::cardinality(show, context),
        Statement::ShowPolicies { database } => {
            Ok(vec![show::policies(database.as_deref(), context)?])
        }
        Statement::CreateDatabase(create) => catalog::create_database(create, context).map(nothing),
        Statement::DropDatabase { name } => Ok(context.catalog.drop_database(name).map(nothing)?),
        Statement::Delete(delete) => delete::delete(delete, context).map(nothing),
        Statement::DropSeries(drop) => delete::drop_series(drop, context).map(nothing),
        Statement::DropMeasurement { name } => delete::drop_measurement(name, context).map(nothing),
        Statement::CreatePolicy(create) => catalog::create_policy(create, context).map(nothing),
        Statement::AlterPolicy(alter) => catalog::alter_policy(alter, context).map(nothing),
        Statement::DropPolicy { name, database } => {
            Ok(context.catalog.drop_policy(database, name).map(nothing)?)
        }
        Statement::Foreign { verb, .. } => Err(Error::Unsupported(verb.clone())),
    }
}

fn answer_select(select: &Select, context: &Context<'_>) -> Result<Vec<ResultSeries>, Error> {
    let query = Query::compile(select, context.now)?;
    let plan = Plan::bind(&query, context)?;
    run::select(&plan, context)
}

//! Which inputs make one series of the answer.

use super::frame::{Columns, Condition, Frame};
use super::{Scope, Table, execute};
use crate::influxql::context::Context;
use crate::influxql::error::Error;
use crate::influxql::plan::{Feed, Plan, Stream};
use model::TimeRange;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What tells one series of the answer from another: measurement, and values of the tags
/// grouped by in the order of their names.
pub(crate) type GroupKey = (Arc<str>, Vec<Arc<str>>);

/// Inputs of all series of the answer.
#[derive(Default)]
pub(crate) struct Groups<'a> {
    inputs: BTreeMap<GroupKey, Vec<Input<'a>>>,
    /// What the rows of each feed must fulfil, by the feed's number.
    conditions: Vec<Option<Condition>>,
}

/// Where rows of one group come from.
struct Input<'a> {
    feed: usize,
    rows: Rows<'a>,
}

enum Rows<'a> {
    Stream(Stream),
    Table(Arc<Table>, &'a Plan),
}

/// One input and the group it belongs to, by its number.
pub(crate) struct Item<'g, 'a> {
    /// Which group, in the order of keys.
    pub(crate) group: usize,
    input: &'g Input<'a>,
    condition: Option<&'g Condition>,
}

impl<'a> Groups<'a> {
    /// The inputs of `plan` in `scope`; `needs` learns the columns conditions look at.
    pub(crate) fn collect(
        plan: &'a Plan,
        scope: &Scope,
        needs: &mut Columns,
        context: &Context<'_>,
    ) -> Result<Self, Error> {
        let mut groups = Self::default();
        for (number, feed) in plan.feeds.iter().enumerate() {
            match feed {
                Feed::Streams { reading, condition, .. } => {
                    groups.conditions.push(needs.condition(condition.as_ref())?);
                    for stream in reading.streams(context)? {
                        let key = stream.key.clone();
                        let value = |tag: &String| key.tags.find(tag).cloned();
                        let rows = Rows::Stream(stream);
                        groups.add(key.measurement.clone(), scope, value, rows, number);
                    }
                }
                Feed::Subquery { plan, condition } => {
                    groups.conditions.push(needs.condition(condition.as_ref())?);
                    for table in execute(plan, &scope.inside(plan), context)? {
                        let table = Arc::new(table);
                        let value = |tag: &String| {
                            let found = table.tags.iter().find(|(name, _)| name == tag);
                            found.map(|(_, value)| Arc::from(value.as_str()))
                        };
                        let rows = Rows::Table(table.clone(), plan);
                        groups.add(table.name.clone(), scope, value, rows, number);
                    }
                }
            }
        }
        groups.limit(scope);
        Ok(groups)
    }

    fn add(
        &mut self,
        name: Arc<str>,
        scope: &Scope,
        value: impl Fn(&String) -> Option<Arc<str>>,
        rows: Rows<'a>,
        feed: usize,
    ) {
        let absent: Arc<str> = Arc::from("");
        let values = scope.dimensions.iter();
        let values = values.map(|tag| value(tag).unwrap_or_else(|| absent.clone())).collect();
        self.inputs.entry((name, values)).or_default().push(Input { feed, rows });
    }

    /// Applies SLIMIT and SOFFSET, which count the series of each measurement.
    fn limit(&mut self, scope: &Scope) {
        if scope.slimit == 0 && scope.soffset == 0 {
            return;
        }
        let limit = if scope.slimit == 0 { u64::MAX } else { scope.slimit };
        let mut seen: (Option<Arc<str>>, u64) = (None, 0);
        self.inputs.retain(|(name, _), _| {
            if seen.0.as_ref() != Some(name) {
                seen = (Some(name.clone()), 0);
            }
            seen.1 += 1;
            let nth = seen.1 - 1;
            nth >= scope.soffset && nth - scope.soffset < limit
        });
    }

    /// The keys of all groups, sorted.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &GroupKey> {
        self.inputs.keys()
    }

    /// All inputs, those of one group together, groups in the order of keys.
    pub(crate) fn items(&self) -> Vec<Item<'_, 'a>> {
        let groups = self.inputs.values().enumerate();
        let items = groups.flat_map(|(group, inputs)| {
            inputs.iter().map(move |input| {
                let condition = self.conditions[input.feed].as_ref();
                Item { group, input, condition }
            })
        });
        items.collect()
    }
}

impl Item<'_, '_> {
    /// Reads the rows inside `range`.
    pub(crate) fn frame(
        &self,
        needs: &Columns,
        range: TimeRange,
        context: &Context<'_>,
    ) -> Result<Frame, Error> {
        context.budget.check()?;
        match &self.input.rows {
            Rows::Stream(stream) => Frame::read(stream, &needs.columns, range, context.budget),
            Rows::Table(table, plan) => Ok(Frame::of_table(table, plan, &needs.columns, range)),
        }
    }

    /// Whether any of its rows may count, as far as that can be told unread.
    pub(crate) fn may_keep(
        &self,
        needs: &Columns,
        range: TimeRange,
        context: &Context<'_>,
    ) -> bool {
        match (&self.input.rows, self.condition) {
            (Rows::Stream(stream), Some(condition)) => {
                condition.may_hold(stream, &needs.columns, range, context.budget)
            }
            _ => true,
        }
    }

    /// Which rows of `frame` count; none where all do.
    pub(crate) fn kept(&self, frame: &Frame) -> Option<Vec<bool>> {
        let condition = self.condition?;
        Some(condition.kept(frame))
    }
}

/// The tags an answer shows for a group.
pub(crate) fn shown_tags(scope: &Scope, key: &GroupKey) -> Arc<[(String, String)]> {
    let values = scope.dimensions.iter().zip(&key.1);
    values.map(|(name, value)| (name.clone(), value.to_string())).collect()
}

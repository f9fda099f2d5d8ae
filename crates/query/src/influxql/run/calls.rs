//! Rows that functions make.

use super::fill::Filling;
use super::frame::{Access, Columns, Frame};
use super::gather::{Point, gather};
use super::grid::Grid;
use super::group::{GroupKey, Groups, Item, shown_tags};
use super::join::join;
use super::pushdown;
use super::spread::over_threads;
use super::step;
use super::tally::{Tally, of_floats};
use super::{Scope, Table};
use crate::influxql::answer::Cell;
use crate::influxql::ast::DataType;
use crate::influxql::context::Context;
use crate::influxql::error::Error;
use crate::influxql::plan::{Aggregate, Gathered, Leaf, Operation, Plan};
use model::{Accumulator, Needs};
use std::collections::BTreeMap;

/// Summaries of windows, by their start and in the order of time.
pub(crate) type Sums = Vec<(i64, Accumulator)>;

/// What a call has left of the inputs read so far.
pub(crate) enum State {
    /// A summary of each window, as the store made it.
    Sums(Sums),
    /// A summary of each window, by its start.
    Windows(BTreeMap<i64, Tally>),
    /// The point picked in each window, by its start.
    Picked(BTreeMap<i64, Point>),
    /// The points themselves.
    Points(Vec<Point>),
}

/// Adds a window to those summed up already.
pub(crate) fn pool(windows: &mut BTreeMap<i64, Tally>, start: i64, tally: Tally) {
    match windows.get_mut(&start) {
        Some(known) => known.pool(&tally),
        None => drop(windows.insert(start, tally)),
    }
}

/// The rows of every group.
pub(crate) fn tables(
    plan: &Plan,
    scope: &Scope,
    context: &Context<'_>,
) -> Result<Vec<Table>, Error> {
    let mut found: BTreeMap<GroupKey, Vec<Vec<Point>>> = BTreeMap::new();
    for (scope, calls) in by_scope(plan, scope) {
        let lists = match pushdown::windows(plan, &scope, &calls, context)? {
            Some(groups) => groups,
            None => read(plan, &scope, &calls, context)?,
        };
        for (key, states) in lists {
            let lists = found.entry(key).or_insert_with(|| vec![Vec::new(); plan.operations.len()]);
            for (call, state) in calls.iter().zip(states) {
                lists[call.index] = call.finish(state, plan, &scope, context)?;
            }
        }
    }
    let tables = found.into_iter().map(|(key, lists)| Table {
        name: key.0.clone(),
        tags: shown_tags(scope, &key),
        rows: join(plan, lists),
    });
    Ok(tables.collect())
}

/// The calls of a plan by what they must read: those that look back need windows more.
fn by_scope<'a>(plan: &'a Plan, scope: &Scope) -> Vec<(Scope, Vec<Call<'a>>)> {
    let mut scopes: Vec<(Scope, Vec<Call<'a>>)> = Vec::new();
    for (index, operation) in plan.operations.iter().enumerate() {
        if operation.argument.kind == DataType::Unknown {
            continue;
        }
        let wanted = scope.looking_back(operation.looks_back(), plan.ascending);
        let call = Call { index, operation, column: 0, selects: plan.is_selector() };
        match scopes.iter_mut().find(|(known, _)| *known == wanted) {
            Some((_, calls)) => calls.push(call),
            None => scopes.push((wanted, vec![call])),
        }
    }
    scopes
}

/// What one call is and where its column stands.
pub(crate) struct Call<'a> {
    /// Which of the plan's.
    pub(crate) index: usize,
    /// What it does.
    pub(crate) operation: &'a Operation,
    column: usize,
    /// Whether it is the only one and picks points, which then keep their times.
    selects: bool,
}

/// States of all calls, by group.
pub(crate) type States = Vec<(GroupKey, Vec<State>)>;

/// Reads every input and lets every call look at it.
fn read(
    plan: &Plan,
    scope: &Scope,
    calls: &[Call<'_>],
    context: &Context<'_>,
) -> Result<States, Error> {
    let mut needs = Columns::default();
    let calls: Vec<_> = calls.iter().map(|call| call.with_column(&mut needs)).collect();
    let aux: Vec<_> = plan.references.iter().map(|r| needs.shown(r)).collect();
    let groups = Groups::collect(plan, scope, &mut needs, context)?;
    let grid = Grid::of(scope, plan.zone.as_ref());
    let items = groups.items();
    let runs = over_threads(&items, context.threads, |items| {
        read_run(items, &calls, &needs, &aux, &grid, context)
    })?;
    let mut states: Vec<Option<Vec<State>>> = Vec::new();
    states.resize_with(groups.keys().count(), || None);
    for (group, found) in runs.into_iter().flatten() {
        match &mut states[group] {
            None => states[group] = Some(found),
            Some(known) => {
                for ((ours, theirs), call) in known.iter_mut().zip(found).zip(&calls) {
                    call.merge(ours, theirs);
                }
            }
        }
    }
    let keyed = groups.keys().cloned().zip(states);
    Ok(keyed.filter_map(|(key, states)| Some((key, states?))).collect())
}

fn read_run(
    items: &[Item<'_, '_>],
    calls: &[Call<'_>],
    needs: &Columns,
    aux: &[Access],
    grid: &Grid<'_>,
    context: &Context<'_>,
) -> Result<Vec<(usize, Vec<State>)>, Error> {
    let mut found: Vec<(usize, Vec<State>)> = Vec::new();
    for item in items {
        if found.last().is_none_or(|(group, _)| *group != item.group) {
            let empty = calls.iter().map(|call| call.empty(!aux.is_empty()));
            found.push((item.group, empty.collect()));
        }
        let frame = item.frame(needs, grid.range, context)?;
        let kept = item.kept(&frame);
        if let Some((_, states)) = found.last_mut() {
            for (call, state) in calls.iter().zip(states) {
                call.push(state, &frame, kept.as_deref(), aux, grid);
            }
        }
    }
    Ok(found)
}

impl<'a> Call<'a> {
    fn with_column(&self, needs: &mut Columns) -> Self {
        let column = needs.column(&self.operation.argument);
        Self { index: self.index, operation: self.operation, column, selects: self.selects }
    }

    /// The state before any input; `shows` says whether columns are shown beside.
    fn empty(&self, shows: bool) -> State {
        match &self.operation.leaf {
            Leaf::Fold(_) if shows => State::Picked(BTreeMap::new()),
            Leaf::Fold(_) => State::Windows(BTreeMap::new()),
            Leaf::Gather(_) => State::Points(Vec::new()),
        }
    }

    fn merge(&self, ours: &mut State, theirs: State) {
        match (ours, theirs) {
            (State::Windows(ours), State::Windows(theirs)) => {
                for (start, tally) in theirs {
                    pool(ours, start, tally);
                }
            }
            (State::Picked(ours), State::Picked(theirs)) => {
                for (start, point) in theirs {
                    self.pick(ours, start, point);
                }
            }
            (State::Points(ours), State::Points(mut theirs)) => ours.append(&mut theirs),
            _ => debug_assert!(false, "states of one call are of one kind"),
        }
    }

    /// Looks at the rows of one input.
    fn push(
        &self,
        state: &mut State,
        frame: &Frame,
        kept: Option<&[bool]>,
        aux: &[Access],
        grid: &Grid<'_>,
    ) {
        let rows = frame.rows_within(grid.range);
        let counts = |row: usize| kept.is_none_or(|kept| kept[row]);
        let kind = self.operation.argument.kind;
        match state {
            // Only the store makes these, and it has read the inputs.
            State::Sums(_) => {}
            State::Windows(windows) => {
                let mut open: Option<(i64, i64, Tally)> = None;
                frame.each(self.column, &rows, |row, at, value| {
                    if !counts(row) {
                        return;
                    }
                    match &mut open {
                        Some((_, end, tally)) if at < *end => tally.push(at, value, kind),
                        _ => {
                            let Some(tally) = Tally::of(at, value, kind) else { return };
                            let (start, end) = grid.window(at);
                            if let Some((start, _, done)) = open.replace((start, end, tally)) {
                                pool(windows, start, done);
                            }
                        }
                    }
                });
                if let Some((start, _, done)) = open {
                    pool(windows, start, done);
                }
            }
            State::Picked(windows) => frame.each(self.column, &rows, |row, at, value| {
                if counts(row) {
                    let value = super::frame::cast(Cell::from(value), kind);
                    let start = grid.window(at).0;
                    let point = Point { at, value, aux: Some(cells(frame, aux, row)) };
                    self.pick(windows, start, point);
                }
            }),
            State::Points(points) => frame.each(self.column, &rows, |row, at, value| {
                if counts(row) {
                    let value = super::frame::cast(Cell::from(value), kind);
                    let aux = (!aux.is_empty()).then(|| cells(frame, aux, row));
                    points.push(Point { at, value, aux });
                }
            }),
        }
    }

    /// Keeps the better of a window's point so far and another.
    fn pick(&self, windows: &mut BTreeMap<i64, Point>, start: i64, point: Point) {
        let Leaf::Fold(aggregate) = &self.operation.leaf else { return };
        let Some(known) = windows.get_mut(&start) else {
            windows.insert(start, point);
            return;
        };
        let value = super::gather::compare(&point.value, &known.value);
        let time = point.at.cmp(&known.at);
        let better = match aggregate {
            Aggregate::Min => value.then(time).is_lt(),
            Aggregate::Max => value.reverse().then(time).is_lt(),
            Aggregate::First => time.then(value.reverse()).is_lt(),
            Aggregate::Last => time.reverse().then(value.reverse()).is_lt(),
            _ => false,
        };
        if better {
            *known = point;
        }
    }

    /// The points of one group, in the order of the query.
    fn finish(
        &self,
        state: State,
        plan: &Plan,
        scope: &Scope,
        context: &Context<'_>,
    ) -> Result<Vec<Point>, Error> {
        let grid = Grid::of(scope, plan.zone.as_ref());
        let own_times = self.selects && grid.interval.is_none();
        let mut points = match state {
            State::Sums(sums) => {
                let kind = self.operation.leaf_kind;
                let sums = sums.into_iter();
                let values = |aggregate| {
                    sums.map(move |(start, window)| (start, of_floats(&window, aggregate, kind)))
                };
                self.summaries(values, &grid, own_times)
            }
            State::Windows(windows) => {
                let kind = self.operation.leaf_kind;
                let windows = windows.into_iter();
                let values = |aggregate| {
                    windows.map(move |(start, window)| (start, window.value(aggregate, kind)))
                };
                self.summaries(values, &grid, own_times)
            }
            State::Picked(windows) => {
                let stamped = windows.into_iter().map(|(start, mut point)| {
                    if !own_times {
                        point.at = grid.stamp(start);
                    }
                    point
                });
                stamped.collect()
            }
            State::Points(points) => match &self.operation.leaf {
                Leaf::Gather(gathered) => {
                    let keys = key_places(plan, gathered);
                    gather(points, gathered, &grid, &keys, own_times)
                }
                Leaf::Fold(_) => Vec::new(),
            },
        };
        if !plan.ascending {
            points.reverse();
        }
        if self.operation.is_filled() {
            let filling = Filling {
                grid,
                fill: plan.fill,
                kind: self.operation.leaf_kind,
                counts: self.operation.counts(),
                ascending: plan.ascending,
                buckets_max: context.buckets_max,
                budget: context.budget,
            };
            points = filling.apply(points)?;
        }
        for step in &self.operation.steps {
            points = step::apply(*step, points, &grid, plan.ascending);
        }
        Ok(points)
    }

    fn summaries<I: Iterator<Item = (i64, (Cell, Option<i64>))>>(
        &self,
        values: impl FnOnce(Aggregate) -> I,
        grid: &Grid<'_>,
        own_times: bool,
    ) -> Vec<Point> {
        let Leaf::Fold(aggregate) = &self.operation.leaf else { return Vec::new() };
        let points = values(*aggregate).map(|(start, (value, stood))| {
            let at = stood.filter(|_| own_times).unwrap_or_else(|| grid.stamp(start));
            Point { at, value, aux: None }
        });
        points.collect()
    }

    /// What must be known of each window.
    pub(crate) fn needs(&self) -> Needs {
        let Leaf::Fold(aggregate) = &self.operation.leaf else { return Needs::ALL };
        let needs = match aggregate {
            Aggregate::Count => return Needs::COUNT,
            Aggregate::Sum | Aggregate::Mean => return Needs::SUM,
            Aggregate::First => return Needs::FIRST,
            Aggregate::Last => return Needs::LAST,
            Aggregate::Spread => return Needs::MIN | Needs::MAX,
            Aggregate::Min => Needs::MIN,
            Aggregate::Max => Needs::MAX,
        };
        if self.selects { needs | Needs::EXTREME_TIMES } else { needs }
    }
}

fn cells(frame: &Frame, aux: &[Access], row: usize) -> Box<[Cell]> {
    aux.iter().map(|access| frame.cell(access, row)).collect()
}

/// Where the key columns of `top` and `bottom` stand among those shown.
fn key_places(plan: &Plan, gathered: &Gathered) -> Vec<usize> {
    let Gathered::Extreme { keys, .. } = gathered else { return Vec::new() };
    let place = |key| plan.references.iter().position(|reference| reference == key);
    keys.iter().filter_map(place).collect()
}

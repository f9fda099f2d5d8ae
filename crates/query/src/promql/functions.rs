//! Every function of the language: its name, its types, and what computes it.

use super::ast::Type;
use super::engine::{calendar, maths, over_time, rates, window::Window};
use Type::{Matrix, Scalar, Text, Vector};
use model::Change;
use model::port::WindowFunction;

/// A function of the language.
#[derive(Debug)]
pub struct Function {
    /// As it is written.
    pub name: &'static str,
    /// What its arguments must be.
    pub args: &'static [Type],
    /// How many of the last arguments may be left out.
    pub optional: usize,
    /// Whether the last argument may be given any number of times.
    pub repeats: bool,
    /// What it gives.
    pub returns: Type,
    /// Why it cannot be called, where it cannot.
    pub(crate) refusal: Option<&'static str>,
    pub(crate) body: Body,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// What computes a function.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    /// Each number by itself.
    Map(fn(f64) -> f64),
    /// Each number as seconds since the epoch; without an argument, the step's time.
    Calendar(fn(f64) -> f64),
    /// The samples of one series in one window.
    Window(WindowBody),
    /// What needs more than one series, or more than numbers.
    Special(Special),
}

/// What computes a function of range vectors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WindowBody {
    pub call: fn(&Window<'_>) -> Option<f64>,
    /// Whether what comes out is still a sample of the same metric.
    pub keeps_name: bool,
    /// Whether only counters make sense.
    pub counter: bool,
    /// Whether its parameter is a quantile, which should lie between 0 and 1.
    pub quantile: bool,
    /// The same function as a source computes it, where one does.
    pub pushed_down: Option<WindowFunction>,
}

/// Functions with a place of their own in the evaluator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Special {
    Absent,
    AbsentOverTime,
    Clamp,
    ClampMax,
    ClampMin,
    HistogramFraction,
    HistogramQuantile,
    /// Functions of native histograms only: of plain numbers they give nothing.
    HistogramOnly,
    LabelJoin,
    LabelReplace,
    Pi,
    Round,
    ToScalar,
    Sort,
    SortDescending,
    SortByLabel,
    SortByLabelDescending,
    Time,
    Timestamp,
    ToVector,
}

/// The function of this name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

const fn plain(name: &'static str, args: &'static [Type], body: Body) -> Function {
    Function { name, args, optional: 0, repeats: false, returns: Vector, refusal: None, body }
}

const fn map(name: &'static str, call: fn(f64) -> f64) -> Function {
    plain(name, &[Vector], Body::Map(call))
}

const fn calendar(name: &'static str, call: fn(f64) -> f64) -> Function {
    Function { optional: 1, ..plain(name, &[Vector], Body::Calendar(call)) }
}

const PLAIN: WindowBody = WindowBody {
    call: over_time::count,
    keeps_name: false,
    counter: false,
    quantile: false,
    pushed_down: None,
};

const fn window(name: &'static str, call: fn(&Window<'_>) -> Option<f64>) -> Function {
    windowed(name, &[Matrix], WindowBody { call, ..PLAIN })
}

const fn windowed(name: &'static str, args: &'static [Type], body: WindowBody) -> Function {
    plain(name, args, Body::Window(body))
}

/// A change of the samples, which sources compute too.
const fn changing(
    name: &'static str,
    call: fn(&Window<'_>) -> Option<f64>,
    change: Change,
) -> Function {
    let counter = !matches!(change, Change::Delta);
    let pushed_down = Some(WindowFunction::Change(change));
    windowed(name, &[Matrix], WindowBody { call, counter, pushed_down, ..PLAIN })
}

/// A function that sources compute too.
const fn pushed(
    name: &'static str,
    call: fn(&Window<'_>) -> Option<f64>,
    function: WindowFunction,
) -> Function {
    // First and last give a sample of the metric, the others something made of it.
    let keeps_name = matches!(function, WindowFunction::First | WindowFunction::Last);
    let body = WindowBody { call, keeps_name, pushed_down: Some(function), ..PLAIN };
    windowed(name, &[Matrix], body)
}

const fn special(name: &'static str, args: &'static [Type], which: Special) -> Function {
    plain(name, args, Body::Special(which))
}

const fn scalar(name: &'static str, args: &'static [Type], which: Special) -> Function {
    Function { returns: Scalar, ..special(name, args, which) }
}

const fn repeating(name: &'static str, args: &'static [Type], which: Special) -> Function {
    Function { optional: 1, repeats: true, ..special(name, args, which) }
}

const QUANTILE: WindowBody = WindowBody { call: over_time::quantile, quantile: true, ..PLAIN };
const PREDICT: WindowBody = WindowBody { call: rates::predict_linear, ..PLAIN };
const SMOOTH: WindowBody = WindowBody { call: rates::double_exponential_smoothing, ..PLAIN };

/// In the order of names.
static FUNCTIONS: &[Function] = &[
    map("abs", maths::abs),
    special("absent", &[Vector], Special::Absent),
    special("absent_over_time", &[Matrix], Special::AbsentOverTime),
    map("acos", f64::acos),
    map("acosh", f64::acosh),
    map("asin", f64::asin),
    map("asinh", f64::asinh),
    map("atan", f64::atan),
    map("atanh", f64::atanh),
    pushed("avg_over_time", over_time::avg, WindowFunction::Mean),
    map("ceil", f64::ceil),
    window("changes", over_time::changes),
    special("clamp", &[Vector, Scalar, Scalar], Special::Clamp),
    special("clamp_max", &[Vector, Scalar], Special::ClampMax),
    special("clamp_min", &[Vector, Scalar], Special::ClampMin),
    map("cos", f64::cos),
    map("cosh", f64::cosh),
    pushed("count_over_time", over_time::count, WindowFunction::Count),
    calendar("day_of_month", calendar::day_of_month),
    calendar("day_of_week", calendar::day_of_week),
    calendar("day_of_year", calendar::day_of_year),
    calendar("days_in_month", calendar::days_in_month),
    map("deg", maths::deg),
    changing("delta", rates::delta, Change::Delta),
    window("deriv", rates::deriv),
    windowed("double_exponential_smoothing", &[Matrix, Scalar, Scalar], SMOOTH),
    map("exp", f64::exp),
    pushed("first_over_time", over_time::first, WindowFunction::First),
    map("floor", f64::floor),
    special("histogram_avg", &[Vector], Special::HistogramOnly),
    special("histogram_count", &[Vector], Special::HistogramOnly),
    special("histogram_fraction", &[Scalar, Scalar, Vector], Special::HistogramFraction),
    special("histogram_quantile", &[Scalar, Vector], Special::HistogramQuantile),
    special("histogram_stddev", &[Vector], Special::HistogramOnly),
    special("histogram_stdvar", &[Vector], Special::HistogramOnly),
    special("histogram_sum", &[Vector], Special::HistogramOnly),
    calendar("hour", calendar::hour),
    window("idelta", rates::idelta),
    changing("increase", rates::increase, Change::Increase),
    Function {
        optional: 1,
        refusal: Some("info() is not supported: join the info metric with group_left instead"),
        ..special("info", &[Vector, Vector], Special::HistogramOnly)
    },
    window("irate", rates::irate),
    repeating("label_join", &[Vector, Text, Text, Text], Special::LabelJoin),
    special("label_replace", &[Vector, Text, Text, Text, Text], Special::LabelReplace),
    pushed("last_over_time", over_time::last, WindowFunction::Last),
    map("ln", f64::ln),
    map("log10", f64::log10),
    map("log2", f64::log2),
    window("mad_over_time", over_time::mad),
    pushed("max_over_time", over_time::max, WindowFunction::Max),
    pushed("min_over_time", over_time::min, WindowFunction::Min),
    calendar("minute", calendar::minute),
    calendar("month", calendar::month),
    scalar("pi", &[], Special::Pi),
    windowed("predict_linear", &[Matrix, Scalar], PREDICT),
    window("present_over_time", over_time::present),
    windowed("quantile_over_time", &[Scalar, Matrix], QUANTILE),
    map("rad", maths::rad),
    changing("rate", rates::rate, Change::Rate),
    window("resets", over_time::resets),
    Function { optional: 1, ..special("round", &[Vector, Scalar], Special::Round) },
    scalar("scalar", &[Vector], Special::ToScalar),
    map("sgn", maths::sgn),
    map("sin", f64::sin),
    map("sinh", f64::sinh),
    special("sort", &[Vector], Special::Sort),
    repeating("sort_by_label", &[Vector, Text], Special::SortByLabel),
    repeating("sort_by_label_desc", &[Vector, Text], Special::SortByLabelDescending),
    special("sort_desc", &[Vector], Special::SortDescending),
    map("sqrt", f64::sqrt),
    window("stddev_over_time", over_time::stddev),
    window("stdvar_over_time", over_time::stdvar),
    pushed("sum_over_time", over_time::sum, WindowFunction::Sum),
    map("tan", f64::tan),
    map("tanh", f64::tanh),
    scalar("time", &[], Special::Time),
    special("timestamp", &[Vector], Special::Timestamp),
    window("ts_of_first_over_time", over_time::ts_of_first),
    window("ts_of_last_over_time", over_time::ts_of_last),
    window("ts_of_max_over_time", over_time::ts_of_max),
    window("ts_of_min_over_time", over_time::ts_of_min),
    special("vector", &[Scalar], Special::ToVector),
    calendar("year", calendar::year),
];

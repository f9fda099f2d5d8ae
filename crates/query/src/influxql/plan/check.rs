//! Which functions may stand where, in InfluxDB's words.

use crate::influxql::ast::{Call, Expr, Fill, Select, format_duration};
use crate::influxql::error::Error;
use crate::influxql::eval::Math;

/// Functions of InfluxDB that this server does not have.
const FOREIGN: [&str; 11] = [
    "holt_winters",
    "holt_winters_with_fit",
    "exponential_moving_average",
    "double_exponential_moving_average",
    "triple_exponential_moving_average",
    "relative_strength_index",
    "triple_exponential_derivative",
    "kaufmans_efficiency_ratio",
    "kaufmans_adaptive_moving_average",
    "chande_momentum_oscillator",
    "sum_hll",
];

/// Looks at the fields of one `SELECT` and remembers what they hold.
pub(crate) struct Checker {
    calls: usize,
    only_selectors: bool,
    has_distinct: bool,
    /// `top` or `bottom`, where one is called.
    extreme: Option<String>,
    has_auxiliary: bool,
    extra_intervals: i64,
    has_interval: bool,
    interval_inherited: bool,
    limit: u64,
    fill: Fill,
    wildcards_allowed: bool,
}

impl Checker {
    /// A checker that has seen no field yet.
    pub(crate) fn new(select: &Select, has_interval: bool) -> Self {
        Self {
            calls: 0,
            only_selectors: true,
            has_distinct: false,
            extreme: None,
            has_auxiliary: false,
            extra_intervals: 0,
            has_interval,
            interval_inherited: false,
            limit: select.limits.limit,
            fill: select.fill,
            wildcards_allowed: true,
        }
    }

    /// Notes that the windows are those of the query outside.
    pub(crate) fn inherit_interval(&mut self) {
        self.has_interval = true;
        self.interval_inherited = true;
    }

    /// Whether a function was seen.
    pub(crate) fn has_calls(&self) -> bool {
        self.calls > 0
    }

    /// Looks at one field.
    pub(crate) fn field(&mut self, expr: &Expr) -> Result<(), Error> {
        self.wildcards_allowed = true;
        self.expr(expr)
    }

    /// Looks at all fields together, and tells how many windows they look back.
    pub(crate) fn finish(&self, fields: usize) -> Result<i64, Error> {
        if fields == 0 {
            return Err(Error::invalid("at least 1 non-time field must be queried"));
        }
        if let Some(extreme) = self.extreme.as_ref().filter(|_| self.calls > 1) {
            return Err(combined(extreme));
        }
        if self.calls == 0 {
            match self.fill {
                Fill::None => {
                    return Err(Error::invalid("fill(none) must be used with a function"));
                }
                Fill::Linear => {
                    return Err(Error::invalid("fill(linear) must be used with a function"));
                }
                _ => {}
            }
            if self.has_interval && !self.interval_inherited {
                return Err(Error::invalid("GROUP BY requires at least one aggregate function"));
            }
        }
        if self.has_distinct && (self.calls != 1 || self.has_auxiliary) {
            let message =
                "aggregate function distinct() cannot be combined with other functions or fields";
            return Err(Error::invalid(message));
        }
        if self.has_auxiliary && !self.only_selectors {
            let message = "mixing aggregate and non-aggregate queries is not supported";
            return Err(Error::invalid(message));
        }
        if self.has_auxiliary && self.calls > 1 {
            let message = "mixing multiple selector functions with tags or fields is not supported";
            return Err(Error::invalid(message));
        }
        Ok(self.extra_intervals)
    }

    fn expr(&mut self, expr: &Expr) -> Result<(), Error> {
        match expr {
            Expr::Reference(_) => {
                self.has_auxiliary = true;
                Ok(())
            }
            Expr::Wildcard(_) if !self.wildcards_allowed => {
                Err(Error::invalid("unable to use wildcard in a binary expression"))
            }
            Expr::Pattern(_) if !self.wildcards_allowed => {
                Err(Error::invalid("unable to use regex in a binary expression"))
            }
            Expr::Wildcard(_) | Expr::Pattern(_) => {
                self.has_auxiliary = true;
                Ok(())
            }
            Expr::Call(call) => match Math::find(&call.name) {
                Some(math) => self.math(call, math),
                None => self.call(call),
            },
            Expr::Distinct(_) => {
                self.calls += 1;
                self.has_distinct = true;
                self.only_selectors = false;
                Ok(())
            }
            Expr::Binary(binary) => {
                self.wildcards_allowed = false;
                match (binary.left.is_literal(), binary.right.is_literal()) {
                    (true, true) => {
                        let message = "cannot perform a binary expression on two literals";
                        Err(Error::invalid(message))
                    }
                    (true, false) => self.expr(&binary.right),
                    (false, true) => self.expr(&binary.left),
                    (false, false) => {
                        self.expr(&binary.left)?;
                        self.expr(&binary.right)
                    }
                }
            }
            Expr::Paren(inner) => self.expr(inner),
            _ => Err(Error::invalid("field must contain at least one variable")),
        }
    }

    fn math(&mut self, call: &Call, math: Math) -> Result<(), Error> {
        count_of(call, math.arity()..=math.arity())?;
        let mut args = call.args.iter().filter(|arg| !arg.is_literal());
        args.try_for_each(|arg| self.expr(arg))
    }

    fn call(&mut self, call: &Call) -> Result<(), Error> {
        self.calls += 1;
        let name = call.name.as_str();
        match name {
            "max" | "min" | "first" | "last" => {}
            "top" | "bottom" => return self.extreme(call),
            "percentile" => {
                count_of(call, 2..=2)?;
                if !matches!(call.args[1], Expr::Integer(_) | Expr::Number(_)) {
                    return Err(Error::invalid("expected float argument in percentile()"));
                }
            }
            "sample" => {
                count_of(call, 2..=2)?;
                match call.args[1] {
                    Expr::Integer(size) if size > 0 => {}
                    Expr::Integer(size) => {
                        let message = format!("sample window must be greater than 1, got {size}");
                        return Err(Error::Invalid(message));
                    }
                    _ => return Err(Error::invalid("expected integer argument in sample()")),
                }
            }
            "distinct" => return self.distinct(call, false),
            _ => {
                self.only_selectors = false;
                return self.aggregate(call);
            }
        }
        if !matches!(name, "percentile" | "sample") {
            count_of(call, 1..=1)?;
        }
        self.symbol(name, &call.args[0])
    }

    /// Functions whose points are not points of the data.
    fn aggregate(&mut self, call: &Call) -> Result<(), Error> {
        let name = call.name.as_str();
        match name {
            "count" | "sum" | "mean" | "median" | "mode" | "stddev" | "spread" => {
                count_of(call, 1..=1)?;
                match &call.args[0] {
                    Expr::Call(inner) if name == "count" && inner.name == "distinct" => {
                        self.distinct(inner, true)
                    }
                    Expr::Distinct(_) if name == "count" => Ok(()),
                    argument => self.symbol(name, argument),
                }
            }
            "derivative" | "non_negative_derivative" | "elapsed" => {
                count_of(call, 1..=2)?;
                self.unit(call, &format!("second argument to {name} must be a duration"), true)?;
                self.looking_back(call, 1)
            }
            "difference" | "non_negative_difference" | "cumulative_sum" => {
                count_of(call, 1..=1)?;
                self.looking_back(call, 1)
            }
            "moving_average" => self.moving_average(call),
            "integral" => {
                count_of(call, 1..=2)?;
                self.unit(call, "second argument must be a duration", false)?;
                self.symbol(name, &call.args[0])
            }
            _ if FOREIGN.contains(&name) => {
                Err(Error::Unsupported(format!("the function {name}()")))
            }
            _ => Err(Error::Invalid(format!("undefined function {name}()"))),
        }
    }

    fn moving_average(&mut self, call: &Call) -> Result<(), Error> {
        if call.args.len() != 2 {
            let got = call.args.len();
            let message =
                format!("invalid number of arguments for moving_average, expected 2, got {got}");
            return Err(Error::Invalid(message));
        }
        match &call.args[1] {
            Expr::Integer(size) if *size > 1 => self.looking_back(call, *size),
            Expr::Integer(size) => {
                let message = format!("moving_average window must be greater than 1, got {size}");
                Err(Error::Invalid(message))
            }
            other => {
                let go_type = other.go_type();
                let message =
                    format!("second argument for moving_average must be an integer, got {go_type}");
                Err(Error::Invalid(message))
            }
        }
    }

    /// The second argument, which is a positive duration where there is one.
    fn unit(&self, call: &Call, message: &str, names_type: bool) -> Result<(), Error> {
        match call.args.get(1) {
            None => Ok(()),
            Some(Expr::Duration(unit)) if *unit > 0 => Ok(()),
            Some(Expr::Duration(unit)) => {
                let unit = format_duration(*unit);
                Err(Error::Invalid(format!("duration argument must be positive, got {unit}")))
            }
            Some(other) if names_type => {
                Err(Error::Invalid(format!("{message}, got {}", other.go_type())))
            }
            Some(_) => Err(Error::invalid(message)),
        }
    }

    /// A function over the points of a field, or over those another function makes.
    fn looking_back(&mut self, call: &Call, intervals: i64) -> Result<(), Error> {
        let name = call.name.as_str();
        self.extra_intervals = self.extra_intervals.max(intervals);
        match &call.args[0] {
            Expr::Call(_) if !self.has_interval => {
                Err(Error::Invalid(format!("{name} aggregate requires a GROUP BY interval")))
            }
            Expr::Call(inner) if inner.name == "distinct" => self.distinct(inner, true),
            inner @ Expr::Call(_) => self.expr(inner),
            Expr::Distinct(_) => Ok(()),
            argument if !self.has_interval || self.interval_inherited => {
                self.symbol(name, argument)
            }
            _ => {
                let message = format!("aggregate function required inside the call to {name}");
                Err(Error::Invalid(message))
            }
        }
    }

    fn distinct(&mut self, call: &Call, nested: bool) -> Result<(), Error> {
        match call.args.as_slice() {
            [] => {
                return Err(Error::invalid("distinct function requires at least one argument"));
            }
            [Expr::Reference(_)] => {}
            [_] => return Err(Error::invalid("expected field argument in distinct()")),
            _ => return Err(Error::invalid("distinct function can only have one argument")),
        }
        self.has_distinct |= !nested;
        self.only_selectors = false;
        Ok(())
    }

    /// `top(field, tag, …, n)` and `bottom`.
    fn extreme(&mut self, call: &Call) -> Result<(), Error> {
        let name = call.name.as_str();
        if let Some(other) = &self.extreme {
            return Err(combined(other));
        }
        let [first, tags @ .., last] = call.args.as_slice() else {
            let got = call.args.len();
            let message =
                format!("invalid number of arguments for {name}, expected at least 2, got {got}");
            return Err(Error::Invalid(message));
        };
        match last {
            Expr::Integer(size) if *size <= 0 => {
                let message = format!("limit ({size}) in {name} function must be at least 1");
                return Err(Error::Invalid(message));
            }
            Expr::Integer(size) if self.limit > 0 && *size as u64 > self.limit => {
                let limit = self.limit;
                return Err(Error::Invalid(format!(
                    "limit ({size}) in {name} function can not be larger than the LIMIT ({limit}) in the select statement"
                )));
            }
            Expr::Integer(_) => {}
            other => {
                let message =
                    format!("expected integer as last argument in {name}(), found {other}");
                return Err(Error::Invalid(message));
            }
        }
        if !matches!(first, Expr::Reference(_)) {
            let message =
                format!("expected first argument to be a field in {name}(), found {first}");
            return Err(Error::Invalid(message));
        }
        for tag in tags {
            if !matches!(tag, Expr::Reference(_)) {
                let message = format!("only fields or tags are allowed in {name}(), found {tag}");
                return Err(Error::Invalid(message));
            }
            self.has_auxiliary = true;
        }
        self.extreme = Some(name.to_owned());
        Ok(())
    }

    /// The argument of a function: a field, or a pattern that stands for several.
    fn symbol(&mut self, name: &str, argument: &Expr) -> Result<(), Error> {
        match argument {
            Expr::Reference(_) => return Ok(()),
            Expr::Wildcard(_) if !self.wildcards_allowed => {
                let message = format!("unsupported expression with wildcard: {name}()");
                return Err(Error::Invalid(message));
            }
            Expr::Pattern(_) if !self.wildcards_allowed => {
                let message = format!("unsupported expression with regex field: {name}()");
                return Err(Error::Invalid(message));
            }
            Expr::Wildcard(_) | Expr::Pattern(_) => {}
            _ => return Err(Error::Invalid(format!("expected field argument in {name}()"))),
        }
        self.only_selectors = false;
        Ok(())
    }
}

fn combined(extreme: &str) -> Error {
    let message = format!("selector function {extreme}() cannot be combined with other functions");
    Error::Invalid(message)
}

/// Refuses a call whose arguments are too few or too many.
fn count_of(call: &Call, allowed: std::ops::RangeInclusive<usize>) -> Result<(), Error> {
    let (name, got) = (&call.name, call.args.len());
    if allowed.contains(&got) {
        return Ok(());
    }
    let (least, most) = (allowed.start(), allowed.end());
    Err(Error::Invalid(if least == most {
        format!("invalid number of arguments for {name}, expected {least}, got {got}")
    } else {
        format!(
            "invalid number of arguments for {name}, expected at least {least} but no more than {most}, got {got}"
        )
    }))
}

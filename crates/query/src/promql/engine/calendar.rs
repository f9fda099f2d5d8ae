//! Parts of a date in UTC, of a count of seconds since the epoch.

const DAY_SECS: i64 = 86_400;

/// A day of the Gregorian calendar.
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

/// From days since 1970-01-01. The algorithm is Howard Hinnant's `civil_from_days`
/// (<https://howardhinnant.github.io/date_algorithms.html>): years start in March, so that
/// the leap day is the last of its year, and 400 years make one era.
fn date(days: i64) -> Date {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Date { year, month, day }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days before each month of a year that is not a leap year, and of the whole year.
const DAYS_BEFORE: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/// What `part` says of the day and the second in it; NaN of what is no time.
fn of(secs: f64, part: impl Fn(i64, i64) -> i64) -> f64 {
    // Beyond this, days overflow in the era arithmetic; it is 290 million years.
    if secs.is_nan() || secs.abs() > 9e15 {
        return f64::NAN;
    }
    let secs = secs as i64;
    part(secs.div_euclid(DAY_SECS), secs.rem_euclid(DAY_SECS)) as f64
}

pub(crate) fn minute(secs: f64) -> f64 {
    of(secs, |_, second| second / 60 % 60)
}

pub(crate) fn hour(secs: f64) -> f64 {
    of(secs, |_, second| second / 3600)
}

pub(crate) fn day_of_week(secs: f64) -> f64 {
    // The epoch was a Thursday; Sunday is 0.
    of(secs, |days, _| (days + 4).rem_euclid(7))
}

pub(crate) fn day_of_month(secs: f64) -> f64 {
    of(secs, |days, _| date(days).day)
}

pub(crate) fn day_of_year(secs: f64) -> f64 {
    of(secs, |days, _| {
        let Date { year, month, day } = date(days);
        let leap = i64::from(month > 2 && is_leap(year));
        DAYS_BEFORE[month as usize - 1] + day + leap
    })
}

pub(crate) fn days_in_month(secs: f64) -> f64 {
    of(secs, |days, _| {
        let Date { year, month, .. } = date(days);
        let leap = i64::from(month == 2 && is_leap(year));
        DAYS_BEFORE[month as usize] - DAYS_BEFORE[month as usize - 1] + leap
    })
}

pub(crate) fn month(secs: f64) -> f64 {
    of(secs, |days, _| date(days).month)
}

pub(crate) fn year(secs: f64) -> f64 {
    of(secs, |days, _| date(days).year)
}

#[cfg(test)]
mod tests;

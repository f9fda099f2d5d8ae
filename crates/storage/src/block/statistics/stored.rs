//! Statistics of the chunks of a group as bytes: column by column, and only what cannot be
//! told from the rest.
//!
//! Most metrics hardly ever change, and most of the others are counters. So a chunk of one
//! value is told by that value and its count, and of the others a column is left out where
//! each chunk has in it what a counter without resets would.

use super::{decimals, rounded};
use crate::block::array;
use crate::error::Damage;
use codec::cursor::Cursor;
use model::Accumulator;

/// What is told of a chunk: nothing.
const NONE: i64 = 0;
/// Its value, and how often that stands.
const FLAT: i64 = 1;
/// More than that.
const MOVING: i64 = 2;

/// Columns that may be left out: as many integers and doubles, a bit for each.
const INTEGERS: usize = 5;
const DOUBLES: usize = 3;
const _: () = assert!(INTEGERS + DOUBLES <= u8::BITS as usize);

fn integers(of: &Accumulator) -> [i64; INTEGERS] {
    [of.resets.cast_signed(), of.min_at, of.max_at, of.first_at, of.last_at]
}

fn doubles(of: &Accumulator) -> [f64; DOUBLES] {
    [of.min, of.max, of.increase]
}

/// Statistics of values that rise from `first` to `last`; times are rows.
fn rising(first: f64, last: f64, count: i64) -> Accumulator {
    let mut rising = Accumulator::default();
    rising.count = count.cast_unsigned();
    (rising.first, rising.last) = (first, last);
    (rising.min, rising.max) = (first, last);
    rising.increase = last - first;
    rising.last_at = count.wrapping_sub(1);
    rising
}

/// Statistics of one value that stands `count` times.
fn flat(value: f64, count: i64) -> Accumulator {
    let sum = value * count as f64;
    let digits = decimals(std::iter::once(value));
    let decimal = digits.and_then(|digits| rounded(sum, digits));
    rising(value, value, count).with_sum_parts(decimal.unwrap_or(sum), 0.0)
}

/// Whether two are told by the same bytes.
fn is_same(a: &Accumulator, b: &Accumulator) -> bool {
    let bits = |of: &Accumulator| {
        (doubles(of).map(f64::to_bits), [of.first, of.last, of.sum()].map(f64::to_bits))
    };
    a.count == b.count && integers(a) == integers(b) && bits(a) == bits(b)
}

/// Appends the statistics of chunks, of which some have none; nothing where none has any.
pub fn put(out: &mut Vec<u8>, of: &[Option<Accumulator>]) {
    let form = |one: &Option<Accumulator>| match one {
        None => NONE,
        Some(one) if is_same(one, &flat(one.first, one.count.cast_signed())) => FLAT,
        Some(_) => MOVING,
    };
    let forms: Vec<i64> = of.iter().map(form).collect();
    if forms.iter().all(|form| *form == NONE) {
        return;
    }
    array::put(out, &forms);
    let some: Vec<&Accumulator> = of.iter().flatten().collect();
    put_integers(out, &some, |one| one.count.cast_signed());
    put_doubles(out, &some, |one| one.first);
    let is_moving = |(form, one): (&i64, _)| if *form == MOVING { one } else { None };
    let moving: Vec<&Accumulator> =
        forms.iter().zip(of.iter().map(Option::as_ref)).filter_map(is_moving).collect();
    if moving.is_empty() {
        return;
    }
    put_doubles(out, &moving, |one| one.last);
    // Rounded once: what its compensation adds is below the last digit of the sum.
    put_doubles(out, &moving, Accumulator::sum);
    let expected = |one: &Accumulator| rising(one.first, one.last, one.count.cast_signed());
    let flags = out.len();
    out.push(0);
    for at in 0..INTEGERS {
        if moving.iter().any(|one| integers(one)[at] != integers(&expected(one))[at]) {
            out[flags] |= 1 << at;
            put_integers(out, &moving, |one| integers(one)[at]);
        }
    }
    for at in 0..DOUBLES {
        let bits = |of: &Accumulator| doubles(of)[at].to_bits();
        if moving.iter().any(|one| bits(one) != bits(&expected(one))) {
            out[flags] |= 1 << (INTEGERS + at);
            put_doubles(out, &moving, |one| doubles(one)[at]);
        }
    }
}

fn put_integers(out: &mut Vec<u8>, of: &[&Accumulator], number: impl Fn(&Accumulator) -> i64) {
    let numbers: Vec<i64> = of.iter().map(|one| number(one)).collect();
    array::put(out, &numbers);
}

fn put_doubles(out: &mut Vec<u8>, of: &[&Accumulator], value: impl Fn(&Accumulator) -> f64) {
    let values: Vec<f64> = of.iter().map(|one| value(one)).collect();
    array::put_floats(out, &values);
}

/// Reads the statistics of `count` chunks.
///
/// # Errors
/// Where they are damaged.
pub fn get(bytes: &[u8], count: usize) -> Result<Vec<Option<Accumulator>>, Damage> {
    let from = &mut Cursor::new(bytes);
    let forms = array::get(from, count)?;
    if forms.iter().any(|form| !matches!(*form, NONE | FLAT | MOVING)) {
        return Err(Damage::new(0, "statistics have a form not known to this version"));
    }
    let some = forms.iter().filter(|form| **form != NONE).count();
    let (counts, firsts) = (array::get(from, some)?, array::get_floats(from, some)?);
    let mut told = counts.into_iter().zip(firsts);
    let ends = forms.iter().map(|form| (*form, if *form == NONE { None } else { told.next() }));
    let mut all: Vec<Option<Accumulator>> = Vec::with_capacity(count);
    let mut moving = Vec::new();
    for (form, end) in ends {
        if form == MOVING {
            moving.push(all.len());
        }
        all.push(end.map(|(count, first)| match form {
            FLAT => flat(first, count),
            _ => rising(first, first, count),
        }));
    }
    if !moving.is_empty() {
        get_moving(from, &moving, &mut all)?;
    }
    from.finish()?;
    Ok(all)
}

/// Reads what is told of chunks that are `moving`, of which first value and count are known.
fn get_moving(
    from: &mut Cursor<'_>,
    moving: &[usize],
    all: &mut [Option<Accumulator>],
) -> Result<(), Damage> {
    let (lasts, sums) =
        (array::get_floats(from, moving.len())?, array::get_floats(from, moving.len())?);
    let flags = from.u8()?;
    let is_told = |bit: usize| flags >> bit & 1 == 1;
    let mut told_integers: [Option<Vec<i64>>; INTEGERS] = Default::default();
    for (bit, column) in told_integers.iter_mut().enumerate() {
        if is_told(bit) {
            *column = Some(array::get(from, moving.len())?);
        }
    }
    let mut told_doubles: [Option<Vec<f64>>; DOUBLES] = Default::default();
    for (at, column) in told_doubles.iter_mut().enumerate() {
        if is_told(INTEGERS + at) {
            *column = Some(array::get_floats(from, moving.len())?);
        }
    }
    for (n, one) in moving.iter().enumerate() {
        let Some(one) = &mut all[*one] else { continue };
        let mut window = rising(one.first, lasts[n], one.count.cast_signed());
        let mut numbers = integers(&window);
        for (number, column) in numbers.iter_mut().zip(&told_integers) {
            *number = column.as_ref().map_or(*number, |column| column[n]);
        }
        let mut values = doubles(&window);
        for (value, column) in values.iter_mut().zip(&told_doubles) {
            *value = column.as_ref().map_or(*value, |column| column[n]);
        }
        window.resets = numbers[0].cast_unsigned();
        [_, window.min_at, window.max_at, window.first_at, window.last_at] = numbers;
        [window.min, window.max, window.increase] = values;
        *one = window.with_sum_parts(sums[n], 0.0);
    }
    Ok(())
}

//! How a run is written, by the names that `FORMAT.md` gives its form and its integers.

use super::{Exceptions, Form, Scale};
use crate::Error;
use crate::cursor::Cursor;
use crate::integers;

/// The form of an encoded run of `count` doubles, and the mode of its integers.
///
/// # Errors
/// Where `encoded` does not begin as [`super::Encoder::encode`] writes.
pub fn mode(encoded: &[u8], count: usize) -> Result<(&'static str, &'static str), Error> {
    let mut cursor = Cursor::new(encoded);
    let (form, has_exceptions) = Form::from_head(cursor.u8()?)?;
    if has_exceptions {
        Exceptions::read(&mut cursor, count)?;
    }
    let name = match (form, has_exceptions) {
        (Form::Scaled(scale), false) if scale == Scale::WHOLE => "whole",
        (Form::Scaled(_), false) => "decimal",
        (Form::Scaled(_), true) => "decimal, patched",
        (Form::Single, false) => "single",
        (Form::Single, true) => "single, patched",
        (Form::Bits, _) => "bits",
    };
    Ok((name, integers::mode(&encoded[cursor.offset()..])))
}

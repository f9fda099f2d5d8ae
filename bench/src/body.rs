//! A request's body that is made before the clock starts.
//!
//! Making a body costs more than storing it, and would be measured instead. So bodies are
//! made ahead, and sent again and again: each lap writes later times over the earlier ones
//! (and new numbers over those of hosts that must be new), which costs next to nothing.

/// Digits of a time in nanoseconds, and of the number of a new host.
const TIME_DIGITS: usize = 19;
/// See [`Body::mark_serial`].
pub const SERIAL_DIGITS: usize = 10;

/// Bytes to send, and where they change from lap to lap.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// As it goes over the wire.
    pub bytes: Vec<u8>,
    /// Field values in it.
    pub samples: u32,
    /// Times: where they stand, and their value in lap 0.
    stamps: Vec<(u32, i64)>,
    /// Numbers of new hosts, likewise.
    serials: Vec<(u32, u64)>,
    lap: u32,
}

impl Body {
    /// An empty body with room for `lines` lines.
    pub fn with_lines(lines: usize) -> Self {
        Self { bytes: Vec::with_capacity(lines * 400), ..Self::default() }
    }

    /// A body that stays as it is.
    pub fn fixed(bytes: Vec<u8>, samples: u32) -> Self {
        Self { bytes, samples, ..Self::default() }
    }

    /// Appends ` TIME` and the end of a line of `samples` values.
    pub fn end_line(&mut self, time_ns: i64, samples: usize) {
        self.bytes.push(b' ');
        self.stamps.push((self.bytes.len() as u32, time_ns));
        self.bytes.extend_from_slice(time_ns.to_string().as_bytes());
        self.bytes.push(b'\n');
        self.samples += samples as u32;
    }

    /// Says that the next [`SERIAL_DIGITS`] digits, which start `ahead` bytes behind the
    /// end, are the number of a new host.
    pub fn mark_serial(&mut self, ahead: usize, serial: u64) {
        self.serials.push(((self.bytes.len() + ahead) as u32, serial));
    }

    /// Makes it the body of this lap: times rise by `span_ns`, numbers by `serials`, a lap.
    pub fn turn_to(&mut self, lap: u32, span_ns: i64, serials: u64) {
        if self.lap == lap {
            return;
        }
        self.lap = lap;
        // Neighbours mostly have one time, so that its digits are made once.
        let (mut last, mut digits) = (i64::MIN, [0; TIME_DIGITS]);
        for (at, time_ns) in &self.stamps {
            if *time_ns != last {
                last = *time_ns;
                write_digits((time_ns + i64::from(lap) * span_ns) as u64, &mut digits);
            }
            self.bytes[*at as usize..][..TIME_DIGITS].copy_from_slice(&digits);
        }
        for (at, serial) in &self.serials {
            let place = &mut self.bytes[*at as usize..][..SERIAL_DIGITS];
            write_digits(serial + u64::from(lap) * serials, place);
        }
    }
}

/// Fills `place` with the last digits of a number.
fn write_digits(mut number: u64, place: &mut [u8]) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests;

//! Work that is compiled twice: for every processor, and for those with AVX2.
//!
//! The work is written once, in plain Rust that a compiler can turn into vector
//! instructions, as an implementation of [`Work`] all of which is `#[inline(always)]`: so it
//! is compiled into each of the two callers below with what that may use. Which one runs is
//! looked up once for a run of values. Both give the same results in every bit.
//!
//! Not for code that gains nothing from it: two copies of everything cost build time and cache.

/// What the code may use beyond the ordinary.
pub(crate) trait Processor {
    /// Whether `mul_add` is one instruction; else it is a call of hundreds.
    const HAS_FMA: bool;
}

/// Any processor.
pub(crate) struct Ordinary;

impl Processor for Ordinary {
    const HAS_FMA: bool = false;
}

/// One with AVX2, FMA, LZCNT and BMI 1 and 2: since 2013 at Intel, 2015 at AMD.
#[cfg(target_arch = "x86_64")]
pub(crate) struct Avx2;

#[cfg(target_arch = "x86_64")]
impl Processor for Avx2 {
    const HAS_FMA: bool = true;
}

/// Something to do on whatever processor there is.
pub(crate) trait Work {
    /// What comes of it.
    type Output;

    /// Does it. To be marked `#[inline(always)]`, as must be all that it calls for long.
    fn on<P: Processor>(self) -> Self::Output;
}

/// Does the work with what this processor has.
#[inline]
pub(crate) fn run<W: Work>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
    {
        #[expect(unsafe_code, reason = "only here can the compiler not see what was detected")]
        // SAFETY: all that the function enables has just been detected.
        return unsafe { run_with_avx2(work) };
    }
    work.on::<Ordinary>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,lzcnt,bmi1,bmi2")]
fn run_with_avx2<W: Work>(work: W) -> W::Output {
    work.on::<Avx2>()
}

//! One target under libFuzzer, which looks for inputs that reach new code. `fuzz/run` builds
//! and runs it; `FUZZ_TARGET` names the target.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
mod guided {
    use std::sync::OnceLock;

    /// The target that the environment names.
    fn target() -> fuzz::Target {
        static TARGET: OnceLock<fuzz::Target> = OnceLock::new();
        *TARGET.get_or_init(|| {
            let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
            let found = fuzz::TARGETS.iter().find(|(known, _)| *known == name);
            found.unwrap_or_else(|| panic!("FUZZ_TARGET is {name:?}, which is no target")).1
        })
    }

    libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target()(bytes));
}

#[cfg(not(fuzzing))]
fn main() {
    eprintln!("fuzz-guided: this build is blind; fuzz/run TARGET SECONDS makes one that is not");
    std::process::exit(2);
}

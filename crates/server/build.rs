//! Builds the binary anew when the page it embeds has changed.

fn main() {
    // While the page has not been built this path is missing, and cargo looks again at
    // every build, so that the first built page is noticed.
    println!("cargo:rerun-if-changed=../../ui/dist");
}

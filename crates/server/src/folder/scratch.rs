//! Folders for what a command makes on its way, which nobody else may read.

use crate::error::Error;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A folder of this process alone, removed with it.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one among the system's temporary files.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new() -> Result<Self, Error> {
        Self::below(&std::env::temp_dir())
    }

    /// Makes one in a folder.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn below(folder: &Path) -> Result<Self, Error> {
        let moment = jiff::Timestamp::now().as_nanosecond();
        let name = format!("barograph-{}-{moment}", std::process::id());
        let path = folder.join(name);
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => Ok(Self(path)),
            Err(error) => Err(Error::Failed(format!("make folder {}: {error}", path.display()))),
        }
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The system clears its temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

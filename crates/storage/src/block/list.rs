//! Every block there is, as one list that queries take as it stands.

use super::name::Name;
use super::{Block, Context};
use crate::disk::{DAMAGED, TEMPORARY, aside};
use crate::error::Error;
use parking_lot::RwLock;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every block there is.
pub struct Blocks {
    folder: PathBuf,
    context: Context,
    list: RwLock<Arc<[Arc<Block>]>>,
}

/// What opening them found.
pub struct Opened {
    /// The blocks.
    pub blocks: Blocks,
    /// The last flush whose rows are in some block.
    pub last_sequence: u64,
    /// What was damaged; the files were put aside.
    pub damages: Vec<Error>,
    /// What the disk refused to read; the files are where they were.
    pub refused: Vec<(Name, Error)>,
}

/// What opening one block came to.
enum Tried {
    Open(Arc<Block>),
    /// It is damaged, and was put aside.
    Aside(Error),
    /// The disk refused to read it.
    Refused(Error),
}

impl Blocks {
    /// Reads every block of a folder. What was unfinished or left over by a crash is
    /// removed, what is damaged is put aside, what the disk refuses to read is left out.
    ///
    /// # Errors
    /// When a block is of another version, or the folder cannot be read.
    pub fn open(folder: PathBuf, context: Context) -> Result<Opened, Error> {
        let disk = context.disk.clone();
        // A merged block that a killed process renamed must not be lost in a power cut once
        // what it was merged from is removed below.
        disk.sync_dir(&folder)?;
        let (mut names, mut all) = (Vec::new(), Vec::new());
        for entry in disk.list(&folder)? {
            if entry.name.ends_with(TEMPORARY) {
                disk.remove(&folder.join(&entry.name))?;
            }
            names.extend(Name::parse(&entry.name));
            all.extend(Name::parse(whole(&entry.name)));
        }
        // One put aside keeps its name, by which its like comes back from a backup.
        let last_sequence = all.iter().map(|name| name.sequences.last).max().unwrap_or(0);
        let (mut list, mut damages, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        // The most merged first, so that a block which is whole is known before what it was
        // merged from is looked at.
        names.sort_by_key(|name: &Name| std::cmp::Reverse(name.level));
        for name in names {
            let path = folder.join(name.to_string());
            let is_left_over = list.iter().any(|block: &Arc<Block>| block.name.replaces(&name));
            if is_left_over {
                disk.remove(&path)?;
                continue;
            }
            match try_open(&path, name, &context)? {
                Tried::Open(block) => list.push(block),
                Tried::Aside(error) => damages.push(error),
                Tried::Refused(error) => refused.push((name, error)),
            }
        }
        list.sort_by_key(|block| block.name);
        let blocks = Self { folder, context, list: RwLock::new(list.into()) };
        Ok(Opened { blocks, last_sequence, damages, refused })
    }

    /// Where they are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The blocks as they are now.
    pub fn list(&self) -> Arc<[Arc<Block>]> {
        self.list.read().clone()
    }

    /// Opens blocks that were just written, and shows them in place of `doomed`.
    ///
    /// # Errors
    /// When one cannot be read back; then nothing is shown and nothing doomed.
    pub fn replace(&self, fresh: &[Name], doomed: &[Arc<Block>]) -> Result<(), Error> {
        let mut opened = Vec::with_capacity(fresh.len());
        for name in fresh {
            let path = self.folder.join(name.to_string());
            opened.push(Arc::new(Block::open(path, *name, &self.context)?));
        }
        let mut list = self.list.write();
        let is_doomed = |block: &&Arc<Block>| doomed.iter().any(|other| Arc::ptr_eq(other, block));
        let kept = list.iter().filter(|block| !is_doomed(block)).cloned();
        let mut all: Vec<_> = kept.chain(opened).collect();
        all.sort_by_key(|block| block.name);
        *list = all.into();
        drop(list);
        doomed.iter().for_each(|block| block.doom());
        Ok(())
    }

    /// Opens a block that could not be opened before, and shows it in place of what it was
    /// merged from; answers it, or none where it turned out to be damaged and was put aside
    /// or is not there any more.
    ///
    /// # Errors
    /// When it still cannot be read.
    pub fn try_again(&self, name: Name) -> Result<Option<Arc<Block>>, Error> {
        let path = self.folder.join(name.to_string());
        match try_open(&path, name, &self.context) {
            Ok(Tried::Open(_)) => {}
            Ok(Tried::Aside(error)) => {
                tracing::error!(%error, "a block is damaged and was put aside; the others are served");
                return Ok(None);
            }
            Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(None);
            }
            Ok(Tried::Refused(error)) | Err(error) => return Err(error),
        }
        let list = self.list();
        let left_over = list.iter().filter(|block| name.replaces(&block.name));
        let left_over: Vec<Arc<Block>> = left_over.cloned().collect();
        self.replace(&[name], &left_over)?;
        Ok(self.list().iter().find(|block| block.name == name).cloned())
    }

    /// Removes the file of a block that could not be opened.
    ///
    /// # Errors
    /// When that failed.
    pub fn remove(&self, name: Name) -> Result<(), Error> {
        Ok(self.context.disk.remove(&self.folder.join(name.to_string()))?)
    }

    /// The last flush of the oldest file that is no block any more and is still there: a query
    /// has it open, the disk refuses to read it, or it lies put aside until somebody brings a sound
    /// copy. None where there is no such file.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn oldest_left_over(&self) -> Result<Option<u64>, Error> {
        // Before the list: what is written meanwhile is then in it.
        let files = self.context.disk.list(&self.folder)?;
        let list = self.list();
        let is_replaced = |name: &Name| list.iter().any(|block| block.name.replaces(name));
        let names = files.iter().filter_map(|entry| {
            let whole = whole(&entry.name);
            let is_aside = whole.len() < entry.name.len();
            Name::parse(whole).filter(|name| !is_aside || !is_replaced(name))
        });
        let left = names.filter(|name| !list.iter().any(|block| block.name == *name));
        Ok(left.map(|name| name.sequences.last).min())
    }

    /// Makes durable which files there are.
    ///
    /// # Errors
    /// When that failed.
    pub fn sync_folder(&self) -> Result<(), Error> {
        Ok(self.context.disk.sync_dir(&self.folder)?)
    }

    /// Removes blocks that were written and then not shown.
    pub fn discard(&self, fresh: &[Name]) {
        for name in fresh {
            if let Err(error) = self.context.disk.remove(&self.folder.join(name.to_string())) {
                tracing::warn!(%error, "a block of a failed flush could not be removed");
            }
        }
    }

    /// Closes the files of all blocks when many are open; reading opens them again.
    pub fn close_files(&self) {
        if self.context.handles.is_scarce() {
            self.list().iter().for_each(|block| block.close());
        }
    }
}

/// What the file called `name` was called before it was put aside.
fn whole(name: &str) -> &str {
    name.strip_suffix(DAMAGED).unwrap_or(name)
}

/// Opens a block; one that is damaged is put aside.
///
/// # Errors
/// When it is of another version or not there, or cannot be put aside.
fn try_open(path: &Path, name: Name, context: &Context) -> Result<Tried, Error> {
    match Block::open(path.to_owned(), name, context) {
        Ok(block) => Ok(Tried::Open(Arc::new(block))),
        Err(error @ Error::Damaged { .. }) => {
            context.disk.rename(path, &aside(path))?;
            Ok(Tried::Aside(error))
        }
        Err(Error::Io(error)) if error.kind() != std::io::ErrorKind::NotFound => {
            Ok(Tried::Refused(Error::Io(error)))
        }
        Err(other) => Err(other),
    }
}

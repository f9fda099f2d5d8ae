//! The file system of this machine.

use super::{Disk, Entry, File, Lock, Space};
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The file system of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path).map_err(|e| named("make folder", path, e))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        let file = fs::File::create(path).map_err(|e| named("create", path, e))?;
        Ok(Box::new(Open { file, path: path.to_owned() }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn File>> {
        let file = fs::File::open(path).map_err(|e| named("open", path, e))?;
        Ok(Box::new(Open { file, path: path.to_owned() }))
    }

    fn truncate(&self, path: &Path, bytes: u64) -> io::Result<()> {
        let cut = || {
            let file = fs::OpenOptions::new().write(true).open(path)?;
            file.set_len(bytes)?;
            file.sync_all()
        };
        cut().map_err(|e| named("truncate", path, e))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to).map_err(|e| named("rename", from, e))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to).map_err(|e| named("link", to, e))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path).map_err(|e| named("remove", path, e))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let read = || -> io::Result<Vec<Entry>> {
            let mut entries = Vec::new();
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let meta = entry.metadata()?;
                // Names the store makes are ASCII; whatever else lies here is not its own.
                if let (true, Ok(name)) = (meta.is_file(), entry.file_name().into_string()) {
                    entries.push(Entry { name, bytes: meta.len() });
                }
            }
            entries.sort();
            Ok(entries)
        };
        match read() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            other => other.map_err(|e| named("list", folder, e)),
        }
    }

    fn folders(&self, folder: &Path) -> io::Result<Vec<String>> {
        let read = || -> io::Result<Vec<String>> {
            let mut names = Vec::new();
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                if let (true, Ok(name)) =
                    (entry.file_type()?.is_dir(), entry.file_name().into_string())
                {
                    names.push(name);
                }
            }
            names.sort();
            Ok(names)
        };
        match read() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            other => other.map_err(|e| named("list", folder, e)),
        }
    }

    fn remove_dir(&self, folder: &Path) -> io::Result<()> {
        fs::remove_dir(folder).map_err(|e| named("remove folder", folder, e))
    }

    fn sync_dir(&self, folder: &Path) -> io::Result<()> {
        let sync = || fs::File::open(folder)?.sync_all();
        sync().map_err(|e| named("sync folder", folder, e))
    }

    fn space(&self, folder: &Path) -> io::Result<Space> {
        let told =
            rustix::fs::statvfs(folder).map_err(|e| named("ask for space", folder, e.into()))?;
        let bytes = |blocks: u64| blocks.saturating_mul(told.f_frsize);
        Ok(Space { free: bytes(told.f_bavail), total: bytes(told.f_blocks) })
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(path);
        let file = file.map_err(|e| named("open", path, e))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(Held { _file: file }))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(e)) => Err(named("lock", path, e)),
        }
    }

    fn lock_shared(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        let file = match fs::File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Some(Box::new(()))),
            Err(e) => return Err(named("open", path, e)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(Some(Box::new(Held { _file: file }))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(e)) => Err(named("lock", path, e)),
        }
    }
}

/// A file with its path, which its errors name.
struct Open {
    file: fs::File,
    path: PathBuf,
}

impl File for Open {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.file).write_all(bytes).map_err(|e| named("write", &self.path, e))
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(into, offset).map_err(|e| named("read", &self.path, e))
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data().map_err(|e| named("sync", &self.path, e))
    }

    fn size(&self) -> io::Result<u64> {
        let meta = self.file.metadata().map_err(|e| named("stat", &self.path, e))?;
        Ok(meta.len())
    }
}

/// The kernel gives the lock back when the file is closed, also after `kill -9`.
struct Held {
    _file: fs::File,
}

impl Lock for Held {}

/// The same error, naming what was done to which file.
fn named(operation: &str, path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{operation} {}: {error}", path.display()))
}

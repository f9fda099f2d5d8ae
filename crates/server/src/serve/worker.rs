//! A thread that does something again and again until it is told to stop.

use crate::error::Error;
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The bell by which a worker is told to stop.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    /// Sleeps; true where the bell rang meanwhile, or had rung before.
    pub fn sleep(&self, duration: Duration) -> bool {
        let until = Instant::now() + duration;
        let mut rung = self.rung.lock();
        while !*rung {
            if self.changed.wait_until(&mut rung, until).timed_out() {
                break;
            }
        }
        *rung
    }

    /// Whether it rang.
    pub fn has_rung(&self) -> bool {
        *self.rung.lock()
    }

    fn ring(&self) {
        *self.rung.lock() = true;
        self.changed.notify_all();
    }
}

/// A running thread.
pub struct Worker {
    bell: Arc<Bell>,
    thread: JoinHandle<()>,
    wake: Box<dyn Fn() + Send>,
}

impl Worker {
    /// Starts a thread that ends when its bell rings.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        name: &'static str,
        work: impl FnOnce(&Bell) + Send + 'static,
    ) -> Result<Self, Error> {
        let bell = Arc::new(Bell::default());
        let heard = bell.clone();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work(&heard))
            .map_err(|error| Error::Failed(format!("start thread {name}: {error}")))?;
        Ok(Self { bell, thread, wake: Box::new(|| ()) })
    }

    /// The same worker, which sleeps elsewhere than at its bell, and is woken there to stop.
    pub fn woken_by(self, wake: impl Fn() + Send + 'static) -> Self {
        Self { wake: Box::new(wake), ..self }
    }

    /// Rings the bell and waits until the thread has ended.
    pub fn stop(self) {
        self.bell.ring();
        (self.wake)();
        if self.thread.join().is_err() {
            tracing::error!("a worker broke before it was stopped");
        }
    }
}

#[cfg(test)]
mod tests;

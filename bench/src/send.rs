//! Sends bodies as fast as they are acknowledged, and notes how long each waited.

use crate::body::Body;
use crate::http::{Answer, Connection};
use crate::traffic::{SERIALS_OF_LAP, Traffic};
use anyhow::{Result, bail};
use rustix::event::epoll;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Above this, one thread waits for many connections.
const THREADS_MAX: usize = 16;
/// See [`Goal::samples_min`].
const PATIENCE_TIMES: u32 = 4;
/// How long a sender waits when it is told to come back later.
const BACK_OFF: Duration = Duration::from_millis(50);

/// Where bodies go, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Goal<'a> {
    /// `127.0.0.1:PORT`.
    pub address: &'a str,
    /// The path of the write.
    pub path: &'a str,
    /// Header lines, each with its end.
    pub headers: &'a str,
    /// After this nothing more is sent, once [`Goal::samples_min`] are acknowledged.
    pub time: Duration,
    /// A slow server is given four times as long to take so many samples: what a sample
    /// costs is steady only behind what the first ones cost.
    pub samples_min: u64,
}

/// What was acknowledged.
#[derive(Debug, Default)]
pub struct Sent {
    /// Field values.
    pub samples: u64,
    /// From the first body to the last answer.
    pub seconds: f64,
    /// For each body, from its first byte to its acknowledgement; sorted.
    pub waits: Vec<Duration>,
    /// Bodies that were refused for a while (429 or 503), and sent again.
    pub refused: u64,
}

impl Sent {
    /// The wait that a share of all bodies did not exceed, in milliseconds.
    pub fn percentile_ms(&self, share: f64) -> f64 {
        let last = self.waits.len().saturating_sub(1);
        let wait = self.waits.get((last as f64 * share).round() as usize);
        wait.map_or(0.0, Duration::as_secs_f64) * 1e3
    }

    fn add(&mut self, other: Self) {
        self.samples += other.samples;
        self.refused += other.refused;
        self.waits.extend(other.waits);
    }
}

/// One connection, and what was acknowledged over it.
#[derive(Debug)]
pub struct Sender<'a> {
    goal: Goal<'a>,
    connection: Connection,
    sent: Sent,
}

impl<'a> Sender<'a> {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn open(goal: Goal<'a>) -> Result<Self> {
        Ok(Self::over(Connection::open(goal.address)?, goal))
    }

    fn over(connection: Connection, goal: Goal<'a>) -> Self {
        Self { goal, connection, sent: Sent::default() }
    }

    /// Sends a body until it is acknowledged; an empty one is not sent.
    ///
    /// # Errors
    /// When the server refuses it for good, or the connection fails.
    pub fn send(&mut self, body: &Body) -> Result<()> {
        if body.samples == 0 {
            return Ok(());
        }
        let began = Instant::now();
        let goal = self.goal;
        while !is_kept(&self.connection.post(goal.path, goal.headers, &body.bytes)?)? {
            self.sent.refused += 1;
            std::thread::sleep(BACK_OFF);
        }
        self.sent.waits.push(began.elapsed());
        self.sent.samples += u64::from(body.samples);
        Ok(())
    }
}

/// Sends one list of bodies over one connection, to its end.
///
/// # Errors
/// When the server refuses a body for good, or the connection fails.
pub fn send_once(goal: Goal<'_>, bodies: &[Body]) -> Result<()> {
    let mut sender = Sender::open(goal)?;
    bodies.iter().try_for_each(|body| sender.send(body))
}

/// Sends these laps of all traffic, until they or the time are over.
///
/// # Errors
/// When the server refuses a body for good, or a connection fails.
pub fn send_laps(goal: Goal<'_>, traffic: &mut Traffic, laps: Range<u32>) -> Result<Sent> {
    let count = traffic.connections.len();
    let each = if count > THREADS_MAX { count } else { 1 };
    // A thousand handshakes take a while, and are not what is measured.
    let open = |_| Connection::open(goal.address);
    let mut connections = (0..count).map(open).collect::<Result<Vec<_>>>()?;
    let samples = Arc::default();
    let course = &Course { laps, lap_ns: traffic.lap_ns(), started: Instant::now(), samples };
    let mut all = std::thread::scope(|scope| -> Result<Sent> {
        let mut senders = Vec::new();
        for bodies in traffic.connections.chunks_mut(each) {
            let mut share = connections.split_off(connections.len() - bodies.len());
            senders.push(scope.spawn(move || match bodies {
                [bodies] => send_one(Sender::over(share.remove(0), goal), bodies, course),
                many => send_many(goal, share, many, course),
            }));
        }
        let mut all = Sent::default();
        for sender in senders {
            all.add(sender.join().expect("a sender panicked")?);
        }
        Ok(all)
    })?;
    all.seconds = course.started.elapsed().as_secs_f64();
    all.waits.sort_unstable();
    Ok(all)
}

/// What is to be sent: laps, how much later each is, and since when.
#[derive(Clone, Debug)]
struct Course {
    laps: Range<u32>,
    lap_ns: i64,
    started: Instant,
    /// Samples that were acknowledged to all senders.
    samples: Arc<AtomicU64>,
}

impl Course {
    /// Whether no more is to be sent after these samples.
    fn is_over(&self, goal: Goal<'_>, samples: u32) -> bool {
        let samples = u64::from(samples);
        let all = self.samples.fetch_add(samples, Ordering::Relaxed) + samples;
        let elapsed = self.started.elapsed();
        elapsed > goal.time && (all >= goal.samples_min || elapsed > goal.time * PATIENCE_TIMES)
    }
}

fn send_one(mut sender: Sender<'_>, bodies: &mut [Body], course: &Course) -> Result<Sent> {
    for lap in course.laps.clone() {
        for body in &mut *bodies {
            body.turn_to(lap, course.lap_ns, SERIALS_OF_LAP);
            sender.send(body)?;
            if course.is_over(sender.goal, body.samples) {
                return Ok(sender.sent);
            }
        }
    }
    Ok(sender.sent)
}

/// Whether a body was kept, or is to be sent again.
fn is_kept(answer: &Answer) -> Result<bool> {
    match answer.status {
        200..=299 => Ok(true),
        429 | 503 => Ok(false),
        status => bail!("a write was answered with {status}: {}", answer.text()),
    }
}

/// A connection of a crowd, and the body it waits for.
struct Member<'a> {
    connection: Connection,
    bodies: &'a mut [Body],
    next: usize,
    lap: u32,
    began: Instant,
}

impl Member<'_> {
    /// Sends its next body; answers whether there was one.
    fn send(&mut self, goal: Goal<'_>, course: &Course) -> Result<bool> {
        if self.next == self.bodies.len() {
            (self.next, self.lap) = (0, self.lap + 1);
        }
        if self.lap == course.laps.end {
            return Ok(false);
        }
        let body = &mut self.bodies[self.next];
        body.turn_to(self.lap, course.lap_ns, SERIALS_OF_LAP);
        self.began = Instant::now();
        // A body of 20 lines fits the socket's buffer, so that this does not wait.
        self.connection.send(goal.path, goal.headers, &body.bytes)?;
        Ok(true)
    }
}

/// Many connections, each of which sends its next body once the last one is acknowledged.
fn send_many(
    goal: Goal<'_>,
    connections: Vec<Connection>,
    crowd: &mut [Vec<Body>],
    course: &Course,
) -> Result<Sent> {
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut members = Vec::with_capacity(crowd.len());
    for (index, (bodies, connection)) in crowd.iter_mut().zip(connections).enumerate() {
        let data = epoll::EventData::new_u64(index as u64);
        epoll::add(&poll, &connection.stream, data, epoll::EventFlags::IN)?;
        members.push(Member {
            connection,
            bodies,
            next: 0,
            lap: course.laps.start,
            began: course.started,
        });
    }
    let (mut sent, mut waiting) = (Sent::default(), 0);
    for member in &mut members {
        waiting += usize::from(member.send(goal, course)?);
    }
    let mut events = Vec::with_capacity(members.len());
    while waiting > 0 {
        events.clear();
        epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), None)?;
        for event in &events {
            let member = &mut members[event.data.u64() as usize];
            let mut samples = 0;
            if is_kept(&member.connection.receive()?)? {
                sent.waits.push(member.began.elapsed());
                samples = member.bodies[member.next].samples;
                sent.samples += u64::from(samples);
                member.next += 1;
            } else {
                sent.refused += 1;
            }
            waiting -= 1;
            if !course.is_over(goal, samples) {
                waiting += usize::from(member.send(goal, course)?);
            }
        }
    }
    Ok(sent)
}

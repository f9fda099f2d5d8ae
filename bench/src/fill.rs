//! Fills servers with history: the same samples for each, however they travel.

use crate::body::Body;
use crate::fleet::{self, Host, round_ns};
use crate::remote_write::{Labels, Request};
use crate::send::{Goal, Sender};
use crate::server::Server;
use crate::shape::Shape;
use crate::traffic::{REMOTE_WRITE_HEADERS, labels};
use anyhow::{Context, Result};
use std::time::Duration;

/// Lines of a body: more than Telegraf sends, so that peers spend less on each.
const LINES: usize = 5_000;
/// Prometheus takes rising times only, and none an hour behind the newest; within a request
/// a series brings 10 min, which costs it far less than one sample at a time.
const ROUNDS_OF_REQUEST: i64 = 60;
/// Samples of a request.
const REQUEST_SAMPLES: u32 = 20_000;
/// A fill ends when everything is sent.
const UNBOUNDED: Duration = Duration::from_secs(3_600);

/// Whose history.
#[derive(Clone, Copy, Debug)]
pub struct History {
    /// Hosts.
    pub hosts: usize,
    /// The first so many fields.
    pub fields: usize,
    /// What the values look like.
    pub shape: Shape,
    /// Reports of each host, from round 0 on.
    pub rounds: i64,
}

impl History {
    /// How many samples it has.
    pub fn samples(&self) -> u64 {
        (self.hosts * self.fields) as u64 * self.rounds as u64
    }
}

/// Sends a history over two connections.
///
/// # Errors
/// When the server refuses or fails.
pub fn fill(server: &Server, history: History) -> Result<()> {
    let shares = fleet::shares(history.hosts, 2);
    std::thread::scope(|scope| {
        let senders: Vec<_> = shares
            .into_iter()
            .map(|share| {
                let hosts = fleet::hosts(share, history.fields, history.shape);
                scope.spawn(move || match server.kind.line_path() {
                    Some(path) => send_lines(server, &path, hosts, history.rounds),
                    None => send_requests(server, hosts, history.rounds),
                })
            })
            .collect();
        senders.into_iter().try_for_each(|sender| sender.join().expect("a sender panicked"))
    })?;
    server.publish()
}

fn send_lines(server: &Server, path: &str, mut hosts: Vec<Host>, rounds: i64) -> Result<()> {
    let mut body = Body::with_lines(LINES);
    let (mut lines, mut sender) = (0, Sender::open(goal(server, path, ""))?);
    for round in 0..rounds {
        for host in &mut hosts {
            body.bytes.extend_from_slice(&host.key);
            host.write_fields(&mut body.bytes);
            body.end_line(round_ns(round), host.fields());
            lines += 1;
            if lines % LINES == 0 {
                sender.send(&std::mem::replace(&mut body, Body::with_lines(LINES)))?;
            }
        }
    }
    sender.send(&body)
}

fn send_requests(server: &Server, mut hosts: Vec<Host>, rounds: i64) -> Result<()> {
    let path = server.kind.remote_path().context("takes remote write")?;
    let labels: Vec<Vec<Labels>> = hosts.iter().map(labels).collect();
    let (mut request, mut sender) =
        (Request::default(), Sender::open(goal(server, &path, REMOTE_WRITE_HEADERS))?);
    let mut columns = vec![Vec::new(); fleet::FIELDS.len()];
    for first in (0..rounds).step_by(ROUNDS_OF_REQUEST as usize) {
        for (host, labels) in hosts.iter_mut().zip(&labels) {
            for round in first..(first + ROUNDS_OF_REQUEST).min(rounds) {
                host.step(|field, value| columns[field].push((round_ns(round) / 1_000_000, value)));
            }
            for (labels, column) in labels.iter().zip(&mut columns) {
                request.push(labels, column.drain(..));
            }
            if request.samples >= REQUEST_SAMPLES {
                sender.send(&take(&mut request)?)?;
            }
        }
        // The next ten minutes of the first hosts come behind these of the last.
        sender.send(&take(&mut request)?)?;
    }
    Ok(())
}

/// The body of a request.
///
/// # Errors
/// When it is too large.
pub fn take(request: &mut Request) -> Result<Body> {
    let samples = request.samples;
    Ok(Body::fixed(request.take()?, samples))
}

/// A goal of a server that is sent everything.
pub fn goal<'a>(server: &'a Server, path: &'a str, headers: &'a str) -> Goal<'a> {
    Goal { address: &server.address, path, headers, time: UNBOUNDED, samples_min: 0 }
}

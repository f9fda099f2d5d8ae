//! Ingest over HTTP: 10 fields and 10 tags a line, 1,000 lines a body, hosts in order.

use crate::generate::{FIELDS, Fleet};
use crate::server::{Server, bytes_below};
use crate::{Figure, Options};
use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Lines in a body.
const LINES: usize = 1_000;
/// Bodies that are made before the clock starts, and sent over and over with later times:
/// making them costs more than storing them, and would be measured instead.
const START_NS: i64 = 1_767_225_600_000_000_000;

/// Sends, stops, weighs, and starts again.
pub fn measure(options: &Options) -> Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let (server, _) = Server::start(&options.binary, folder.path())?;
    let each = options.bodies.div_ceil(options.connections);
    let bodies: Vec<Vec<Vec<u8>>> = (0..options.connections)
        .map(|connection| make_bodies(connection, options.hosts / options.connections, each))
        .collect();

    let (cpu_before, started) = (server.cpu_seconds()?, Instant::now());
    let mut waits = std::thread::scope(|scope| -> Result<Vec<Duration>> {
        let senders: Vec<_> =
            bodies.iter().map(|bodies| scope.spawn(|| send_all(&server.address, bodies))).collect();
        let mut waits = Vec::new();
        for sender in senders {
            waits.extend(sender.join().expect("a sender panicked")?);
        }
        Ok(waits)
    })?;
    let (seconds, cpu) = (started.elapsed().as_secs_f64(), server.cpu_seconds()? - cpu_before);

    let samples = (waits.len() * LINES * FIELDS.len()) as f64;
    waits.sort_unstable();
    let p99 = waits[waits.len() * 99 / 100].as_secs_f64() * 1e3;
    let peak = server.peak_mib()?;
    let stopping = Instant::now();
    server.stop()?;
    let stopped = stopping.elapsed().as_secs_f64();
    let bytes = bytes_below(folder.path(), "block")? as f64;
    let (server, restart) = Server::start(&options.binary, folder.path())?;
    server.stop()?;
    Ok(vec![
        Figure::new("ingest, samples acknowledged a second", samples / seconds / 1e6, 2, "M/s"),
        Figure::new("ingest, server CPU", cpu / samples * 1e6, 3, "s per million samples"),
        Figure::new("ingest, p99 of a body of 1,000 lines", p99, 1, "ms"),
        Figure::new("ingest, peak memory", peak, 0, "MiB"),
        Figure::new("clean stop with flush", stopped, 2, "s"),
        Figure::new("space after flush", bytes / samples, 3, "bytes a sample"),
        Figure::new("restart until ready", restart.as_secs_f64(), 2, "s"),
    ])
}

fn make_bodies(connection: usize, hosts: usize, count: usize) -> Vec<Vec<u8>> {
    let mut fleet = Fleet::new(connection * hosts, hosts, START_NS);
    (0..count)
        .map(|_| {
            let mut body = Vec::with_capacity(LINES * 400);
            fleet.fill(LINES, &mut body);
            body
        })
        .collect()
}

/// Sends bodies over one connection; says how long each waited for its acknowledgement.
fn send_all(address: &str, bodies: &[Vec<u8>]) -> Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut waits = Vec::with_capacity(bodies.len());
    for body in bodies {
        let head = format!(
            "POST /write?db=metrics HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let sent = Instant::now();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let status = read_status(&mut stream)?;
        if status != 204 {
            bail!("the server answered {status}");
        }
        waits.push(sent.elapsed());
    }
    Ok(waits)
}

/// Reads one answer without a body.
fn read_status(stream: &mut TcpStream) -> Result<u16> {
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            bail!("the server closed the connection");
        }
        answer.extend_from_slice(&buffer[..count]);
    }
    let text = String::from_utf8_lossy(&answer);
    text.split(' ').nth(1).and_then(|status| status.parse().ok()).context("read a status line")
}

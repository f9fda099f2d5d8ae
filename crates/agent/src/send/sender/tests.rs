use super::*;
use crate::AgentConfig;
use crate::keep::{Buffer, Limits};
use crate::stand_in::{Reply, StandIn};
use model::Span;
use tempfile::TempDir;

const SHORT: Duration = Duration::from_millis(1);

/// An outbox with a sender to a stand-in server.
struct House {
    dir: TempDir,
    server: StandIn,
    sent: Sent,
    never: AtomicBool,
}

impl House {
    fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self {
            dir: TempDir::new().unwrap(),
            server: StandIn::start(replies),
            sent: Sent::default(),
            never: AtomicBool::new(false),
        }
    }

    fn outbox(&self) -> Outbox {
        let buffer = Buffer::open(self.dir.path(), 1 << 20).unwrap();
        Outbox::new(buffer, Limits { lines: 4, bytes: 1_000 })
    }

    fn sender<'a>(&'a self, outbox: &'a Outbox) -> Sender<'a> {
        let client = Client::new(&AgentConfig {
            url: self.server.url(),
            database: "my db".to_owned(),
            token: Some(crate::Secret("hush".to_owned())),
            timeout: Span::from_secs(2),
            ..AgentConfig::default()
        });
        Sender::new(client, outbox, Backoff::between(SHORT, SHORT, 1), &self.sent)
    }

    /// Turns until nothing waits; how many turns failed.
    fn run(&self, sender: &mut Sender<'_>) -> usize {
        (0..100).take_while(|_| sender.turn(&self.never) != Turn::Empty).count()
    }
}

fn lines(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| format!("m v={number}i 1\n")).collect()
}

#[test]
fn a_request_says_what_it_is() {
    let house = House::new([]);
    let outbox = house.outbox();
    outbox.push(lines(0..1).into_bytes());
    assert_eq!(house.run(&mut house.sender(&outbox)), 0);
    let request = &house.server.requests()[0];
    assert_eq!(request.line, "POST /write?db=my%20db&precision=ns HTTP/1.1");
    for header in ["content-encoding: gzip", "authorization: Bearer hush"] {
        assert!(request.headers.iter().any(|found| found == header), "{:?}", request.headers);
    }
    assert_eq!(request.lines, lines(0..1));
    assert_eq!(house.sent.lines.load(Ordering::Relaxed), 1);
}

#[test]
fn after_failures_every_line_arrives_once_and_in_order() {
    let house = House::new([
        Reply::HangUp,
        Reply::Status(503, "retry-after: 0"),
        Reply::Status(429, ""),
        Reply::Status(204, ""),
        Reply::Status(500, ""),
        Reply::Status(401, ""),
        Reply::Status(302, "location: /elsewhere"),
    ]);
    let outbox = house.outbox();
    let mut sender = house.sender(&outbox);
    for round in 0..5 {
        outbox.push(lines(round * 3..round * 3 + 3).into_bytes());
        sender.turn(&house.never);
    }
    house.run(&mut sender);
    assert_eq!(house.server.taken(), lines(0..15));
    assert_eq!(house.sent.lines.load(Ordering::Relaxed), 15);
    assert_eq!(house.sent.failures.load(Ordering::Relaxed), 6);
    assert_eq!(outbox.waiting().disk_bytes, 0);
}

#[test]
fn what_is_refused_is_dropped_and_counted() {
    let house = House::new([Reply::Status(204, ""), Reply::Status(400, "")]);
    let outbox = house.outbox();
    outbox.push(lines(0..12).into_bytes());
    assert_eq!(house.run(&mut house.sender(&outbox)), 0);
    assert_eq!(house.server.taken(), lines(0..4) + &lines(8..12));
    assert_eq!(house.sent.refused_lines.load(Ordering::Relaxed), 4);
}

#[test]
fn what_is_too_large_is_split_down_to_the_line_that_is() {
    let too_large = |_| Reply::TooLargeOver(20);
    let house = House::new((0..50).map(too_large));
    let outbox = house.outbox();
    let long = format!("m s=\"{}\" 1\n", "x".repeat(50));
    outbox.push(format!("{}{long}{}", lines(0..2), lines(2..6)).into_bytes());
    assert_eq!(house.run(&mut house.sender(&outbox)), 0);
    assert_eq!(house.server.taken(), lines(0..6));
    assert_eq!(house.sent.refused_lines.load(Ordering::Relaxed), 1);
}

#[test]
fn a_server_says_how_long_to_wait() {
    let house = House::new([
        Reply::Status(503, "retry-after: 7"),
        Reply::Status(503, "retry-after: 99999"),
        Reply::Status(503, "retry-after: Fri, 31 Dec 1999 23:59:59 GMT"),
    ]);
    let outbox = house.outbox();
    let mut sender = house.sender(&outbox);
    outbox.push(lines(0..1).into_bytes());
    assert_eq!(sender.turn(&house.never), Turn::Failed(Duration::from_secs(7)));
    assert_eq!(sender.turn(&house.never), Turn::Failed(Duration::from_secs(300)));
    let Turn::Failed(wait) = sender.turn(&house.never) else { panic!("it failed") };
    assert!(wait <= SHORT, "a date is no count of seconds: {wait:?}");
    assert_eq!(sender.turn(&house.never), Turn::Empty);
}

#[test]
fn a_lost_answer_is_the_only_reason_to_send_twice() {
    let house = House::new([Reply::TakeAndHangUp]);
    let outbox = house.outbox();
    let mut sender = house.sender(&outbox);
    outbox.push(lines(0..2).into_bytes());
    house.run(&mut sender);
    assert_eq!(house.server.taken(), lines(0..2).repeat(2));
}

#[test]
fn what_waits_survives_a_restart() {
    let house = House::new([Reply::Status(204, ""), Reply::HangUp]);
    let first = house.outbox();
    let mut sender = house.sender(&first);
    first.push(lines(0..6).into_bytes());
    assert!(matches!(sender.turn(&house.never), Turn::Failed(_)));
    first.push(lines(6..7).into_bytes());
    // Killed: nothing is closed.
    drop(sender);
    drop(first);
    let second = house.outbox();
    second.push(lines(7..8).into_bytes());
    assert_eq!(house.run(&mut house.sender(&second)), 0);
    assert_eq!(house.server.taken(), lines(0..8));
}

#[test]
fn a_stop_leaves_the_rest_for_the_next_run() {
    let house = House::new([]);
    let outbox = house.outbox();
    outbox.push(lines(0..2).into_bytes());
    let stop = AtomicBool::new(true);
    assert_eq!(house.sender(&outbox).turn(&stop), Turn::Stopped);
    assert_eq!(house.server.taken(), "");
    assert!(outbox.waiting().disk_bytes > 0);
}

//! The built binary, started as a user starts it.

use crate::eventually;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Where the binary is: `BAROGRAPH_BIN`, or beside the tests.
///
/// # Panics
/// When it was not built.
pub fn path() -> PathBuf {
    if let Some(given) = std::env::var_os("BAROGRAPH_BIN") {
        return given.into();
    }
    let tests = std::env::current_exe().expect("the test knows its own path");
    let profile = tests.ancestors().nth(2).expect("tests are built in target/PROFILE/deps");
    let binary = profile.join("barograph");
    assert!(binary.exists(), "{} is missing: run `cargo build -p barograph`", binary.display());
    binary
}

/// An answer: status and body.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("answer is no JSON ({error}): {}", self.body))
    }
}

/// A running server.
pub struct Barograph {
    child: Child,
    /// Where it listens, `http://127.0.0.1:PORT`.
    pub url: String,
    log: Arc<Mutex<String>>,
    client: ureq::Agent,
}

impl Barograph {
    /// Starts `barograph serve` in `folder` on a free port and waits until it is ready.
    /// `config` is the text of its configuration file; `flags` follow the usual ones.
    ///
    /// # Panics
    /// When it does not become ready; its log is in the message.
    pub fn start(folder: &Path, config: &str, flags: &[&str]) -> Self {
        let file = folder.join("barograph.toml");
        std::fs::write(&file, config).expect("write the configuration");
        let mut child = Command::new(path())
            .arg("serve")
            .arg("--config")
            .arg(&file)
            .arg("--data-dir")
            .arg(folder.join("data"))
            .args(["--listen", "127.0.0.1:0"])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start barograph");
        let log = Arc::new(Mutex::new(String::new()));
        keep_log(child.stdout.take().expect("stdout is piped"), &log);
        keep_log(child.stderr.take().expect("stderr is piped"), &log);
        let url = eventually("the server says where it listens", || {
            if let Some(status) = child.try_wait().expect("ask for the child's state") {
                panic!("barograph ended with {status}: {}", log.lock().unwrap());
            }
            address_in(&log.lock().unwrap())
        });
        let client = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .new_agent();
        let server = Self { child, url, log, client };
        eventually("the server is ready", || {
            server.try_get("/ready").filter(|answer| answer.status == 200)
        });
        server
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// GET, or none where the server is not there.
    pub fn try_get(&self, path: &str) -> Option<Answer> {
        read(self.client.get(format!("{}{path}", self.url)).call())
    }

    /// POST, or none where the server is not there.
    pub fn try_post(&self, path: &str, body: &str) -> Option<Answer> {
        read(self.client.post(format!("{}{path}", self.url)).send(body))
    }

    /// POST of any bytes, or none where the server is not there.
    pub fn try_post_bytes(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<Answer> {
        let request = self.client.post(format!("{}{path}", self.url));
        let add = |request: ureq::RequestBuilder<_>, (name, value): &(&str, &str)| {
            request.header(*name, *value)
        };
        read(headers.iter().fold(request, add).send(body))
    }

    /// GET.
    ///
    /// # Panics
    /// When the server is not there.
    pub fn get(&self, path: &str) -> Answer {
        self.try_get(path).unwrap_or_else(|| panic!("GET {path}: no answer; log: {}", self.log()))
    }

    /// POST of JSON or any other text.
    ///
    /// # Panics
    /// When the server is not there.
    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.try_post(path, body)
            .unwrap_or_else(|| panic!("POST {path}: no answer; log: {}", self.log()))
    }

    /// Writes lines that must all be kept.
    ///
    /// # Panics
    /// When they are not.
    pub fn write(&self, lines: &str) {
        let answer = self.post("/write", lines);
        assert_eq!(answer.status, 204, "{}", answer.body);
    }

    /// The vector that a PromQL expression gives now.
    ///
    /// # Panics
    /// When the query fails.
    pub fn instant(&self, expr: &str) -> Vec<Value> {
        let answer = self.get(&format!("/api/v1/query?query={}", escape(expr)));
        assert_eq!(answer.status, 200, "{expr}: {}", answer.body);
        answer.json()["data"]["result"].as_array().cloned().unwrap_or_default()
    }

    /// What an InfluxQL statement answers.
    ///
    /// # Panics
    /// When the query fails.
    pub fn influx(&self, statement: &str) -> Value {
        let answer = self.get(&format!("/query?db=metrics&epoch=ns&q={}", escape(statement)));
        assert_eq!(answer.status, 200, "{statement}: {}", answer.body);
        answer.json()["results"][0].clone()
    }

    /// Ends it as a power cut would: no warning, no clean-up.
    pub fn kill(mut self) {
        self.child.kill().expect("kill the server");
        self.child.wait().expect("wait for the server");
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop (SIGTERM) and waits for its end.
    pub fn terminate(mut self) -> ExitStatus {
        signal(self.child.id(), "TERM");
        eventually("the server has ended after SIGTERM", || {
            self.child.try_wait().expect("ask for the child's state")
        })
    }
}

impl Drop for Barograph {
    fn drop(&mut self) {
        // Errors mean that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal by name.
///
/// # Panics
/// When there is no `kill` command.
pub fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
    assert!(sent.expect("run kill").success(), "kill -{name} {pid}");
}

/// Runs the binary to its end: whether it succeeded, stdout, stderr.
///
/// # Panics
/// When it cannot be started.
pub fn run(arguments: &[&str]) -> (ExitStatus, String, String) {
    run_in(&[], arguments)
}

/// As [`run`], with these variables in its environment.
///
/// # Panics
/// When it cannot be started.
pub fn run_in(variables: &[(&str, String)], arguments: &[&str]) -> (ExitStatus, String, String) {
    let variables = variables.iter().map(|(name, value)| (name, value));
    let mut command = Command::new(path());
    let output = command.envs(variables).args(arguments).stdin(Stdio::null()).output();
    let output = output.expect("run barograph");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("barograph prints UTF-8");
    (output.status, text(output.stdout), text(output.stderr))
}

/// Percent-encodes for a query string.
pub fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(byte as char);
        } else {
            write!(out, "%{byte:02X}").expect("writing to a string");
        }
        out
    })
}

fn read(result: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Option<Answer> {
    let mut response = result.ok()?;
    let status = response.status().as_u16();
    let body = response.body_mut().read_to_string().ok()?;
    Some(Answer { status, body })
}

fn address_in(log: &str) -> Option<String> {
    let at = log.find("http://127.0.0.1:")?;
    let rest = &log[at..];
    let end = rest["http://".len()..].find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
    // The port is whole only once something follows it.
    end.map(|end| rest[.."http://".len() + end].trim_end_matches('.').to_owned())
}

fn keep_log(stream: impl Read + Send + 'static, log: &Arc<Mutex<String>>) {
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    });
}

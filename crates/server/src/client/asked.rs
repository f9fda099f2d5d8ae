//! A server that is asked over HTTP.

use crate::cli;
use crate::error::Error;
use crate::http::POSITION_HEADER;
use serde_json::Value;
use std::time::Duration;

/// Longest wait for an answer: a little over the longest query a server allows by default.
const TIMEOUT: Duration = Duration::from_secs(90);
/// Largest answer that is read.
const ANSWER_BYTES_MAX: u64 = 1 << 30;
/// Where a token is looked for when the flag is left out.
const TOKEN_VARIABLE: &str = "BAROGRAPH_TOKEN";

/// A server.
pub struct Server {
    url: String,
    token: Option<String>,
    agent: ureq::Agent,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    /// Where an InfluxQL text is wrong, as JSON: its header, since the body has InfluxDB's shape.
    position: Option<String>,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is something else, which means that somebody else answered.
    pub fn json(&self) -> Result<Value, Error> {
        serde_json::from_str(&self.body).map_err(|_| {
            let start: String = self.body.chars().take(200).collect();
            Error::Client(format!("the answer ({}) is not JSON: {start:?}", self.status))
        })
    }

    /// Where in a query something is wrong; null where the answer does not say.
    ///
    /// # Errors
    /// When the body is no JSON.
    pub fn position(&self) -> Result<Value, Error> {
        match &self.position {
            Some(text) => Ok(serde_json::from_str(text).unwrap_or_default()),
            None => Ok(self.json()?["position"].take()),
        }
    }

    /// What the server says is wrong.
    pub fn error(&self) -> String {
        let json = self.json().unwrap_or_default();
        match json["error"].as_str() {
            Some(text) => text.to_owned(),
            None => format!("status {}", self.status),
        }
    }
}

impl Server {
    pub fn new(of: &cli::Server) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .build();
        Self {
            url: of.url.trim_end_matches('/').to_owned(),
            token: of.token.clone().or_else(|| std::env::var(TOKEN_VARIABLE).ok()),
            agent: config.into(),
        }
    }

    fn authorization(&self) -> Option<String> {
        self.token.as_ref().map(|token| format!("Bearer {token}"))
    }

    /// `GET`.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn get(&self, path: &str) -> Result<Answer, Error> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if let Some(value) = self.authorization() {
            request = request.header("authorization", value);
        }
        self.read(request.call())
    }

    /// `POST` of a form.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn post_form(&self, path: &str, form: &[(&str, String)]) -> Result<Answer, Error> {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        if let Some(value) = self.authorization() {
            request = request.header("authorization", value);
        }
        self.read(request.send_form(form.iter().map(|(name, value)| (*name, value.as_str()))))
    }

    /// `POST` of bytes as they are.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn post_bytes(&self, path: &str, body: &[u8]) -> Result<Answer, Error> {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        if let Some(value) = self.authorization() {
            request = request.header("authorization", value);
        }
        self.read(request.send(body))
    }

    /// `POST` or `PUT` of JSON.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn send_json(&self, method: Send, path: &str, json: &Value) -> Result<Answer, Error> {
        let url = format!("{}{path}", self.url);
        let mut request = match method {
            Send::Post => self.agent.post(url),
            Send::Put => self.agent.put(url),
        };
        if let Some(value) = self.authorization() {
            request = request.header("authorization", value);
        }
        request = request.header("content-type", "application/json");
        self.read(request.send(json.to_string()))
    }

    fn read(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Answer, Error> {
        let fail = |error: ureq::Error| {
            Error::Client(format!("ask {}: {error}; is `barograph serve` running there?", self.url))
        };
        let mut answer = answer.map_err(fail)?;
        let status = answer.status().as_u16();
        let position = answer.headers().get(POSITION_HEADER).and_then(|it| it.to_str().ok());
        let position = position.map(str::to_owned);
        let reader = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        let body = reader.read_to_string().map_err(fail)?;
        if status == 401 {
            let text = format!("{} wants a token: give --token or set {TOKEN_VARIABLE}", self.url);
            return Err(Error::Client(text));
        }
        Ok(Answer { status, body, position })
    }
}

/// How JSON is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Send {
    Post,
    Put,
}

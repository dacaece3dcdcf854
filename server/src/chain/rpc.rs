//! JSON-RPC over one HTTP connection, which is opened anew where it broke.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::decode;
use super::error::ChainError;

/// Where a Bitcoin Core node answers.
#[derive(Debug, Clone)]
pub struct RpcConfig {
    /// Host and port, such as `127.0.0.1:8332`.
    pub address: String,
    /// How it knows us.
    pub auth: RpcAuth,
}

/// How a Bitcoin Core node knows us.
#[derive(Clone)]
pub enum RpcAuth {
    /// A file that it writes anew at each start; read before each connection.
    Cookie(PathBuf),
    /// `user:password`.
    Password(String),
}

impl fmt::Debug for RpcAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RpcAuth::Cookie(path) => f.debug_tuple("Cookie").field(path).finish(),
            RpcAuth::Password(_) => f.write_str("Password(..)"),
        }
    }
}

/// One connection.
pub(super) struct RpcClient {
    config: RpcConfig,
    connection: Option<(SendRequest<Full<Bytes>>, String)>,
}

impl RpcClient {
    pub(super) fn new(config: &RpcConfig) -> Self {
        RpcClient { config: config.clone(), connection: None }
    }

    /// Asks, and waits for the result.
    pub(super) async fn call(&mut self, method: &'static str, params: Value) -> Result<Value, ChainError> {
        let bytes = self.exchange(&request(method, 0, params)).await?;
        decode::result(&bytes, method)
    }

    /// Asks the same with several parameters at once; the results are in their order.
    pub(super) async fn call_all(
        &mut self,
        method: &'static str,
        params: Vec<Value>,
    ) -> Result<Vec<Value>, ChainError> {
        let count = params.len();
        let calls = params.into_iter().enumerate().map(|(id, params)| request(method, id, params)).collect();
        let bytes = self.exchange(&Value::Array(calls)).await?;
        decode::results(&bytes, count, method)
    }

    /// Sends a question and waits for the answer. A connection that the node closed meanwhile is opened once more.
    async fn exchange(&mut self, question: &Value) -> Result<Bytes, ChainError> {
        let body = question.to_string();
        let was_open = self.connection.is_some();
        let answer = match timeout(ANSWER_MAX, self.post(&body)).await.unwrap_or(Err(ChainError::Timeout)) {
            Err(ChainError::Http) if was_open => {
                self.connection = None;
                timeout(ANSWER_MAX, self.post(&body)).await.unwrap_or(Err(ChainError::Timeout))
            }
            answer => answer,
        };
        answer.inspect_err(|_| self.connection = None)
    }

    async fn post(&mut self, body: &str) -> Result<Bytes, ChainError> {
        if self.connection.is_none() {
            self.connection = Some(self.open().await?);
        }
        let Some((sender, authorization)) = &mut self.connection else { return Err(ChainError::Http) };
        let request = Request::builder()
            .method(Method::POST)
            .uri("/")
            .header(HOST, &self.config.address)
            .header(AUTHORIZATION, &*authorization)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
            .map_err(|_| ChainError::Http)?;
        sender.ready().await.map_err(|_| ChainError::Http)?;
        let response = sender.send_request(request).await.map_err(|_| ChainError::Http)?;
        if matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(ChainError::Auth);
        }
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        Ok(body.map_err(|_| ChainError::Http)?.to_bytes())
    }

    async fn open(&self) -> Result<(SendRequest<Full<Bytes>>, String), ChainError> {
        let credentials = match &self.config.auth {
            RpcAuth::Password(text) => text.clone(),
            RpcAuth::Cookie(path) => {
                let text = std::fs::read_to_string(path);
                text.map_err(|error| ChainError::Cookie(error.kind()))?.trim().to_owned()
            }
        };
        let socket = TcpStream::connect(&self.config.address);
        let socket = socket.await.map_err(|error| ChainError::Connect(error.kind()))?;
        let (sender, connection) = handshake(TokioIo::new(socket)).await.map_err(|_| ChainError::Http)?;
        // It ends with the sender, or with the socket.
        tokio::spawn(connection);
        Ok((sender, format!("Basic {}", BASE64_STANDARD.encode(credentials))))
    }
}

fn request(method: &str, id: usize, params: Value) -> Value {
    json!({ "jsonrpc": "1.0", "id": id, "method": method, "params": params })
}

/// A node that verifies a block answers late.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// A block in hexadecimal digits, twice.
const ANSWER_BYTES_MAX: usize = 16 << 20;

//! A Chromium that a test drives: the few calls of the WebDriver protocol (W3C) that the tests need.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

/// A browser window, and the driver that obeys us. It ends with its owner.
pub(crate) struct Browser {
    client: Client,
    session: String,
    driver: Child,
    _turn: MutexGuard<'static, ()>,
}

/// One browser at a time: several would starve each other of processors.
static TURN: Mutex<()> = Mutex::const_new(());

impl Browser {
    /// Opens a window; `None`, with a word about it, where there is no Chromium.
    ///
    /// # Panics
    /// Where there is none in CI, or it does not start.
    pub(crate) async fn open() -> Option<Self> {
        let turn = TURN.lock().await;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null());
        let driver = match command.spawn() {
            Ok(driver) => driver,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
                assert!(!is_ci, "chromedriver is missing (Debian: chromium, chromium-driver)");
                eprintln!("skipped: no chromedriver (Debian: chromium, chromium-driver)");
                return None;
            }
            Err(error) => panic!("chromedriver does not start: {error}"),
        };
        let session = format!("http://127.0.0.1:{port}/session");
        let mut browser = Browser { client: Client::new(), session, driver, _turn: turn };
        let started = Instant::now();
        while browser.client.get(format!("http://127.0.0.1:{port}/status")).send().await.is_err() {
            assert!(started.elapsed() < PATIENCE, "chromedriver does not answer");
            tokio::time::sleep(PAUSE).await;
        }
        let options =
            json!({"args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]});
        let wanted = json!({"goog:loggingPrefs": {"browser": "ALL"}, "goog:chromeOptions": options});
        let opened = browser.call("", &json!({"capabilities": {"alwaysMatch": wanted}})).await;
        browser.session = format!("{}/{}", browser.session, opened["sessionId"].as_str().unwrap());
        Some(browser)
    }

    /// Goes to an address.
    pub(crate) async fn go(&self, url: &str) {
        self.call("/url", &json!({ "url": url })).await;
    }

    /// Types into the element that has the focus, or into what a selector names.
    pub(crate) async fn keys(&self, selector: Option<&str>, text: &str) {
        let element = match selector {
            Some(css) => self.call("/element", &json!({"using": "css selector", "value": css})).await,
            None => self.call_get("/element/active").await,
        };
        let id = element.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
        self.call(&format!("/element/{id}/value"), &json!({ "text": text })).await;
    }

    /// Runs the body of a function in the page.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.call("/execute/sync", &json!({"script": script, "args": []})).await
    }

    /// Runs an expression until its value is truthy, and returns that.
    ///
    /// # Panics
    /// Where that takes too long.
    pub(crate) async fn until(&self, expression: &str) -> Value {
        let started = Instant::now();
        loop {
            let value = self.run(&format!("return {expression}")).await;
            if !matches!(value, Value::Null | Value::Bool(false)) && value != json!(0) && value != json!("") {
                return value;
            }
            if started.elapsed() > PATIENCE {
                let text = self.run("return document.body.innerText").await;
                panic!("never true: {expression}\n{}\n{:?}", text.as_str().unwrap(), self.log().await);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The text of the first element that a selector names, as it is seen.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let found = self.until(&format!("document.querySelector({selector:?})?.innerText")).await;
        found.as_str().unwrap().to_owned()
    }

    /// Sets the window's size and the colours that the system prefers.
    pub(crate) async fn look(&self, width: u32, height: u32, colours: &str) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.chromium("Emulation.setDeviceMetricsOverride", size).await;
        let features = json!([
            {"name": "prefers-color-scheme", "value": colours},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.chromium("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// What the browser complained about since it was asked last: warnings and errors.
    pub(crate) async fn log(&self) -> Vec<Value> {
        let entries = self.call("/se/log", &json!({"type": "browser"})).await;
        let is_complaint = |entry: &&Value| entry["level"] == "SEVERE" || entry["level"] == "WARNING";
        entries.as_array().unwrap().iter().filter(is_complaint).cloned().collect()
    }

    /// Asks without the runtime, which a test that panics may have lost.
    fn end_session(&self) -> std::io::Result<()> {
        let address = self.session.trim_start_matches("http://");
        let (host, path) = address.split_once('/').unwrap_or((address, ""));
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "DELETE /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        // The driver keeps the connection: the answer has come with its first line.
        BufReader::new(stream).read_line(&mut String::new()).map(drop)
    }

    async fn chromium(&self, command: &str, params: Value) {
        self.call("/goog/cdp/execute", &json!({"cmd": command, "params": params})).await;
    }

    async fn call(&self, path: &str, body: &Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.session)).json(body);
        self.value(request).await
    }

    async fn call_get(&self, path: &str) -> Value {
        self.value(self.client.get(format!("{}{path}", self.session))).await
    }

    async fn value(&self, request: reqwest::RequestBuilder) -> Value {
        let mut answer: Value = request.send().await.unwrap().json().await.unwrap();
        let value = answer["value"].take();
        assert!(value["error"].is_null(), "{value}");
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A driver that is killed leaves its browser behind: the session ends first. What fails here has ended already.
        let _ = self.end_session();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The key that submits.
pub(crate) const ENTER: &str = "\u{e007}";
/// The key that goes on to the next control.
pub(crate) const TAB: &str = "\u{e004}";
/// The key that goes down in a list.
pub(crate) const DOWN: &str = "\u{e015}";
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(30);

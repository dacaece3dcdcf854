//! A server in this process, and a client.

use std::net::SocketAddr;
use std::time::Duration;

use engine::graph::{GraphBuilder, Topology};
use engine::import::{Imported, read_graph};
use engine::synthetic::{SyntheticConfig, generate};
use futures_util::stream;
use reqwest::{Body, Client, Response, StatusCode};
use serde_json::Value;
use server::http::{App, Limits, Server, Settings, StartError};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// A server that runs until it is dropped, or stopped.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) app: App,
    pub(crate) client: Client,
    running: JoinHandle<()>,
}

impl Service {
    /// Serves a line of four nodes and a dear channel from the first to the last.
    pub(crate) async fn line() -> Self {
        Service::of(line_graph(), Settings::default()).await
    }

    /// Serves a synthetic graph with that many channels.
    pub(crate) async fn synthetic(channel_count: u32) -> Self {
        let graph = generate(&SyntheticConfig::new(3, channel_count), &mut |_| {}).unwrap();
        Service::of(graph, Settings::default()).await
    }

    /// Serves any graph, at a free port.
    pub(crate) async fn of(graph: GraphBuilder, settings: Settings) -> Self {
        Service::try_of(graph, settings).await.unwrap()
    }

    /// The same where it may be refused.
    pub(crate) async fn try_of(graph: GraphBuilder, settings: Settings) -> Result<Self, StartError> {
        let mut settings = Settings { listen: ([127, 0, 0, 1], 0).into(), ..settings };
        // A machine that is busy with other tests must not make the server refuse, unless that is what is tested.
        let limits = &mut settings.limits;
        if limits.queue_wait_max == Limits::default().queue_wait_max {
            (limits.queue_wait_min, limits.queue_wait_max) = (Duration::MAX, Duration::MAX);
        }
        let server = Server::bind(Topology::build(graph).unwrap(), &settings).await?;
        let (address, app) = (server.address(), server.app().clone());
        let running = tokio::spawn(server.run());
        Ok(Service { address, app, client: Client::new(), running })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.client.get(self.url(path)).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.client.post(self.url(path)).json(body).send().await.unwrap()).await
    }

    pub(crate) async fn post_text(&self, path: &str, body: impl Into<String>) -> Answer {
        Answer::of(self.client.post(self.url(path)).body(body.into()).send().await.unwrap()).await
    }

    /// A batch that goes on: where its lines go, and its answers, once the first line has one.
    pub(crate) async fn batch(&self, key: &str, line: &Value) -> (UnboundedSender<String>, Response) {
        let (lines, received) = unbounded_channel::<String>();
        let body = stream::unfold(received, |mut received| async move {
            Some((Ok::<_, std::io::Error>(received.recv().await?), received))
        });
        lines.send(format!("{line}\n")).unwrap();
        let request = self.client.post(self.url("/api/v1/batch")).bearer_auth(key);
        let mut answers = request.body(Body::wrap_stream(body)).send().await.unwrap();
        assert!(next_line(&mut answers).await["hops"].is_u64());
        (lines, answers)
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(self) {
        self.app.stop();
        self.running.await.unwrap();
    }
}

/// What a request was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) kind: String,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let status = response.status();
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        Answer { status, kind: kind.unwrap_or_default(), text: response.text().await.unwrap() }
    }

    /// The body of a success.
    pub(crate) fn json(&self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        serde_json::from_str(&self.text).unwrap()
    }

    /// A problem document of that status.
    pub(crate) fn problem(&self, status: u16) -> Value {
        assert_eq!(
            (self.status.as_u16(), self.kind.as_str()),
            (status, "application/problem+json"),
            "{self:?}"
        );
        let problem: Value = serde_json::from_str(&self.text).unwrap();
        assert_eq!(problem["status"], status);
        for field in ["type", "title", "detail", "code"] {
            assert!(problem[field].is_string(), "{self:?}");
        }
        problem
    }
}

/// The next line of an answer.
pub(crate) async fn next_line(answer: &mut Response) -> Value {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        line.extend(answer.chunk().await.unwrap().expect("a line"));
    }
    serde_json::from_slice(&line).unwrap()
}

/// The node with this number on the line.
pub(crate) fn node(at: u8) -> String {
    format!("02{}", format!("{at:02x}").repeat(32))
}

/// 1 - 2 - 3 - 4 for 1, 2 and 3 sat and 100 millionths a hop, and a small channel from 1 to 4 that is cheaper.
pub(crate) fn line_table() -> String {
    let mut text = COLUMNS.to_owned();
    for (scid, one, two, base) in [(1, 1, 2, 1000), (2, 2, 3, 2000), (3, 3, 4, 3000), (4, 1, 4, 500)] {
        let max = if scid == 4 { 50_000_000 } else { 900_000_000 };
        for dir in [0, 1] {
            let (one, two) = (node(one), node(two));
            text +=
                &format!("{scid}x1x0,{one},{two},1000000,{dir},{base},100,40,1000,{max},0,1700000000,0,0\n");
        }
    }
    text
}

pub(crate) fn line_graph() -> GraphBuilder {
    let Imported { graph, .. } = read_graph(line_table().as_bytes(), &mut |_| {}).unwrap();
    graph
}

/// The first line of a table of channels.
pub(crate) const COLUMNS: &str = "scid,node1,node2,capacity_sat,dir,base_msat,ppm,cltv,htlc_min,htlc_max,disabled,last_update,\
                       inbound_base_msat,inbound_ppm\n";

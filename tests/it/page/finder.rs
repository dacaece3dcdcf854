//! The finder in a real browser.

use engine::graph::GraphBuilder;
use engine::import::read_graph;
use serde_json::{Value, json};
use server::http::Settings;
use server::http::tenant::{KeyHash, KeySettings, Scope};

use super::browser::{Browser, DOWN, ENTER};
use crate::http::service::{COLUMNS, Service, line_graph, node};

#[tokio::test(flavor = "multi_thread")]
async fn a_route_is_found_drawn_and_shared() {
    let (Some(browser), service) = (Browser::open().await, Service::line().await) else { return };
    browser.go(&service.url("/")).await;
    browser.until("document.querySelector('.figure')").await;
    browser.keys(Some("#payer"), &format!("{}@127.0.0.1:9735", node(1))).await;
    browser.keys(Some("#payee"), &node(4)).await;
    browser.keys(Some("#amount"), &format!("100,000{ENTER}")).await;
    assert!(browser.text(".fee").await.starts_with("25.001 sat fee"));
    let scids =
        "[...document.querySelectorAll('.scid')].map((scid) => scid.textContent.split('/')[0]).join()";
    assert_eq!(browser.until(scids).await, "1x1x0,2x1x0,3x1x0");
    let nodes = "[...document.querySelectorAll('.node-id')].map((id) => id.textContent).join()";
    assert_eq!(browser.until(nodes).await, [node(1), node(2), node(3), node(4)].join(","));
    assert!(browser.text(".facts").await.contains("98 blocks"));
    let said = browser.until("document.querySelector('[role=status]').textContent").await;
    assert!(said.as_str().unwrap().contains("3 hops: fee 25.001 sat"), "{said}");
    assert_eq!(browser.until("document.querySelector('#payer').value").await, *node(1));
    let line = browser.until(CURL).await;
    assert!(line.as_str().unwrap().contains("/api/v1/routes -d '{"), "{line}");

    // The address holds the question: whoever opens it elsewhere sees the same.
    let address = browser.until("location.href").await.as_str().unwrap().to_owned();
    assert!(address.contains("amount=100000&unit=sat"), "{address}");
    browser.go("about:blank").await;
    browser.go(&address).await;
    assert!(browser.text(".fee").await.starts_with("25.001 sat fee"));
    assert_eq!(browser.log().await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_node_is_told_where_it_was_written() {
    let (Some(browser), service) = (Browser::open().await, Service::line().await) else { return };
    let ask = |payer: &str, payee: &str, amount: &str| {
        service.url(&format!("/#payer={payer}&payee={payee}&amount={amount}"))
    };
    browser.go(&ask("alice", &node(4), "1000")).await;
    assert!(browser.text(".problem").await.starts_with("The payer is no node id"));
    refused_at(&browser, "payer", "an id has the digits 0 to 9 and a to f alone").await;

    // Both begin so; the field offers them, and the keyboard takes one.
    browser.go(&ask("02", &node(4), "1000")).await;
    refused_at(&browser, "payer", "it has 2 of 66 digits, and more than one node begins so").await;
    browser.until("document.querySelectorAll('#payer-list [role=option]').length === 4").await;
    assert_eq!(browser.log().await, Vec::<Value>::new(), "none of these questions is one for the server");
    browser.keys(None, &format!("{DOWN}{ENTER}")).await;
    browser.until("document.querySelector('#payer').value.length === 66").await;

    browser.go(&ask(&node(1), &node(9), "1000")).await;
    refused_at(&browser, "payee", &format!("node {} is not in the graph", node(9))).await;
    assert!(browser.text(".problem .hint").await.contains("the node may have no channel"));
    // Chromium writes down each answer that is no success, whatever the page makes of it.
    assert_eq!(sources(&browser.log().await), ["network"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn why_there_is_no_route_is_told() {
    let (Some(browser), service) = (Browser::open().await, Service::line().await) else { return };
    browser.go(&service.url(&format!("/#payer={}&payee={}&amount=990000000", node(1), node(4)))).await;
    let told = browser.text(".problem").await;
    assert!(told.starts_with("There is no route"), "{told}");
    assert!(told.contains("Lower the amount") && told.contains("payer_cannot_send"), "{told}");
    for (amount, note) in
        [("", "the field is empty"), ("1.0005", "it is no number"), ("9e99", "it is no number")]
    {
        let address = format!("/#payer={}&payee={}&amount={amount}", node(1), node(4));
        browser.go(&service.url(&address)).await;
        refused_at(&browser, "amount", note).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_path_takes_is_split() {
    let (Some(browser), service) =
        (Browser::open().await, Service::of(two_paths(), Settings::default()).await)
    else {
        return;
    };
    browser.go(&service.url(&format!("/#payer={}&payee={}&amount=1500000", node(1), node(4)))).await;
    browser.until("document.querySelector('.problem button')").await;
    browser.keys(Some(".problem button"), ENTER).await;
    browser.until("document.querySelectorAll('.choice input').length === 2").await;
    assert!(browser.text(".choice").await.contains("amount, sat"));
    assert!(browser.text(".facts").await.contains("parts"));
    let address = browser.until("location.href").await;
    assert!(address.as_str().unwrap().contains("further=parts"), "{address}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_asked_for_where_one_is_needed() {
    let Some(browser) = Browser::open().await else { return };
    let key = KeySettings {
        name: "reader".to_owned(),
        hash: KeyHash::of(b"a key"),
        tenant: "readers".to_owned(),
        scopes: vec![Scope::Read],
        requests: None,
        work: None,
    };
    let service = Service::of(line_graph(), Settings { keys: vec![key], ..Settings::default() }).await;
    browser.go(&service.url(&format!("/#payer={}&payee={}&amount=100000", node(1), node(4)))).await;
    assert!(browser.text(".problem").await.starts_with("A key is needed"));
    browser.keys(Some("#key"), &format!("a key{ENTER}")).await;
    assert!(browser.text(".fee").await.starts_with("25.001 sat fee"));
    browser.until("document.querySelector('#graph figure') && document.querySelector('#live figure')").await;
    assert_eq!(browser.run("return document.querySelector('#field-key').hidden").await, true);
    let line = browser.until(CURL).await;
    assert!(line.as_str().unwrap().contains("/api/v1/routes -H 'Authorization: Bearer KEY' -d '{"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_it_works_without_a_mouse() {
    let (Some(browser), service) = (Browser::open().await, Service::synthetic(2000).await) else { return };
    browser.go(&service.url("/")).await;
    browser.until("document.querySelector('#graph figure')").await;
    browser.keys(Some("body"), "/").await;
    assert_eq!(focused(&browser).await, "payer");
    browser.keys(None, DOWN).await;
    browser.until("document.querySelectorAll('#payer-list [role=option]').length === 8").await;
    browser.keys(None, &format!("{DOWN}{DOWN}{ENTER}")).await;
    let chosen = browser.until("document.querySelector('#payer').value").await;
    let largest = service.get("/api/v1/graph/suggestions").await.json();
    assert_eq!(chosen, largest["nodes"][1]["node_id"]);

    browser.keys(Some("#example"), ENTER).await;
    browser.until("document.querySelectorAll('.choice input').length > 1").await;
    let (fee, best) = (browser.text(".fee").await, "document.querySelector('.choice input:checked').value");
    assert_eq!(browser.until(best).await, "0");
    browser.keys(Some(".choice input:checked"), DOWN).await;
    assert_eq!(browser.until(best).await, "1");
    assert!(browser.text(".proof").await.contains("2nd"), "was {fee}");
    // The minute begins with the first full second.
    browser.until("/p50|median/.test(document.querySelector('#live').innerText)").await;
    assert_eq!(browser.log().await, Vec::<Value>::new());
}

/// From 1 to 4 by way of 2, or of 3; each way carries 1,000,000 sat.
fn two_paths() -> GraphBuilder {
    let mut text = COLUMNS.to_owned();
    for (scid, one, two) in [(1, 1, 2), (2, 2, 4), (3, 1, 3), (4, 3, 4)] {
        for dir in [0, 1] {
            let (one, two) = (node(one), node(two));
            text += &format!(
                "{scid}x1x0,{one},{two},1000000,{dir},1000,100,40,1000,990000000,0,1700000000,0,0\n"
            );
        }
    }
    read_graph(text.as_bytes(), &mut |_| {}).unwrap().graph
}

/// The field is marked, says why, and has the focus.
async fn refused_at(browser: &Browser, field: &str, note: &str) {
    browser
        .until(&format!("document.querySelector('#{field}-note').textContent.includes({})", json!(note)))
        .await;
    assert_eq!(browser.run(&format!("return document.querySelector('#{field}').ariaInvalid")).await, "true");
    assert_eq!(focused(browser).await, field);
}

async fn focused(browser: &Browser) -> Value {
    browser.run("return document.activeElement.id").await
}

fn sources(log: &[Value]) -> Vec<&str> {
    log.iter().filter_map(|entry| entry["source"].as_str()).collect()
}

/// The same question as a line for a shell.
const CURL: &str = "document.querySelector('.request pre').textContent";

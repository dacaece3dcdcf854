//! The files of the page.

use reqwest::header::{CONTENT_SECURITY_POLICY, ETAG, IF_NONE_MATCH};

use crate::http::service::Service;

#[tokio::test(flavor = "multi_thread")]
async fn every_file_that_is_named_is_there() {
    let service = Service::line().await;
    let page = service.get("/").await;
    assert_eq!(page.kind, "text/html; charset=utf-8");
    let mut names = named(&page.text, "\"/page/");
    assert!(names.len() >= 4, "{names:?}");
    let mut at = 0;
    while at < names.len() {
        let file = service.get(&format!("/page/{}", names[at])).await;
        let kind = match names[at].rsplit('.').next() {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "a known kind",
        };
        assert_eq!((file.status.as_u16(), file.kind.as_str()), (200, kind), "{}", names[at]);
        for name in named(&file.text, "from \"./") {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        at += 1;
    }
    assert!(names.len() >= 14, "modules import each other: {names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_is_not_sent_again() {
    let service = Service::line().await;
    let get =
        |tag: &str| service.client.get(service.url("/page/style.css")).header(IF_NONE_MATCH, tag).send();
    let first = get("\"another\"").await.unwrap();
    assert_eq!(first.status(), 200);
    let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
    let again = get(&tag).await.unwrap();
    assert_eq!(again.status(), 304);
    assert_eq!(again.headers()[ETAG], *tag);
    assert_eq!(again.bytes().await.unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_forbids_what_comes_from_elsewhere() {
    let service = Service::line().await;
    let page = service.client.get(service.url("/")).send().await.unwrap();
    let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    for part in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.split("; ").any(|one| one == part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
}

/// What follows some text, up to the quote.
fn named(text: &str, before: &str) -> Vec<String> {
    let rests = text.split(before).skip(1);
    rests.filter_map(|rest| rest.split_once('"')).map(|(name, _)| name.to_owned()).collect()
}

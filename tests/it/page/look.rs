//! How the page looks: text that can be read, nothing that sticks out.

use serde_json::{Value, json};

use super::browser::Browser;
use crate::http::service::{Service, node};

#[tokio::test(flavor = "multi_thread")]
async fn text_contrasts_and_nothing_sticks_out() {
    let (Some(browser), service) = (Browser::open().await, Service::line().await) else { return };
    let good = service.url(&format!("/#payer={}&payee={}&amount=40000", node(1), node(4)));
    let bad = service.url(&format!("/#payer=x&payee={}&amount=40000", node(4)));
    for colours in ["light", "dark"] {
        for width in [320, 390, 768, 1024, 1360, 1920] {
            browser.look(width, 900, colours).await;
            for (url, shown) in [(&good, ".path"), (&bad, ".problem"), (&service.url("/"), ".figure")] {
                browser.go("about:blank").await;
                browser.go(url).await;
                browser.until(&format!("document.querySelector({shown:?})")).await;
                browser
                    .until(
                        "document.querySelector('#graph figure') && document.querySelector('#live figure')",
                    )
                    .await;
                let case = format!("{colours}, {width}, {shown}");
                let is_wider = "return document.documentElement.scrollWidth > innerWidth";
                assert_eq!(browser.run(is_wider).await, false, "{case}");
                assert_eq!(browser.run(FAINT).await, json!([]), "{case}");
                assert_eq!(browser.run(STICKING_OUT).await, json!([]), "{case}");
            }
        }
    }
    assert_eq!(browser.log().await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_are_the_readers_choice() {
    let (Some(browser), service) = (Browser::open().await, Service::line().await) else { return };
    browser.look(1360, 900, "light").await;
    browser.go(&service.url("/")).await;
    let is_dark = "return getComputedStyle(document.documentElement).colorScheme === 'dark'";
    let mut seen = vec![browser.run(is_dark).await];
    for _ in 0..2 {
        browser.run("document.querySelector('#theme').click()").await;
        seen.push(browser.run(is_dark).await);
    }
    assert_eq!(seen, [false, false, true], "the system's, light, dark");
    browser.go("about:blank").await;
    browser.go(&service.url("/")).await;
    assert_eq!(browser.run(is_dark).await, true, "the choice is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_has_a_name() {
    let (Some(browser), service) = (Browser::open().await, Service::line().await) else { return };
    browser.go(&service.url(&format!("/#payer={}&payee={}&amount=40000&further=3", node(1), node(4)))).await;
    browser.until("document.querySelector('.path') && document.querySelector('#live figure')").await;
    assert_eq!(browser.run(NAMELESS).await, json!([]));
    let landmarks = "return ['header', 'main', 'aside', 'footer', 'h1'].map((tag) => document.querySelectorAll(tag).length)";
    assert_eq!(browser.run(landmarks).await, json!([1, 1, 1, 1, 1]));
}

/// Texts with less contrast than WCAG 2.2 wants (1.4.3): 4.5 to 1.
const FAINT: &str = r"
const parse = (colour) => {
  const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
  return { rgb: [r, g, b], a };
};
const light = (rgb) => {
  const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const { rgb, a } = parse(getComputedStyle(at).backgroundColor);
    if (a === 1) return rgb;
  }
  return [255, 255, 255];
};
const faint = [];
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  if (!texts.currentNode.data.trim() || !element.checkVisibility() || element.closest('title, script, noscript, svg')) continue;
  const [one, two] = [parse(getComputedStyle(element).color).rgb, behind(element)].map(light).sort((a, b) => b - a);
  const ratio = (one + 0.05) / (two + 0.05);
  if (ratio < 4.5) faint.push(`${ratio.toFixed(2)}: ${texts.currentNode.data.trim()}`);
}
return faint;";

/// Elements that reach beyond their part of the page.
const STICKING_OUT: &str = r"
const out = (part) => [...part.querySelectorAll('*')].filter((element) => {
  const [inner, outer] = [element.getBoundingClientRect(), part.getBoundingClientRect()];
  return element.checkVisibility() && !element.closest('.unseen, .name, svg') && (inner.right > outer.right + 1 || inner.left < outer.left - 1);
});
return [...document.querySelectorAll('main, aside')].flatMap(out).map((element) => element.outerHTML);";

/// Controls and pictures that say nothing to those who cannot see them.
const NAMELESS: &str = r"
const name = (element) => element.ariaLabel || element.labels?.[0]?.textContent.trim() || element.textContent.trim();
const all = document.querySelectorAll('button, input, select, [role=img], section, aside');
return [...all].filter((element) => element.checkVisibility() && !name(element)).map((element) => element.outerHTML);";

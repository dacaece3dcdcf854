//! The page for those who use a keyboard, see little, or hear it read out.

use serde_json::{Value, json};

use super::browser::{Browser, TAB};
use crate::http::service::{Service, node};

/// The page with an answer on it, everything drawn.
async fn answered(browser: &Browser, service: &Service) {
    let asked = format!("/#payer={}&payee={}&amount=40000&further=3", node(1), node(4));
    browser.go(&service.url(&asked)).await;
    browser
        .until("document.querySelector('.path') && document.querySelector('#live figure') && document.querySelector('#graph figure')")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_refers_to_something_finds_it() {
    let (Some(browser), service) = (Browser::open().await, Service::line().await) else { return };
    answered(&browser, &service).await;
    assert_eq!(browser.run(TWICE).await, json!([]), "ids that are there twice");
    assert_eq!(browser.run(LOST).await, json!([]), "references to nothing");
    assert_eq!(browser.run(HEADINGS).await, json!([]), "headings that skip a level");
    let language = browser.run("return [document.documentElement.lang, document.title]").await;
    assert_eq!(language, json!(["en", "Fulgurite"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_focus_goes_as_the_eye_goes_and_is_seen() {
    let (Some(browser), service) = (Browser::open().await, Service::line().await) else { return };
    browser.look(1360, 900, "light").await;
    answered(&browser, &service).await;
    browser.run("document.activeElement.blur(); document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')").await;
    let mut seen = Vec::new();
    for _ in 0..30 {
        browser.keys(None, TAB).await;
        let told = browser.run(FOCUS).await;
        if told.is_null() || told["name"] == "end" {
            break;
        }
        assert_ne!(told["outline"], "none", "{told}");
        assert!(told["width"].as_f64().unwrap() >= 2.0, "{told}");
        seen.push(told["name"].as_str().unwrap().to_owned());
    }
    let beginning =
        ["theme", "payer", "swap", "payee", "amount", "unit", "cost", "further", "Find route", "example"];
    assert_eq!(seen[..beginning.len()], beginning, "{seen:?}");
    assert!(seen.iter().any(|name| name == "route") && seen.len() > 14, "{seen:?}");
    let forced =
        "return document.querySelectorAll('[tabindex]:not([tabindex=\"0\"], [tabindex=\"-1\"])').length";
    assert_eq!(browser.run(forced).await, 0, "nobody jumps the queue");
}

#[tokio::test(flavor = "multi_thread")]
async fn controls_are_large_enough_and_have_an_outline_that_is_seen() {
    let (Some(browser), service) = (Browser::open().await, Service::line().await) else { return };
    for colours in ["light", "dark"] {
        for width in [390, 1360] {
            browser.look(width, 900, colours).await;
            answered(&browser, &service).await;
            assert_eq!(browser.run(SMALL).await, json!([]), "{colours}, {width}");
            assert_eq!(browser.run(FAINT_EDGES).await, json!([]), "{colours}, {width}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_alternative_does_otherwise_and_an_old_graph_are_marked() {
    let (Some(browser), service) = (Browser::open().await, Service::line().await) else { return };
    answered(&browser, &service).await;
    assert_eq!(browser.run("return document.querySelectorAll('.other').length").await, 0);
    browser.run("document.querySelectorAll('.choice input')[1].click()").await;
    browser.until("document.querySelectorAll('.other').length === 3").await;
    assert!(browser.text(".other").await.contains("not in the best"));
    // Its newest policy is of 2023.
    assert!(browser.text(".stale").await.ends_with("days old"));
    assert!(browser.text("#graph .hint").await.contains("Serve a newer graph"));
    assert_eq!(browser.log().await, Vec::<Value>::new());
}

const TWICE: &str = r"
const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
return ids.filter((id, place) => ids.indexOf(id) !== place);";

const LOST: &str = r"
const kinds = ['for', 'aria-describedby', 'aria-labelledby', 'aria-controls', 'aria-activedescendant', 'aria-owns'];
return kinds.flatMap((kind) => [...document.querySelectorAll(`[${kind}]`)].flatMap((element) =>
  element.getAttribute(kind).split(' ').filter((id) => id && !document.getElementById(id)).map((id) => `${kind} ${id}`)));";

const HEADINGS: &str = r"
const levels = [...document.querySelectorAll('h1, h2, h3, h4')].filter((h) => h.checkVisibility()).map((h) => Number(h.tagName[1]));
return levels.filter((level, place) => level > (levels[place - 1] ?? 0) + 1);";

/// What has the focus, and how that is shown; the outline of an option is its row's.
const FOCUS: &str = r"
const element = document.activeElement;
if (!element || element === document.body) return { name: 'end' };
const shown = getComputedStyle(element.closest('.option') ?? element);
return { name: element.id || element.name || element.textContent.trim(), outline: shown.outlineStyle, width: parseFloat(shown.outlineWidth) };";

/// Controls with less than 24 by 24 pixels (WCAG 2.2, 2.5.8), links within text aside.
const SMALL: &str = r"
const all = document.querySelectorAll('button:not(.link), input:not([type=radio]), select, .option:not(.heads), summary');
return [...all].filter((element) => element.checkVisibility()).map((element) => [element.getBoundingClientRect(), element])
  .filter(([box]) => box.width < 24 || box.height < 24).map(([box, element]) => `${box.width} x ${box.height}: ${element.outerHTML}`);";

/// Fields whose edge has less contrast than 3 to 1 (WCAG 2.2, 1.4.11).
const FAINT_EDGES: &str = r"
const light = (colour) => {
  const [r, g, b] = colour.match(/[\d.]+/g).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
return [...document.querySelectorAll('form input, form select')].filter((element) => element.checkVisibility()).flatMap((element) => {
  const style = getComputedStyle(element);
  const [one, two] = [light(style.borderTopColor), light(style.backgroundColor)].sort((a, b) => b - a);
  const ratio = (one + 0.05) / (two + 0.05);
  return ratio < 3 ? [`${ratio.toFixed(2)}: ${element.id}`] : [];
});";

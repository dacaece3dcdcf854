//! Whatever is refused says which field was wrong, what was wrong with it, and what to do.

use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use server::http::native::FLATBUFFERS;
use server::http::tenant::{KeyHash, KeySettings, Rate, Scope};
use server::http::{Limits, Settings};

use super::service::{Answer, Service, line_graph, node};

/// A request that is refused: method, path and body, then status, code and field.
type Case = (Method, String, Value, u16, &'static str, Option<&'static str>);

fn query() -> Value {
    json!({"src": node(1), "dst": node(4), "amount_msat": 1_000_000})
}

/// A query with other fields.
fn but(changes: &Value) -> Value {
    let mut query = query();
    for (name, value) in changes.as_object().unwrap() {
        query[name] = value.clone();
    }
    query
}

async fn ask(service: &Service, method: &Method, path: &str, body: &Value) -> Answer {
    let request = service.client.request(method.clone(), service.url(path));
    let request = if body.is_null() { request } else { request.json(body) };
    Answer::of(request.send().await.unwrap()).await
}

async fn check(service: &Service, cases: Vec<Case>) {
    for (method, path, body, status, code, field) in cases {
        let problem = ask(service, &method, &path, &body).await.problem(status);
        assert_eq!(problem["code"], code, "{method} {path} {body}: {problem}");
        assert_eq!(problem["field"].as_str(), field, "{method} {path} {body}: {problem}");
        assert!(problem["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{problem}");
    }
}

fn posts<const N: usize>(path: &str, cases: [(Value, u16, &'static str, &'static str); N]) -> Vec<Case> {
    let case = |(body, status, code, field): (Value, u16, &'static str, &'static str)| {
        (Method::POST, path.to_owned(), body, status, code, Some(field).filter(|field| !field.is_empty()))
    };
    cases.into_iter().map(case).collect()
}

fn of_routes() -> Vec<Case> {
    let channel = |scid: &str| json!({"short_channel_id": scid, "balance_msat": 1});
    let arc = json!({"short_channel_id": "9x9x9", "tail": node(1), "head": node(1)});
    let long = json!({"amount_msat": 60_000_000, "limits": {"hop_count_max": 2}});
    let short = json!({"amount_msat": 60_000_000, "limits": {"fee_max_msat": 1}});
    let dear = json!({"amount_msat": 60_000_000, "limits": {"fee_max_millionths": 0}});
    posts(
        "/api/v1/routes",
        [
            (json!({"src": node(1), "dst": node(4)}), 400, "bad_json", "amount_msat"),
            (but(&json!({"speed": 1})), 400, "bad_json", "speed"),
            (but(&json!({"cost": {"model": "dear"}})), 400, "bad_json", "cost.model"),
            (but(&json!({"src": "02ab"})), 400, "bad_json", "src"),
            (but(&json!({"limits": {"cltv": 1}})), 400, "bad_json", "limits.cltv"),
            (but(&json!({"avoid": {"channels": ["1x1x0", "x"]}})), 400, "bad_json", "avoid.channels[1]"),
            (json!([]), 400, "bad_json", ""),
            (but(&json!({"src": node(9)})), 404, "unknown_node", "src"),
            (but(&json!({"dst": node(9)})), 404, "unknown_node", "dst"),
            (but(&json!({"last_hop": node(9)})), 404, "unknown_node", "last_hop"),
            (
                but(&json!({"first_channels": [channel("1x1x0"), channel("9x9x9")]})),
                404,
                "unknown_channel",
                "first_channels[1].short_channel_id",
            ),
            (
                but(&json!({"first_channels": [channel("2x1x0")]})),
                422,
                "bad_query",
                "first_channels[0].short_channel_id",
            ),
            (but(&json!({"first_channels": []})), 404, "payer_cannot_send", "first_channels"),
            (but(&json!({"extra_arcs": [arc]})), 422, "bad_query", "extra_arcs"),
            (but(&json!({"amount_msat": 0})), 422, "bad_query", "amount_msat"),
            (but(&json!({"amount_msat": u64::MAX})), 422, "bad_query", "amount_msat"),
            (but(&json!({"amount_msat": 990_000_000_000_u64})), 404, "payer_cannot_send", "amount_msat"),
            (but(&json!({"headroom_millionths": 1_000_001})), 422, "bad_field", "headroom_millionths"),
            (but(&json!({"cost": {"model": "fee", "hop_base_msat": 1}})), 422, "bad_field", "cost"),
            (but(&json!({"layers": ["none"]})), 404, "unknown_layer", "layers[0]"),
            (but(&json!({"layers": ["there", "none"]})), 404, "unknown_layer", "layers[1]"),
            (but(&json!({"layers": ["there", "there"]})), 422, "bad_layer", "layers"),
            (but(&json!({"alternatives": 101})), 422, "bad_field", "alternatives"),
            (but(&json!({"diverse": true})), 422, "bad_field", "diverse"),
            (but(&short), 404, "fee_limit", "limits.fee_max_msat"),
            (but(&dear), 404, "fee_limit", "limits.fee_max_millionths"),
            (but(&long), 404, "route_limits", "limits.hop_count_max"),
            (but(&json!({"amount_msat": 1})), 404, "htlc_minimum", "amount_msat"),
        ],
    )
}

fn of_plans_and_reach() -> Vec<Case> {
    let plan = |changes: Value| json!({"query": but(&changes)});
    let with = |name: &str, value: Value| {
        let mut plan = json!({"query": query()});
        plan[name] = value;
        plan
    };
    let mut cases = posts(
        "/api/v1/plans",
        [
            (json!({}), 400, "bad_json", "query"),
            (plan(json!({"src": "x"})), 400, "bad_json", "query.src"),
            (plan(json!({"dst": node(9)})), 404, "unknown_node", "query.dst"),
            (plan(json!({"dst": node(1)})), 422, "bad_query", "query.dst"),
            (plan(json!({"layers": ["none"]})), 404, "unknown_layer", "query.layers[0]"),
            (plan(json!({"alternatives": 1})), 422, "bad_field", "query.alternatives"),
            (plan(json!({"diverse": true})), 422, "bad_field", "query.diverse"),
            (plan(json!({"amount_msat": 990_000_000_000_u64})), 404, "cut", "query.amount_msat"),
            (with("frontier", json!(1)), 422, "bad_field", "frontier"),
            (with("part_count_max", json!(0)), 422, "bad_field", "part_count_max"),
        ],
    );
    let reach = |changes: Value| {
        let mut reach = json!({"node": node(1), "amount_msat": 1000});
        reach.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        reach
    };
    cases.extend(posts(
        "/api/v1/reach",
        [
            (reach(json!({"node": node(9)})), 404, "unknown_node", "node"),
            (reach(json!({"node": node(9), "towards": "node"})), 404, "unknown_node", "node"),
            (reach(json!({"amount_msat": 0})), 422, "bad_query", "amount_msat"),
            (reach(json!({"towards": "up"})), 400, "bad_json", "towards"),
            (reach(json!({"layers": ["none"]})), 404, "unknown_layer", "layers[0]"),
        ],
    ));
    cases
}

fn of_changes() -> Vec<Case> {
    let hop = |channel: &str, amount: u64| json!({"channel": channel, "amount_msat": amount});
    let bias = |bias: i32| json!({"edit": "bias_channel", "channel": "4x1x0/0", "bias": bias});
    let edit = |edit: Value| json!([bias(1), edit]);
    let created = json!({
        "edit": "create_channel", "short_channel_id": "8x8x8", "node_1": node(1), "node_2": node(1), "capacity_msat": 1000,
    });
    let mut described = bias(1);
    described["description"] = json!("x".repeat(5000));
    let mut cases = posts(
        "/api/v1/layers/there/edits",
        [
            (edit(bias(101)), 422, "bad_layer", "[1].bias"),
            (edit(created), 422, "bad_layer", "[1].node_2"),
            (edit(described), 422, "bad_layer", "[1].description"),
            (edit(json!({"edit": "age"})), 400, "bad_json", "[1].cutoff"),
        ],
    );
    cases.extend(posts("/api/v1/layers/none/edits", [(json!([bias(1)]), 404, "unknown_layer", "name")]));
    cases.extend(posts(
        "/api/v1/reservations",
        [
            (json!({"path": []}), 422, "bad_reservation", "path"),
            (json!({"path": vec![hop("1x1x0/0", 1); 28]}), 422, "bad_reservation", "path"),
            (
                json!({"path": [hop("1x1x0/0", 1), hop("2x1x0/0", u64::MAX), hop("2x1x0/0", 1)]}),
                422,
                "bad_reservation",
                "path[1]",
            ),
            (json!({"path": [hop("1x1x0", 1)]}), 400, "bad_json", "path[0].channel"),
        ],
    ));
    let attempt = |changes: Value| {
        let mut attempt = json!({"path": [hop("1x1x0/0", 1)], "outcome": "settled"});
        attempt.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        attempt
    };
    cases.extend(posts(
        "/api/v1/feedback",
        [
            (attempt(json!({"path": []})), 422, "bad_field", "path"),
            (attempt(json!({"outcome": "failed", "erring_node": 0})), 422, "bad_field", "failure_code"),
            (attempt(json!({"outcome": "failed", "failure_code": 1})), 422, "bad_field", "erring_node"),
            (
                attempt(json!({"outcome": "failed", "failure_code": 1, "erring_node": 9})),
                422,
                "bad_field",
                "erring_node",
            ),
            (attempt(json!({"erring_node": 0})), 422, "bad_field", "erring_node"),
            (attempt(json!({"failure_code": 1})), 422, "bad_field", "failure_code"),
            (attempt(json!({"outcome": "lost"})), 400, "bad_json", "outcome"),
        ],
    ));
    cases
}

/// What serde would read by the places of fields, or as a choice that carries something.
fn of_arrays() -> Vec<Case> {
    let (htlc, ends) = (json!(["1x1x0/0", 7]), json!([node(1), node(4), 1_000_000]));
    let arc = json!(["9x9x9", node(1), node(4), 0, 0, 0, 0, null]);
    let mut cases = posts(
        "/api/v1/routes",
        [
            (ends.clone(), 400, "bad_json", ""),
            (but(&json!({"limits": [5]})), 400, "bad_json", "limits"),
            (but(&json!({"avoid": [[node(2)], []]})), 400, "bad_json", "avoid"),
            (but(&json!({"cost": ["fee", null, null, null, null, null]})), 400, "bad_json", "cost"),
            (but(&json!({"cost": {"model": {"fee": null}}})), 400, "bad_json", "cost.model"),
            (but(&json!({"first_channels": [["1x1x0", 1]]})), 400, "bad_json", "first_channels[0]"),
            (but(&json!({"extra_arcs": [arc]})), 400, "bad_json", "extra_arcs[0]"),
        ],
    );
    for path in ["/api/v1/plans", "/api/v1/plans/maximum"] {
        cases.extend(posts(
            path,
            [
                (json!([query()]), 400, "bad_json", ""),
                (json!({"query": ends}), 400, "bad_json", "query"),
                (json!({"query": but(&json!({"limits": []}))}), 400, "bad_json", "query.limits"),
            ],
        ));
    }
    cases.extend(posts("/api/v1/reach", [(json!([node(1), 1000]), 400, "bad_json", "")]));
    cases.extend(posts(
        "/api/v1/reservations",
        [
            (json!([[htlc]]), 400, "bad_json", ""),
            (json!([[{"channel": "1x1x0/0", "amount_msat": 7}]]), 400, "bad_json", ""),
            (json!({"path": [htlc]}), 400, "bad_json", "path[0]"),
        ],
    ));
    cases.extend(posts(
        "/api/v1/feedback",
        [
            (json!([[htlc], "settled"]), 400, "bad_json", ""),
            (json!({"path": [htlc], "outcome": "settled"}), 400, "bad_json", "path[0]"),
        ],
    ));
    cases.extend(posts(
        "/api/v1/layers/there/edits",
        [
            (json!([["disable_node", node(1)]]), 400, "bad_json", "[0]"),
            (json!([["disable_node", {"node_id": node(1)}]]), 400, "bad_json", "[0]"),
        ],
    ));
    cases
}

fn of_paths() -> Vec<Case> {
    let of = |method: Method, path: &str, status, code, field| {
        (method, path.to_owned(), Value::Null, status, code, field)
    };
    let get = |path: &str, status, code, field| of(Method::GET, path, status, code, field);
    let unknown = format!("/api/v1/graph/nodes/{}", node(9));
    let channels = format!("/api/v1/graph/nodes/{}?channels=x", node(1));
    let long = format!("/api/v1/layers/{}", "x".repeat(200));
    vec![
        get("/nowhere", 404, "not_found", None),
        get("/api/v1/routes", 405, "method_not_allowed", None),
        get("/api/v1/graph/nodes/02", 400, "bad_path", Some("node_id")),
        get(&unknown, 404, "not_found", Some("node_id")),
        get(&channels, 422, "bad_field", Some("channels")),
        get("/api/v1/graph/channels/9x9", 400, "bad_path", Some("short_channel_id")),
        get("/api/v1/graph/channels/9x9x9", 404, "not_found", Some("short_channel_id")),
        get("/api/v1/graph/channels/%ff", 400, "bad_path", Some("short_channel_id")),
        get("/api/v1/graph/nodes/%ff", 400, "bad_path", Some("node_id")),
        get("/api/v1/layers/%ff", 400, "bad_path", Some("name")),
        get("/api/v1/graph/suggestions?foo=1", 400, "unknown_parameter", Some("foo")),
        get("/api/v1/graph/suggestions?prefix=02&Prefix=03", 400, "unknown_parameter", Some("Prefix")),
        get("/api/v1/graph/channels/1x1x0?channels=1", 400, "unknown_parameter", Some("channels")),
        get("/api/v1/graph?foo", 400, "unknown_parameter", Some("foo")),
        get("/api/v1/events?since=7", 400, "unknown_parameter", Some("since")),
        of(Method::PUT, "/api/v1/layers/b?persistent=false", 400, "unknown_parameter", Some("persistent")),
        get("/api/v1/graph/suggestions?prefix=x", 422, "bad_field", Some("prefix")),
        get("/api/v1/graph/example?seed=x", 422, "bad_field", Some("seed")),
        get("/api/v1/layers/none", 404, "unknown_layer", Some("name")),
        of(Method::DELETE, "/api/v1/layers/none", 404, "unknown_layer", Some("name")),
        of(Method::PUT, "/api/v1/layers/there", 409, "layer_exists", Some("name")),
        of(Method::PUT, &long, 422, "bad_layer", Some("name")),
        of(Method::DELETE, "/api/v1/reservations/x", 400, "bad_path", Some("id")),
        of(Method::DELETE, "/api/v1/reservations/77", 404, "unknown_reservation", Some("id")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_names_its_field_and_says_what_to_do() {
    let service = Service::line().await;
    assert_eq!(ask(&service, &Method::PUT, "/api/v1/layers/there", &Value::Null).await.status, 201);
    for cases in [of_routes(), of_plans_and_reach(), of_changes(), of_arrays(), of_paths()] {
        check(&service, cases).await;
    }
    assert_eq!(service.get("/api/v1/reservations").await.json()["htlcs"], json!([]));
    for path in ["/healthz?now=1", "/api/v1/graph?", "/api/v1/graph/suggestions?prefix=02"] {
        assert_eq!(service.get(path).await.status, 200, "{path}");
    }
    let mut foreign = service.client.get(service.url("/healthz")).build().unwrap();
    foreign.headers_mut().insert("host", HeaderValue::from_static("evil.example"));
    let problem = Answer::of(service.client.execute(foreign).await.unwrap()).await.problem(421);
    assert!(problem["field"] == "host" && problem["hint"].is_string(), "{problem}");
    // A batch tells the same, line by line.
    let by_place = but(&json!({"limits": [5]}));
    let lines =
        [query(), but(&json!({"alternatives": 1})), but(&json!({"src": node(9)})), json!({}), by_place];
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    let answer = service.post_text("/api/v1/batch", lines.join("\n")).await.text;
    let fields: Vec<Value> = answer.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(fields[0]["hops"], 1);
    for (told, field) in fields[1..].iter().zip(["alternatives", "src", "src", "limits"]) {
        assert_eq!(told["problem"]["field"], field, "{told}");
        assert!(told["problem"]["hint"].is_string(), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_in_a_body_is_said_in_words_of_json() {
    let service = Service::line().await;
    let text = query().to_string();
    let with = |field: &str| format!("{},{field}}}", &text[..text.len() - 1]);
    for (body, field, detail) in [
        (with("\"dst\":\"\""), "dst", "duplicate field `dst`"),
        (with("\"limits\":{\"cltv_max\":1,\"cltv_max\":1}"), "limits.cltv_max", "duplicate field `cltv_max`"),
        (
            with("\"alternatives\":70000"),
            "alternatives",
            "expected a whole number from 0 to 65535, found 70000",
        ),
        (
            with("\"tolerance_msat\":18446744073709551616"),
            "tolerance_msat",
            "expected a whole number from 0 to 18446744073709551615, found a number with a point, an exponent or too",
        ),
        (with("\"limits\":[5]"), "limits", "expected an object, found an array"),
        (with("\"layers\":\"a\""), "layers", "expected an array, found the text \"a\""),
        (with("\"diverse\":1"), "diverse", "expected true or false, found 1"),
    ] {
        let problem = service.post_text("/api/v1/routes", body).await.problem(400);
        assert_eq!((&problem["code"], &problem["field"]), (&json!("bad_json"), &json!(field)), "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|told| told.starts_with(detail)), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_json_alone_is_taken_flatbuffers_are_told_where_to_go() {
    let service = Service::line().await;
    for path in ["batch", "plans/maximum", "reach", "reservations", "feedback", "layers/a/edits"] {
        let request = service.client.post(service.url(&format!("/api/v1/{path}")));
        let sent = request.header("content-type", format!("{FLATBUFFERS}; v=1")).body("FGRQ").send().await;
        let problem = Answer::of(sent.unwrap()).await.problem(415);
        assert_eq!(problem["code"], "unsupported_media_type", "{path}");
        assert!(
            problem["hint"].as_str().is_some_and(|hint| hint.contains("/api/v1/plans take")),
            "{problem}"
        );
    }
    let request = service.client.post(service.url("/api/v1/routes")).header("content-type", "text/plain");
    assert_eq!(
        request.body(query().to_string()).send().await.unwrap().status(),
        200,
        "JSON by any other name"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lacks_a_key_a_scope_a_budget_or_room_is_told_what_to_do() {
    let rate = Some(Rate { per_second: 1e-6, burst: 1.0 });
    let key = |name: &str, scopes: Vec<Scope>, requests| KeySettings {
        name: name.to_owned(),
        hash: KeyHash::of(name.as_bytes()),
        tenant: name.to_owned(),
        scopes,
        requests,
        work: None,
    };
    let keys = vec![
        key("reader", vec![Scope::Read], None),
        key("poor", vec![Scope::Read], rate),
        key("writer", vec![Scope::Read, Scope::Write], None),
    ];
    let limits = Limits { layer_entry_count_max: 0, body_size_max: 300, ..Limits::default() };
    let service = Service::of(line_graph(), Settings { keys, limits, ..Settings::default() }).await;
    let ask = async |key: &str, method: Method, path: &str, body: String| {
        let request = service.client.request(method, service.url(path)).bearer_auth(key).body(body);
        Answer::of(request.send().await.unwrap()).await
    };
    let layer = "/api/v1/layers/a";
    assert_eq!(ask("writer", Method::PUT, layer, String::new()).await.status, 201);
    assert_eq!(ask("poor", Method::GET, "/api/v1/graph", String::new()).await.status, 200);
    let edits = json!([{"edit": "disable_node", "node_id": node(1)}]).to_string();
    for (key, method, path, body, status, code, field) in [
        ("nobody", Method::GET, "/api/v1/graph", String::new(), 401, "unauthorized", None),
        ("reader", Method::PUT, layer, String::new(), 403, "forbidden", None),
        ("poor", Method::GET, "/api/v1/graph", String::new(), 429, "budget", None),
        ("reader", Method::POST, "/api/v1/routes", " ".repeat(301), 413, "body_too_large", None),
        ("writer", Method::POST, "/api/v1/layers/a/edits", edits, 422, "too_many_entries", Some("[0]")),
    ] {
        let problem = ask(key, method, path, body).await.problem(status);
        assert_eq!((problem["code"].as_str(), problem["field"].as_str()), (Some(code), field), "{problem}");
        let (detail, hint) = (problem["detail"].to_string(), problem["hint"].to_string());
        let is_measured = detail.contains("limit of 300 bytes") && hint.contains("limits.body_size_max");
        assert_eq!(is_measured, status == 413, "{problem}");
        assert!(problem["hint"].is_string(), "{problem}");
    }
}

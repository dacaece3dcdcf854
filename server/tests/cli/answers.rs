//! Routes, as text and as JSON, one and many.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::json;

use crate::data;
use crate::run::{Place, Ran, node, path_text};

#[test]
fn a_route_is_priced_to_the_last_msat() {
    let place = Place::new();
    let ends = [&node(1), &node(4), "100000000"].map(String::from);
    let run = |more: &[&str]| {
        place.run(&[&["route", "--graph", "graph.csv", &ends[0], &ends[1], &ends[2]], more].concat())
    };
    let ran = run(&["--json", "--cost", "fee"]);
    // Node 3 forwards 100,000,000 for 3,000 + 10,000; node 2 forwards 100,013,000 for 2,000 + 10,001.
    let hop = |scid: &str, to: u8, amount: u64, fee: u64, cltv: u32| {
        json!({"short_channel_id": scid, "direction": 0, "node_id": node(to), "amount_msat": amount,
               "fee_msat": fee, "cltv": cltv})
    };
    let route = [
        hop("1x1x0", 2, 100_025_001, 12_001, 98),
        hop("2x1x0", 3, 100_013_000, 13_000, 58),
        hop("3x1x0", 4, 100_000_000, 0, 18),
    ];
    let mut answer = ran.json();
    assert_eq!((ran.code, &answer["route"]), (0, &json!(route)));
    // What the search did may change with the search; that it is told may not.
    for counted in ["settled", "relaxed"] {
        assert!(answer[counted].take().is_u64(), "{counted}");
    }
    assert!(answer["method"].take().is_string() && answer["probability"].take().is_f64());
    let expected = json!({"src": node(1), "dst": node(4), "amount_msat": 100_000_000, "fee_msat": 25_001, "hops": 3,
        "cltv": 98, "probability": null, "optimal": true, "cost_msat": 25_001, "gap_msat": 0, "method": null,
        "settled": null, "relaxed": null, "graph_version": 0, "route": route});
    assert_eq!(answer, expected);
    let table = run(&["--cost", "fee"]);
    assert_eq!(table.code, 0);
    assert!(table.out.contains("fee 25.001 sat (250 ppm)"), "{}", table.out);
    assert!(table.out.contains("1x1x0/0") && table.out.contains("100,025.001"), "{}", table.out);
}

#[test]
fn flags_reach_the_query() {
    let place = Place::new();
    let route = |amount: &str, more: &[&str]| {
        let (payer, payee) = (node(1), node(4));
        let fixed = ["route", "--graph", "graph.csv", "--json", "--cost", "fee", &payer, &payee, amount];
        place.run(&[&fixed, more].concat()).json()
    };
    let code = |amount, more: &[&str]| route(amount, more)["error"]["code"].clone();
    assert_eq!(route("10sat", &[])["hops"], 1);
    assert_eq!(route("10sat", &["--avoid-channel", "4x1x0"])["hops"], 3);
    assert_eq!(route("10sat", &["--avoid-channel", "4x1x0/1"])["hops"], 1);
    assert_eq!(route("10sat", &["--avoid-channel", "4x1x0/0"])["hops"], 3);
    assert_eq!(route("10sat", &["--last-hop", &node(3)])["hops"], 3);
    assert_eq!(route("10sat", &["--first-channel", "1x1x0=50sat"])["hops"], 3);
    assert_eq!(code("10sat", &["--first-channel", "1x1x0=5sat"]), "payer_cannot_send");
    assert_eq!(code("100000sat", &["--avoid-node", &node(2)]), "no_route");
    assert_eq!(code("100000sat", &["--max-fee-msat", "25000"]), "fee_limit");
    assert_eq!(code("100000sat", &["--max-fee-ppm", "250"]), "fee_limit");
    assert_eq!(code("100000sat", &["--max-cltv", "97"]), "route_limits");
    assert_eq!(code("100000sat", &["--max-hops", "2"]), "route_limits");
    assert_eq!(code("2000000sat", &[]), "payer_cannot_send");
    assert_eq!(code("1", &[]), "htlc_minimum");
    assert_eq!(route("1", &["--allow-overpay"])["fee_msat"], 999);
    assert_eq!(route("10sat", &["--final-cltv-delta", "40"])["cltv"], 40);
    // Of the onion's 1,300 bytes, two hops and the payee take some 200.
    assert_eq!(route("100000sat", &["--final-payload-extra", "1000"])["hops"], 3);
    assert_eq!(code("100000sat", &["--final-payload-extra", "1200"]), "route_limits");
    assert_eq!(route("100000sat", &[])["gap_msat"], 0);
    assert_eq!(route("100000sat", &["--tolerance-msat", "7"])["gap_msat"], 7);
    let arc = format!("{},{},9x9x9,0,0,10", node(2), node(4));
    assert_eq!(route("100000sat", &["--extra-arc", &arc])["hops"], 2);
    assert_eq!(code("10sat", &["--headroom-ppm", "1000000"]), "payer_cannot_send");
}

#[test]
fn weights_reach_the_cost() {
    let place = Place::new();
    let cost = |more: &[&str]| {
        let (payer, payee) = (node(1), node(4));
        let fixed = ["route", "--graph", "graph.csv", "--json", &payer, &payee, "10sat"];
        place.run(&[&fixed, more].concat()).json()["cost_msat"].clone()
    };
    assert_eq!(cost(&["--cost", "risk"]), 502);
    assert_eq!(cost(&["--cost", "risk", "--hop-base-msat", "7", "--hop-ppm", "0"]), 7);
    let none = ["--hop-base-msat", "0", "--hop-ppm", "0", "--attempt-base-msat", "0", "--attempt-ppm", "0"];
    assert_eq!(cost(&none), 0);
}

#[test]
fn a_batch_keeps_its_order_on_any_number_of_threads() {
    let place = Place::new();
    let made = place.run(&[
        "generate",
        "--channels",
        "2000",
        "-o",
        "g.csv",
        "--queries",
        "3000",
        "--queries-out",
        "q.csv",
    ]);
    assert_eq!(made.code, 0, "{}", made.err);
    let alone = place.run(&["route", "--graph", "g.csv", &node(1), &node(2), "1000", "--threads", "2"]);
    assert!(alone.code == 2 && alone.err.contains("--queries"), "{}", alone.err);
    let batch = ["route", "--graph", "g.csv", "--queries", "q.csv", "--ignore-inbound-fees", "--threads"];
    let answers = ["1", "2", "5"].map(|threads| place.run(&[&batch[..], &[threads]].concat()));
    assert!(answers.iter().all(|ran| ran.code == 0 && ran.out == answers[0].out));
    let lines = answers[0].lines();
    let queries = place.read("q.csv");
    assert_eq!(lines.len(), 3000);
    for (line, query) in lines.iter().zip(queries.lines().skip(1)) {
        let fields = [&line["src"], &line["dst"]].map(|field| field.as_str().expect("text"));
        assert_eq!(format!("{},{},{}", fields[0], fields[1], line["amount_msat"]), query);
    }
    assert!(lines.iter().any(|line| line["hops"].is_u64()));
}

#[test]
fn a_row_is_answered_before_the_next_is_written() {
    let place = Place::new();
    let mut command = place.command(&["route", "--graph", "graph.csv", "--queries", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    writeln!(stdin, "src,dst,amount_msat").expect("the command reads");
    for amount in [10_000, 20_000] {
        writeln!(stdin, "{},{},{amount}", node(1), node(4)).expect("the command reads");
        stdin.flush().expect("the command reads");
        let mut line = String::new();
        stdout.read_line(&mut line).expect("the command answers");
        assert!(line.contains(&format!("\"amount_msat\":{amount},")), "{line}");
    }
    drop(stdin);
    assert!(child.wait().expect("the command ends").success());
}

#[test]
fn recorded_queries_get_the_exact_minimum_fee() {
    let [Some(graph), Some(queries), Some(expected)] =
        ["channels.csv.zst", "queries.csv", "queries.min-fee.csv"]
            .map(|name| data::shared(&format!("data/mainnet-2025-10-26/{name}")))
    else {
        return;
    };
    let place = Place::new();
    let ran = place.run(&[
        "route",
        "--graph",
        path_text(&graph),
        "--queries",
        path_text(&queries),
        "--cost",
        "fee",
        "--ignore-inbound-fees",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let expected = std::fs::read_to_string(expected).expect("a readable file");
    let answers = ran.lines();
    assert_eq!(answers.len(), expected.lines().count() - 1);
    for (answer, row) in answers.iter().zip(expected.lines().skip(1)) {
        let fields: Vec<&str> = row.split(',').collect();
        assert_eq!(answer["src"], fields[0]);
        assert_eq!(answer["fee_msat"].to_string(), fields[3], "{answer}");
        assert_eq!(answer["optimal"], true);
    }
}

#[test]
fn a_circular_route_comes_back() {
    let place = Place::new();
    let (one, two) = (node(1), node(2));
    let fixed = ["route", "--graph", "graph.csv", "--json", "--cost", "fee", &one, &one, "10sat"];
    let answer =
        place.run(&[&fixed[..], &["--first-channel", "4x1x0=50sat", "--last-hop", &two]].concat()).json();
    let route = answer["route"].as_array().expect("a route");
    assert_eq!((route.len(), &route[3]["node_id"]), (4, &one.into()), "{answer}");
}

#[test]
fn alternatives_follow_the_best_route_in_order() {
    let place = Place::new();
    let ends = [node(1), node(4)];
    let fixed = ["route", "--graph", "graph.csv", "--cost", "fee", &ends[0], &ends[1], "10sat"];
    let run = |more: &[&str]| place.run(&[&fixed, more].concat());
    let answer = run(&["--json", "--alternatives", "3"]).json();
    let further = answer["alternatives"].as_array().expect("a list");
    assert_eq!((&answer["hops"], further.len()), (&json!(1), 1), "the graph has two routes");
    assert_eq!((&further[0]["hops"], &further[0]["fee_msat"]), (&json!(3), &json!(5002)));
    assert!(further[0]["cost_msat"].as_u64() >= answer["cost_msat"].as_u64());
    assert!(further[0].get("alternatives").is_none());
    assert_eq!(run(&["--json", "--alternatives", "1", "--diverse"]).json()["alternatives"][0]["hops"], 3);
    assert!(run(&["--json"]).json().get("alternatives").is_none());
    let table = run(&["--alternatives", "2"]).out;
    assert!(table.contains("\nalternative 1\n") && table.contains("no further route was found"), "{table}");
    assert!(table.contains("4x1x0/0") && table.contains("2x1x0/0"), "{table}");
    assert!(!run(&["--alternatives", "1"]).out.contains("no further"));
}

#[test]
fn alternatives_come_with_every_row() {
    let place = Place::new();
    let rows = format!("src,dst,amount_msat\n{0},{1},10000\n{0},{1},100000000\n", node(1), node(4));
    let args = ["route", "--graph", "graph.csv", "--alternatives", "1", "--queries", "-"];
    let lines = place.run_with_input(&args, &rows).lines();
    let counts = lines.iter().map(|line| line["alternatives"].as_array().map(Vec::len));
    assert_eq!(counts.collect::<Vec<_>>(), [Some(1), Some(0)]);
}

/// Asks what node 1 reaches, by the least fee.
fn reach(place: &Place, amount: &str, more: &[&str]) -> Ran {
    let one = node(1);
    let fixed = ["reach", "--graph", "graph.csv", "--cost", "fee", &one, amount];
    place.run(&[&fixed, more].concat())
}

#[test]
fn reach_tells_what_each_route_costs() {
    let place = Place::new();
    let report = reach(&place, "100000000", &["--json"]).json();
    // As `a_route_is_priced_to_the_last_msat` has it: what node 3 takes, node 2 forwards for 1 msat more than its bound.
    let expected = [(2, 0, 1, 18), (3, 12_000, 2, 58), (4, 25_001, 3, 98)];
    for (entry, (n, fee, hops, cltv)) in report["reached"].as_array().expect("a list").iter().zip(expected) {
        assert_eq!((&entry["node_id"], &entry["hops"]), (&json!(node(n)), &json!(hops)), "{report}");
        assert_eq!((&entry["cost_msat"], &entry["fee_msat"]), (&json!(fee), &json!(fee)));
        assert_eq!((&entry["cltv"], &entry["gap_msat"]), (&json!(cltv), &json!(0)));
        let route = place.run(&["route", "--graph", "graph.csv", "--json", &node(1), &node(n), "100000000"]);
        assert_eq!(entry["probability"], route.json()["probability"]);
    }
    assert_eq!((&report["src"], &report["nodes"]), (&json!(node(1)), &json!(4)));
    assert_eq!((report["reached"].as_array().map(Vec::len), &report["given_up"]), (Some(3), &json!([])));
    let text = reach(&place, "100000000", &[]);
    assert!(
        text.code == 0 && text.out.starts_with("3 of 3 other nodes can be paid 100,000.000 sat"),
        "{}",
        text.out
    );
    assert!(!text.out.contains("least") && !text.out.contains(&node(4)), "{}", text.out);
    let list = reach(&place, "100000000", &["--list"]).out;
    let row = list.lines().find(|line| line.starts_with(&node(4))).expect("a row for each node");
    assert!(row.contains(" 25.001 ") && row.contains(" 98 "), "{list}");
    let around = reach(&place, "100000000", &["--avoid-node", &node(2)]);
    assert!(around.code == 0 && around.out.starts_with("0 of 3 other nodes"), "{}{}", around.out, around.err);
}

#[test]
fn reach_says_that_bounds_are_bounds() {
    let place = Place::new();
    let report = reach(&place, "100000000", &["--bounds", "--json"]).json();
    let reached = report["reached"].as_array().expect("a list");
    let told = reached.iter().map(|entry| (&entry["node_id"], &entry["least_cost_msat"], &entry["hops"]));
    // The payer's own channel is free; node 2 forwards for 12,000 and node 3 for 13,000 at least.
    let expected = [(2, 0, 1), (3, 12_000, 2), (4, 25_000, 3)];
    let expected = expected.map(|(n, cost, hops)| (json!(node(n)), json!(cost), json!(hops)));
    assert!(told.eq(expected.iter().map(|(id, cost, hops)| (id, cost, hops))), "{report}");
    assert!(report.get("given_up").is_none(), "{report}");
    let text = reach(&place, "100000000", &["--bounds"]).out;
    assert!(
        text.starts_with("at most 3 of 3")
            && text.contains("lower bounds")
            && text.contains("least cost sat")
    );
    assert!(reach(&place, "100000000", &["--bounds", "--list"]).out.contains(&node(4)));
    // With what node 2 takes, it no longer fits the payer's channel, which a bound does not see.
    let most = "899990000";
    assert!(reach(&place, most, &["--bounds"]).out.starts_with("at most 3 of 3"));
    assert!(reach(&place, most, &[]).out.starts_with("1 of 3"));
}

#[test]
fn reach_heeds_every_limit_or_refuses_it() {
    let place = Place::new();
    let (two, three) = (node(2), node(3));
    // What is left of the three nodes, and the code.
    for (flags, count, code) in [
        (["--max-hops", "2"], 2, 0),
        (["--max-cltv", "57"], 1, 0),
        (["--final-cltv-delta", "2017"], 0, 0),
        (["--max-fee-msat", "12000"], 2, 0),
        (["--max-fee-ppm", "100"], 1, 0),
        (["--final-payload-extra", "1200"], 1, 0),
        (["--last-hop", &three], 1, 0),
        (["--tolerance-msat", "9"], 3, 0),
        (["--max-work", "1"], 1, 4),
    ] {
        let ran = reach(&place, "100000000", &flags);
        assert!(ran.out.starts_with(&format!("{count} of 3")), "{flags:?}: {}{}", ran.out, ran.err);
        assert_eq!(ran.code, code, "{flags:?}");
        let refused = reach(&place, "100000000", &[&flags[..], &["--bounds"]].concat());
        let is_named = refused.err.contains(&format!("--bounds does not look at {}", flags[0]));
        assert!(refused.code == 2 && is_named, "{}", refused.err);
    }
    assert!(reach(&place, "1", &["--allow-overpay"]).out.starts_with("3 of 3"));
    assert!(reach(&place, "1", &[]).out.starts_with("0 of 3"));
    let unknown = reach(&place, "1000", &["--last-hop", &node(0x77)]);
    assert!(unknown.code == 2 && unknown.err.starts_with("error: node "), "{}", unknown.err);
    let given_up = reach(&place, "100000000", &["--max-work", "1", "--json"]).json()["given_up"].clone();
    assert!(
        given_up.as_array().is_some_and(|nodes| !nodes.is_empty() && !nodes.contains(&json!(two))),
        "{given_up}"
    );
}

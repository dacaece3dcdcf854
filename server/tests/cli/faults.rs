//! What users get wrong: each ends with a code of its own and a word on what to do.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::run::{Place, node};

fn assert_fails(place: &Place, args: &[&str], code: i32, message: &str) {
    let ran = place.run(args);
    assert_eq!(ran.code, code, "{args:?}: {}{}", ran.out, ran.err);
    assert!(ran.err.contains(message), "{args:?}: {}", ran.err);
}

#[test]
fn wrong_arguments_are_told() {
    let place = Place::new();
    let (one, four) = (node(1), node(4));
    let route = |more: &[&'static str]| {
        let fixed = ["route".to_owned(), "--graph".into(), "graph.csv".into(), one.clone(), four.clone()];
        fixed.into_iter().chain(more.iter().map(|&it| it.to_owned())).collect::<Vec<String>>()
    };
    for (more, message) in [
        (&["1.5"][..], "whole number"),
        (&["0"], "the amount is zero"),
        (&["10", "--cost", "cheap"], "possible values"),
        (&["10", "--cost", "fee", "--hop-ppm", "1"], "weigh nothing with --cost fee"),
        (&["10", "--cost", "risk", "--attempt-ppm", "1"], "weigh nothing without --cost probability"),
        (&["10", "--avoid-channel", "1x2"], "BLOCKxTRANSACTIONxOUTPUT"),
        (&["10", "--first-channel", "1x1x0"], "SCID=BALANCE_MSAT"),
        (&["10", "--first-channel", "7x1x0=5"], "channel 7x1x0 is not in the graph"),
        (&["10", "--extra-arc", "a,b"], "6 or 8 fields"),
        (&["10", "--queries", "q.csv"], "cannot be used with"),
        (&["10", "--diverse"], "--alternatives <K>"),
        (&["10", "--alternatives", "0"], "0 is not in 1..=1000"),
        (&[], "AMOUNT_MSAT"),
    ] {
        let args = route(more);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        assert_fails(&place, &args, 2, message);
        assert!(place.run(&args).err.starts_with("error: "), "{args:?}");
    }
    assert_fails(&place, &["frobnicate"], 2, "unrecognized subcommand");
}

#[test]
fn unknown_nodes_come_with_a_suggestion() {
    let place = Place::new();
    let (one, four) = (node(1), node(4));
    let slip = one.replacen("0101", "0191", 1);
    let fails = |payer: &str, message: &str| {
        assert_fails(&place, &["route", "--graph", "graph.csv", payer, &four, "10sat"], 2, message);
    };
    fails(&slip, &format!("did you mean {one}?"));
    fails(&node(0x77), "no node of the graph has an id like it");
    fails("020101", &format!("nodes that begin so: {one}"));
    fails("alice", "66 hexadecimal digits");
}

#[test]
fn no_route_is_told_with_its_reason() {
    let place = Place::new();
    let args = ["route", "--graph", "graph.csv", &node(1), &node(4), "2000000sat"].map(String::from);
    let args = args.each_ref().map(String::as_str);
    assert_fails(&place, &args, 1, "its largest takes 900000000 msat");
    let limited = [&args[..5], &["100000sat", "--max-work", "1"]].concat();
    assert_fails(&place, &limited, 4, "allow more work");
    for answer in [&args[..], &limited[..]] {
        assert!(!place.run(answer).err.contains("error:"), "no route is an answer");
    }
}

#[test]
fn what_a_single_path_could_carry_is_told() {
    let place = Place::new();
    let (one, two, four) = (node(1), node(2), node(4));
    let around = ["route", "--graph", "graph.csv", "--avoid-node", &two, &one, &four, "100000sat"];
    assert_fails(&place, &around, 1, "the widest path takes 50000000 msat");
    let answer = place.run(&[&around[..], &["--json"]].concat()).json();
    assert_eq!(answer["error"]["widest_msat"], 50_000_000);
    let apart = [&around[..], &["--avoid-channel", "4x1x0"]].concat();
    assert_fails(&place, &apart, 1, "there is no path for any amount");
}

#[test]
fn wrong_files_are_told() {
    let place = Place::new();
    place.write("noise", "no graph at all");
    place.write("torn.csv", &place.read("graph.csv")[..700]);
    assert_eq!(place.run(&["import", "graph.csv", "-o", "whole.fgs"]).code, 0);
    let whole = std::fs::read(place.path("whole.fgs")).expect("a readable file");
    std::fs::write(place.path("torn.fgs"), &whole[..whole.len() - 100]).expect("a writable folder");
    for (file, message) in [
        ("torn.fgs", "import the graph again"),
        ("none.csv", "cannot open none.csv"),
        ("noise", "no known graph format"),
        ("torn.csv", "torn.csv: "),
        (".", "cannot open ."),
    ] {
        assert_fails(&place, &["info", "--graph", file], 3, message);
        assert_fails(&place, &["import", file, "-o", "out.csv"], 3, message);
        assert!(!place.path("out.csv").exists());
    }
    assert_fails(&place, &["route", "--graph", "graph.csv", "--queries", "none"], 3, "cannot open none");
    assert_fails(&place, &["route", "--graph", "graph.csv", "--queries", "noise"], 3, "src,dst,amount_msat");
    assert_fails(&place, &["import", "graph.csv", "-o", "no/folder.csv"], 3, "cannot write no/folder.csv");
    let nowhere = place.run(&["import", "graph.csv", "-o", "no/folder.csv"]).err;
    assert!(!nowhere.contains(".fulgurite-"), "a name that means nothing: {nowhere}");
    assert_fails(&place, &["generate", "--channels", "0", "-o", "g.csv"], 2, "1 to 10000000 channels");
}

#[test]
fn queries_are_not_written_over_their_graph() {
    let place = Place::new();
    for path in ["g.csv", "-"] {
        let args = ["generate", "--channels", "1000", "-o", "g.csv", "--queries", "5", "--queries-out", path];
        assert_fails(&place, &args, 2, "--queries-out");
        assert!(!place.path("g.csv").exists());
    }
}

#[test]
fn a_bench_has_something_to_ask() {
    let place = Place::new();
    place.write("none.csv", "src,dst,amount_msat\n");
    let args = ["bench", "--graph", "graph.csv", "--queries", "none.csv"];
    assert_fails(&place, &args, 2, "there is nothing to ask");
}

#[test]
fn a_table_without_queries_is_told() {
    let place = Place::new();
    for (name, text) in [("none.csv", ""), ("header.csv", "src,dst,amount_msat\n\n")] {
        place.write(name, text);
        let ran = place.run(&["route", "--graph", "graph.csv", "--queries", name]);
        assert!(ran.code == 0 && ran.out.is_empty(), "{}", ran.out);
        assert_eq!(ran.err, format!("note: {name} holds no queries\n"));
    }
}

#[test]
fn a_column_that_is_there_twice_is_refused() {
    let place = Place::new();
    let (one, four) = (node(1), node(4));
    place.write("twice.csv", &format!("src,dst,amount_msat,src\n{one},{four},10000,{four}\n"));
    for command in ["route", "bench"] {
        let args = [command, "--graph", "graph.csv", "--queries", "twice.csv"];
        assert_fails(&place, &args, 3, "the column src twice");
    }
}

#[test]
fn a_wrong_row_is_a_wrong_query_for_the_bench_too() {
    let place = Place::new();
    place.write("rows.csv", "src,dst,amount_msat\nnonsense,more,1\n");
    let args = ["bench", "--graph", "graph.csv", "--queries", "rows.csv"];
    assert_fails(&place, &args, 2, "rows.csv: line 2: ");
}

#[test]
fn a_wrong_row_is_answered_and_the_others_too() {
    let place = Place::new();
    let (one, four, stranger) = (node(1), node(4), node(0x77));
    let rows = format!(
        "src,dst,amount_msat,note\n{one},{four},10000,good\n{one},{four}\nnobody,{four},5,\n{one},{four},-5,\n\
         {stranger},{four},10000,\n{one},{four},99999999999,\n{four},{one},20000,good\n"
    );
    let ran = place.run_with_input(&["route", "--graph", "graph.csv", "--queries", "-"], &rows);
    assert_eq!(ran.code, 2);
    let told: Vec<String> = ran
        .lines()
        .iter()
        .map(|line| match line.get("error") {
            None => line["hops"].to_string(),
            Some(error) => format!("{} {}", error["code"].as_str().expect("text"), error["line"]),
        })
        .collect();
    assert_eq!(
        told,
        ["1", "bad_row 3", "bad_row 4", "bad_row 5", "unknown_node null", "payer_cannot_send null", "1"]
    );
    let last = format!("{one},{four},99999999999\n");
    let ran = place.run_with_input(&["route", "--graph", "graph.csv", "--queries", "-"], &last);
    assert_eq!((ran.code, ran.lines().len()), (0, 1), "that there is no route is an answer");
}

#[test]
fn rows_that_cannot_be_read_end_the_command_after_the_answers_before_them() {
    let place = Place::new();
    let row = format!("{},{},10000\n", node(1), node(4));
    let rows = format!("src,dst,amount_msat\n{row}\n{row}{}", "0".repeat(2 << 20));
    place.write("q.csv", &rows);
    let ran = place.run(&["route", "--graph", "graph.csv", "--queries", "q.csv"]);
    assert_eq!((ran.code, ran.lines().len()), (3, 2), "{}", ran.err);
    assert!(ran.lines().iter().all(|line| line["hops"] == 1), "{}", ran.out);
    assert!(ran.err.contains("cannot read q.csv: line 5: a line is longer than 1 MiB"), "{}", ran.err);
    assert_fails(
        &place,
        &["bench", "--graph", "graph.csv", "--queries", "q.csv"],
        3,
        "cannot read q.csv: line 5",
    );
}

#[test]
fn what_closes_the_way_is_told() {
    let place = Place::new();
    let (one, two, four) = (node(1), node(2), node(4));
    let asked = |amount, more: &[&str]| {
        let fixed = ["route", "--graph", "graph.csv", "--cost", "fee", &one, &four, amount];
        place.run(&[&fixed[..], more].concat())
    };
    let around = asked("100000sat", &["--avoid-node", &two]);
    assert!(around.code == 1 && around.err.contains("to be avoided; avoid less"), "{}", around.err);
    let over = asked("100000sat", &["--last-hop", &two]);
    assert!(over.code == 1 && over.err.contains("ask for another one or for none"), "{}", over.err);
    let short = asked("100000sat", &["--first-channel", "1x1x0=100010sat", "--json"]).json();
    assert_eq!(short["error"]["code"], "payer_cannot_send");
    let message = short["error"]["message"].as_str().expect("text");
    assert!(message.contains("short by 15001 msat"), "{message}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    let row = format!("{},{},10000\n", node(1), node(4));
    place.write("q.csv", &("src,dst,amount_msat\n".to_owned() + &row.repeat(20_000)));
    let mut command = place.command(&["route", "--graph", "graph.csv", "--queries", "q.csv"]);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("one line");
    let mut err = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut err).expect("UTF-8");
    assert!(child.wait().expect("the command ends").success() && err.is_empty(), "{err}");
}

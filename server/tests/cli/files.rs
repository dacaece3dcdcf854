//! The other commands: the greeting, what is told of a graph, and graphs that go from file to file.

use crate::run::Place;

#[test]
fn the_bare_command_answers_a_query() {
    let place = Place::new();
    let ran = place.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for part in ["44,371 channels", "hop  channel", "the cheapest there is", "next:", "fulgurite --help"] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    let command = ran.out.lines().find(|line| line.contains("fulgurite route 0")).expect("a command to try");
    let args: Vec<&str> = command.split_whitespace().skip(1).collect();
    assert_eq!(place.run(&args).json()["optimal"], true);
    let cached = place.run(&[]);
    assert!(ran.out.contains("now cached in") && cached.out.contains(", cached in"), "{}", cached.out);
    let cache = place.path("cache").read_dir().expect("a cache").next().expect("a file").expect("a file");
    std::fs::write(cache.path(), "damaged").expect("a writable cache");
    assert!(place.run(&[]).out.contains("now cached in"), "a damaged cache is made anew");
    let mut homeless = place.command(&[]);
    homeless.env("FULGURITE_CACHE", "/dev/null/none");
    assert!(homeless.output().expect("the command starts").status.success());
}

#[test]
fn every_command_helps() {
    let place = Place::new();
    for command in [
        "route",
        "reach",
        "info",
        "import",
        "generate",
        "simulate",
        "bench",
        "serve",
        "sync",
        "completions",
        "man",
    ] {
        for flag in ["--help", "-h"] {
            let ran = place.run(&[command, flag]);
            assert!(ran.code == 0 && ran.out.contains("Usage: fulgurite"), "{command}: {}", ran.err);
        }
    }
    let all = place.run(&["--help"]);
    assert!(all.out.contains("Exit codes:") && all.out.contains("completions"), "{}", all.out);
    for shell in ["bash", "zsh", "fish"] {
        assert!(place.run(&["completions", shell]).out.contains("ignore-inbound-fees"), "{shell}");
    }
}

#[test]
fn the_manual_has_a_page_for_every_command_and_a_word_on_every_option() {
    let place = Place::new();
    assert_eq!(place.run(&["man", "man1"]).code, 0);
    let help = place.run(&["--help"]).out;
    let commands: Vec<&str> = section(&help, "Commands:").filter(|name| *name != "help").collect();
    assert!(commands.len() > 10, "{commands:?}");
    for command in commands {
        // A dash is written so that it does not end a line.
        let page = place.read(&format!("man1/fulgurite-{command}.1")).replace("\\-", "-");
        let help = place.run(&[command, "--help"]).out;
        let options = help.split_whitespace().filter(|word| word.starts_with("--"));
        for option in options.map(|word| word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric())) {
            assert!(page.contains(option), "{command}: {option}");
        }
        assert!(page.contains(".SH SYNOPSIS") && page.contains(".SH DESCRIPTION"), "{command}");
    }
    let whole = place.read("man1/fulgurite.1").replace("\\-", "-");
    assert!(whole.contains("fulgurite-serve(1)"), "{whole}");
}

/// The first words of the lines of a part of a help text.
fn section<'a>(help: &'a str, title: &str) -> impl Iterator<Item = &'a str> {
    let lines = help.lines().skip_while(move |line| *line != title).skip(1);
    let lines = lines.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("    "));
    lines.filter_map(|line| line.split_whitespace().next())
}

#[test]
fn info_counts_what_is_there() {
    let place = Place::new();
    let info = place.run(&["info", "--graph", "graph.csv", "--json"]).json();
    let facts = ["nodes", "forwarders", "channels", "policies", "disabled_policies", "inbound_fee_policies"];
    assert_eq!(facts.map(|fact| info[fact].as_u64()), [4, 4, 4, 8, 0, 0].map(Some));
    assert_eq!((&info["format"], &info["compressed"]), (&"csv".into(), &false.into()));
    assert_eq!(info["capacity_total_msat"], 4_000_000_000_u64);
    assert_eq!(
        (&info["oldest_update"], &info["newest_update"]),
        (&1_700_000_000.into(), &1_700_000_000.into())
    );
    assert_eq!(info["quantiles"].as_array().map(Vec::len), Some(8));
    let text = place.run(&["info", "--graph", "graph.csv"]);
    assert!(
        text.out.contains("4,000,000.000 sat") && text.out.contains("2023-11-14T22:13:20Z"),
        "{}",
        text.out
    );
}

#[test]
fn a_graph_survives_every_format() {
    let place = Place::new();
    let steps = [("graph.csv", "a.csv"), ("a.csv", "b.json"), ("b.json", "c.fgs"), ("c.fgs", "d.csv")];
    for (from, to) in steps {
        let ran = place.run(&["import", from, "-o", to]);
        assert!(ran.code == 0 && ran.out.contains("4 nodes, 4 channels"), "{from}: {}{}", ran.out, ran.err);
    }
    assert_eq!(place.read("a.csv"), place.read("graph.csv"));
    assert_eq!(place.read("d.csv"), place.read("graph.csv"));
    let piped = place.run(&["import", "b.json", "-o", "-", "--to", "csv"]);
    assert_eq!(piped.out, place.read("graph.csv"));
}

#[test]
fn a_table_that_may_be_cut_in_its_last_row_is_told() {
    let place = Place::new();
    place.write("cut.csv", place.read("graph.csv").trim_end());
    let commands =
        |graph: &'static str| [vec!["info", "--graph", graph], vec!["import", graph, "-o", "a.fgs"]];
    for args in commands("cut.csv") {
        let ran = place.run(&args);
        let is_told = ran.out.contains("1 row at the end without a line break (line 9): the file may be cut");
        assert!(ran.code == 0 && is_told, "{args:?}: {}{}", ran.out, ran.err);
    }
    for mut args in commands("graph.csv") {
        args.push("--json");
        assert_eq!(place.run(&args).json()["notes"].as_array().map(Vec::len), Some(0), "{args:?}");
    }
}

#[test]
fn a_store_that_holds_nothing_is_told() {
    let place = Place::new();
    std::fs::write(place.path("store"), [0x10]).expect("a writable folder");
    for args in [vec!["info", "--graph", "store"], vec!["import", "store", "-o", "a.fgs"]] {
        let ran = place.run(&args);
        assert!(ran.code == 0 && ran.out.contains("the store holds no channel"), "{}{}", ran.out, ran.err);
    }
}

#[test]
fn generated_graphs_repeat() {
    let place = Place::new();
    for name in ["a.fgs", "b.fgs"] {
        assert_eq!(place.run(&["generate", "--nodes", "300", "--seed", "9", "-o", name]).code, 0);
    }
    let [a, b] = ["a.fgs", "b.fgs"].map(|name| std::fs::read(place.path(name)).expect("a readable file"));
    assert!(a == b);
    let info = place.run(&["info", "--graph", "a.fgs", "--json"]).json();
    assert_eq!(info["format"], "snapshot");
    assert_eq!((&info["nodes"], &info["channels"]), (&300.into(), &1107.into()));
}

#[test]
fn bench_measures_each_number_of_threads() {
    let place = Place::new();
    assert_eq!(place.run(&["generate", "--channels", "1000", "-o", "g.csv"]).code, 0);
    let args = ["bench", "--graph", "g.csv", "--count", "200", "--threads", "1,2", "--cost", "fee"];
    let report = place.run(&[&args[..], &["--json"]].concat()).json();
    assert_eq!((&report["channels"], &report["queries"]), (&1000.into(), &200.into()));
    let runs = report["runs"].as_array().expect("a list");
    assert_eq!(runs.iter().map(|run| run["threads"].as_u64()).collect::<Vec<_>>(), [Some(1), Some(2)]);
    for run in runs {
        let latency = &run["latency_ns"];
        assert!(
            latency["p50"].as_u64() <= latency["p99"].as_u64() && latency["count"].as_u64() >= Some(200),
            "{run}"
        );
    }
    let text = place.run(&args);
    assert!(text.out.contains("queries a second") && text.out.contains("p99"), "{}", text.out);
}

#[test]
fn bench_measures_beside_updates() {
    let place = Place::new();
    assert_eq!(place.run(&["generate", "--channels", "1000", "-o", "g.csv"]).code, 0);
    let args =
        ["bench", "--graph", "g.csv", "--count", "50", "--threads", "1", "--updates-per-second", "5000"];
    let report = place.run(&[&args[..], &["--json"]].concat()).json();
    let runs = report["runs"].as_array().expect("a list");
    assert_eq!((runs.len(), &runs[0]["updates_per_second"]), (2, &0.into()));
    assert!(runs[1]["updates_per_second"].as_u64() > Some(0), "{report}");
    assert!(runs[1]["latency_ns"]["count"].as_u64() >= Some(50), "{report}");
    let text = place.run(&args);
    assert!(text.out.contains("updates a second: "), "{}", text.out);
}

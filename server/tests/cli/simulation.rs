//! `fulgurite simulate`.

use crate::run::Place;

#[test]
fn a_simulation_tells_what_was_paid_and_draws_it() {
    let place = Place::new();
    let args = |more: &[&'static str]| {
        let all = ["simulate", "--graph", "graph.csv", "--amounts", "1sat,10sat", "--count", "5"];
        all.into_iter().chain(more.iter().copied()).collect::<Vec<_>>()
    };
    let ran = place.run(&args(&["--json", "--plot", "plot.svg"]));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let report = ran.json();
    let rows = report["rows"].as_array().expect("a list");
    assert_eq!(rows.len(), 6, "two amounts, three strategies");
    for row in rows {
        assert_eq!(row["payments"], 5);
        let paid = row["paid_share"].as_f64().expect("a number");
        assert!((0.0..=1.0).contains(&paid) && row["attempts_mean"].as_f64() >= Some(paid.ceil()), "{row}");
    }
    assert!(rows.iter().any(|row| row["paid_share"] == 1.0), "{report}");
    let plot = place.read("plot.svg");
    assert!(plot.starts_with("<svg") && plot.contains("planner") && plot.contains("min-fee"));
    assert!(["sat", "ppm at most"].iter().all(|across| plot.contains(across)));
    for (bad, advice) in [
        (["--plot", "plot.png"], ".svg"),
        (["--amounts", "0sat"], "nobody pays nothing"),
        (["--attempts", "0"], "1.."),
    ] {
        let refused = place.run(&[&["simulate", "--graph", "graph.csv"][..], &bad].concat());
        assert!(refused.code == 2 && refused.err.contains(advice), "{bad:?}: {}", refused.err);
    }
    // Times aside, the same seed tells the same.
    let shares = |ran: &crate::run::Ran| ran.json()["rows"][0]["fee_msat_mean"].clone();
    assert_eq!(shares(&ran), shares(&place.run(&args(&["--json"]))));
    // In a stream the first payment is the same; what it moved and taught is there for the others.
    let stream = || shares(&place.run(&args(&["--json", "--stream"])));
    assert_eq!(stream(), stream());
    let one =
        ["simulate", "--graph", "graph.csv", "--amounts", "10sat", "--count", "1", "--json", "--stream"];
    assert_eq!(shares(&place.run(&one)), shares(&place.run(&one[..8])));
    let table = place.run(&args(&["--strategies", "planner"]));
    assert!(
        table.code == 0 && table.out.contains("first try") && !table.out.contains("single"),
        "{}",
        table.out
    );
}

#[test]
fn of_nothing_there_is_no_mean() {
    let place = Place::new();
    let impossible = ["simulate", "--graph", "graph.csv", "--amounts", "1000000000sat", "--count", "1"];
    let table = place.run(&impossible);
    assert!(table.code == 0 && !table.out.contains("-0") && table.out.contains(" - "), "{}", table.out);
    let report = place.run(&[&impossible[..], &["--json"]].concat()).json();
    assert!(report["rows"][0]["attempts_mean"].as_f64().is_some_and(|mean| mean.is_sign_positive()));
}

#[test]
fn strategies_balances_and_priors_are_what_they_are_called() {
    let place = Place::new();
    place.run(&["generate", "--channels", "3000", "--seed", "5", "-o", "made-up.fgs"]);
    // Shares of planner, single and min-fee.
    let simulate = |more: &[&'static str], share: &str| {
        let all = ["simulate", "--graph", "made-up.fgs", "--amounts", "1000000sat", "--count", "40"];
        let all = all.into_iter().chain(["--seed", "3", "--json"]).chain(more.iter().copied());
        let report = place.run(&all.collect::<Vec<_>>()).json();
        let rows = report["rows"].as_array().expect("a list").iter();
        rows.map(|row| row[share].as_f64().expect("a number")).collect::<Vec<_>>()
    };
    let (attempts, parts) = (simulate(&[], "attempts_mean"), simulate(&[], "parts_mean"));
    assert!(parts[0] > attempts[0], "the planner splits: {parts:?} in {attempts:?}");
    assert_eq!(parts[1..], attempts[1..], "the others do not");
    let paid = simulate(&[], "paid_share");
    assert!(paid[0] > paid[1], "some payments need parts: {paid:?}");
    let first = simulate(&[], "first_try_share");
    assert!(first[1] > first[2], "the cheapest routes fail more often: {first:?}");
    let skewed = simulate(&["--balances", "bimodal"], "first_try_share");
    assert!(skewed[0] < first[0], "balances on one side are harder: {skewed:?}");
    let told = simulate(&["--balances", "bimodal", "--prior", "bimodal"], "first_try_share");
    assert!(told[0] > skewed[0], "but less so for who knows: {told:?}");
    assert_eq!(told[2], skewed[2], "least fees ask for no prior");
}

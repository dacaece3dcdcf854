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

//! Recorded instances of linear minimum-cost flows with their answers.

use std::io::Read;

use engine::flow::{ExplicitArc, ExplicitNetwork, FlowWorkspace, min_cost_flow};
use tests::data::shared;

#[test]
fn recorded_flows_cost_what_is_on_record() {
    let Some(path) = shared("vectors/flow/linear-mcf.gz") else { return };
    let mut text = String::new();
    let packed = std::fs::read(path).unwrap();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).map(numbers);
    let (mut space, mut count) = (FlowWorkspace::default(), 0);
    while let Some(sizes) = lines.next() {
        let [node_count, arc_count] = sizes[..] else { panic!("sizes {sizes:?}") };
        if node_count == 0 {
            break;
        }
        let mut arcs = Vec::new();
        for line in lines.by_ref().take(arc_count as usize) {
            let [tail, head, room, cost] = line[..] else { panic!("an arc {line:?}") };
            arcs.push(ExplicitArc { tail: tail as u32, head: head as u32, pieces: vec![(room, cost)] });
        }
        let answer = lines.next().unwrap();
        let [amount, cost] = answer[..] else { panic!("an answer {answer:?}") };
        let network = ExplicitNetwork::new(node_count as u32, &arcs);
        let found = min_cost_flow(&network, 0, 1, amount, &mut space).unwrap();
        assert_eq!((found.sent, found.cost), (amount, u128::from(cost)), "instance {count}");
        count += 1;
    }
    assert!(count > 30, "the file has 34");
}

fn numbers(line: &str) -> Vec<u64> {
    line.split_whitespace().map(|number| number.parse().unwrap()).collect()
}

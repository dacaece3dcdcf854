//! The slow twin: successive shortest paths by Bellman and Ford's search on an explicit residual graph, unit costs and
//! all, without potentials.

use engine::flow::ExplicitArc;

/// A residual arc and its reverse lie side by side.
struct Residual {
    tail: usize,
    head: usize,
    room: u64,
    cost: i128,
}

/// The most units up to `units`, and the least that they cost.
pub(super) fn min_cost_flow(
    node_count: u32,
    arcs: &[ExplicitArc],
    payer: u32,
    payee: u32,
    units: u64,
) -> (u64, u128) {
    let mut residual = Vec::new();
    for arc in arcs {
        let (tail, head) = (arc.tail as usize, arc.head as usize);
        for &(room, cost) in &arc.pieces {
            residual.push(Residual { tail, head, room, cost: i128::from(cost) });
            residual.push(Residual { tail: head, head: tail, room: 0, cost: -i128::from(cost) });
        }
    }
    let (mut sent, mut cost) = (0, 0);
    while sent < units {
        let Some(path) = shortest_path(node_count as usize, &residual, payer as usize, payee as usize) else {
            break;
        };
        let pushed = path.iter().map(|&at| residual[at].room).min().unwrap().min(units - sent);
        for at in path {
            residual[at].room -= pushed;
            residual[at ^ 1].room += pushed;
            cost += residual[at].cost * i128::from(pushed);
        }
        sent += pushed;
    }
    (sent, u128::try_from(cost).unwrap())
}

fn shortest_path(node_count: usize, residual: &[Residual], payer: usize, payee: usize) -> Option<Vec<usize>> {
    let mut distance = vec![i128::MAX; node_count];
    let mut came = vec![usize::MAX; node_count];
    distance[payer] = 0;
    loop {
        let mut is_settled = true;
        for (at, arc) in residual.iter().enumerate().filter(|(_, arc)| arc.room > 0) {
            if distance[arc.tail] != i128::MAX && distance[arc.tail] + arc.cost < distance[arc.head] {
                distance[arc.head] = distance[arc.tail] + arc.cost;
                came[arc.head] = at;
                is_settled = false;
            }
        }
        if is_settled {
            break;
        }
    }
    if distance[payee] == i128::MAX {
        return None;
    }
    let (mut path, mut node) = (Vec::new(), payee);
    while node != payer {
        path.push(came[node]);
        node = residual[came[node]].tail;
    }
    Some(path)
}

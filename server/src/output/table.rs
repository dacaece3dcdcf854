//! Tables and numbers for people.

use std::time::Duration;

use comfy_table::{Cell, CellAlignment, Table, presets};
use engine::route::{Proof, Route};
use indicatif::HumanCount;
use primitives::{Msat, NodeId};
use server::json::{direction_number, method_name};

use crate::wanted::Found;

/// A table without frames: a header, then rows; `right` tells which columns are numbers.
pub(crate) fn plain<const N: usize>(
    header: [&str; N],
    right: [bool; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(header);
    rows.into_iter().for_each(|row| {
        table.add_row(row.map(Cell::new));
    });
    for (column, is_right) in table.column_iter_mut().zip(right) {
        column.set_padding((0, 2));
        if is_right {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A route with a row for every hop.
pub(crate) fn route(route: &Route) -> String {
    let rows = route.hops.iter().enumerate().map(|(at, hop)| {
        [
            (at + 1).to_string(),
            format!("{}/{}", hop.short_channel_id, direction_number(hop.direction)),
            short_id(&hop.node_id),
            sat(hop.amount),
            sat(hop.fee),
            hop.cltv.to_string(),
        ]
    });
    let hops = plain(
        ["hop", "channel", "to node", "amount sat", "fee sat", "expiry blocks"],
        [true, false, false, true, true, true],
        rows,
    );
    let proof = match route.proof {
        Proof::Optimal => "the cheapest there is".to_owned(),
        Proof::Bounded { gap } => format!("at most {} sat above the cheapest", sat(gap)),
    };
    let share = route.fee.to_msat() as f64 * 1e6 / route.amount.to_msat().max(1) as f64;
    format!(
        "{} sat arrive, {} sat are paid: fee {} sat ({share:.0} ppm)\n\
         {} hops, locked for at most {} blocks, success probability {:.1} %\n\
         cost {} sat, {proof} ({}: {} nodes settled, {} arcs relaxed)\n\n{}",
        sat(route.amount),
        sat(route.amount.saturating_add(route.fee)),
        sat(route.fee),
        route.hops.len(),
        route.cltv,
        100.0 * route.probability,
        sat(Msat::from_msat(route.cost)),
        method_name(route.method),
        HumanCount(route.counts.settled),
        HumanCount(route.counts.relaxed),
        trimmed(&hops),
    )
}

/// A block for every route.
pub(crate) fn routes(found: &Found, further_count: usize) -> String {
    let further = found.further.iter().flatten();
    let mut text = route(&found.best);
    for (at, other) in further.clone().enumerate() {
        text += &format!("\n\nalternative {}\n\n{}", at + 1, route(other));
    }
    if further.count() < further_count {
        text += "\n\nno further route was found";
    }
    text
}

/// A table's text without the blanks at the ends of its lines.
pub(crate) fn trimmed(table: &Table) -> String {
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// An amount in satoshi: `1,234.567`.
pub(crate) fn sat(amount: Msat) -> String {
    format!("{}.{:03}", HumanCount(amount.to_sat_floor()), amount.to_msat() % 1000)
}

/// The first and last digits of a node id.
pub(crate) fn short_id(node_id: &NodeId) -> String {
    let text = node_id.to_string();
    format!("{}..{}", &text[..16], &text[60..])
}

/// A duration with three digits or so.
pub(crate) fn time(duration: Duration) -> String {
    let nanos = duration.as_nanos() as f64;
    match nanos {
        ..1e3 => format!("{nanos:.0} ns"),
        ..1e4 => format!("{:.2} us", nanos / 1e3),
        ..1e6 => format!("{:.1} us", nanos / 1e3),
        ..1e9 => format!("{:.2} ms", nanos / 1e6),
        _ => format!("{:.2} s", nanos / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_scaled() {
        assert_eq!(sat(Msat::from_msat(1_234_567_089)), "1,234,567.089");
        assert_eq!(sat(Msat::ZERO), "0.000");
        assert_eq!(time(Duration::from_nanos(950)), "950 ns");
        assert_eq!(time(Duration::from_nanos(12_345)), "12.3 us");
        assert_eq!(time(Duration::from_millis(1500)), "1.50 s");
    }
}

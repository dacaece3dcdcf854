//! LND's `describegraph`, as `lncli` and as the REST interface print it.
//!
//! The arrays are read one record at a time: a file of 60 MB costs the graph and one record. `nodes` and `edges` may
//! come in either order; what is not used is skipped. A node or channel that is listed twice is last-wins for a
//! node's features and an error for a channel, of which LND has one.

use std::fmt;
use std::io::{BufReader, Read};

use primitives::{Direction, Features, GraphDelta, ShortChannelId};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::lnd_json_guard::JsonGuard;
use super::lnd_json_value::{Edge, EdgeSeed, NodeSeed};
use crate::graph::{BuildError, GraphBuilder};

/// Reads a whole document. O(bytes).
///
/// # Errors
/// Where it is no JSON, lacks `nodes` or `edges`, a record in them is wrong, or a string or the nesting exceeds its
/// limit.
pub fn read_lnd_json(input: impl Read) -> Result<GraphBuilder, LndJsonError> {
    let mut state = State { graph: GraphBuilder::new(), place: Place::Document };
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(JsonGuard::new(input)));
    let result = Document(&mut state).deserialize(&mut json).and_then(|()| json.end());
    match result {
        Ok(()) => Ok(state.graph),
        Err(source) => Err(LndJsonError { place: state.place, source }),
    }
}

/// The graph so far and the record that is being read.
struct State {
    graph: GraphBuilder,
    place: Place,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum DocumentField {
    Nodes,
    Edges,
    #[serde(other)]
    Other,
}

struct Document<'a>(&'a mut State);

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `nodes` and `edges`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut has_nodes, mut has_edges) = (false, false);
        while let Some(field) = map.next_key()? {
            match field {
                DocumentField::Nodes => {
                    map.next_value_seed(Nodes(self.0))?;
                    has_nodes = true;
                }
                DocumentField::Edges => {
                    map.next_value_seed(Edges(self.0))?;
                    has_edges = true;
                }
                DocumentField::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            self.0.place = Place::Document;
        }
        match (has_nodes, has_edges) {
            (true, true) => Ok(()),
            (false, _) => Err(A::Error::missing_field("nodes")),
            (true, false) => Err(A::Error::missing_field("edges")),
        }
    }
}

struct Nodes<'a>(&'a mut State);

impl<'de> DeserializeSeed<'de> for Nodes<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Nodes<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`nodes`, an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut nth = 0;
        loop {
            self.0.place = Place::Node { nth };
            let Some(node) = seq.next_element_seed(NodeSeed)? else { return Ok(()) };
            let delta = GraphDelta::NodeSeen { node_id: node.node_id, features: node.features };
            self.0.graph.apply(&delta).map_err(A::Error::custom)?;
            nth += 1;
        }
    }
}

struct Edges<'a>(&'a mut State);

impl<'de> DeserializeSeed<'de> for Edges<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Edges<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`edges`, an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut nth = 0;
        loop {
            let mut short_channel_id = None;
            let element = seq.next_element_seed(EdgeSeed(&mut short_channel_id));
            self.0.place = Place::Edge { nth, short_channel_id };
            let Some(edge) = element? else { return Ok(()) };
            add_edge(&mut self.0.graph, &edge).map_err(A::Error::custom)?;
            nth += 1;
        }
    }
}

fn add_edge(graph: &mut GraphBuilder, edge: &Edge) -> Result<(), BuildError> {
    let scid = edge.short_channel_id;
    graph.add_channel(scid, edge.node_id_1, edge.node_id_2, edge.capacity, &Features::default())?;
    for direction in Direction::BOTH {
        if let Some(policy) = edge.policies[direction.as_usize()] {
            graph.set_policy(scid, direction, policy)?;
        }
    }
    Ok(())
}

/// Where in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Outside the arrays.
    Document,
    /// In `nodes`.
    Node {
        /// The record, from 0.
        nth: u64,
    },
    /// In `edges`.
    Edge {
        /// The record, from 0.
        nth: u64,
        /// The channel, where its id was read before the error.
        short_channel_id: Option<ShortChannelId>,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Document => f.write_str("document"),
            Place::Node { nth } => write!(f, "nodes[{nth}]"),
            Place::Edge { nth, short_channel_id: None } => write!(f, "edges[{nth}]"),
            Place::Edge { nth, short_channel_id: Some(scid) } => write!(f, "edges[{nth}] (channel {scid})"),
        }
    }
}

/// Why a document was refused; the source tells line, column and what was expected.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {source}")]
pub struct LndJsonError {
    /// The record.
    pub place: Place,
    /// What was wrong with it.
    pub source: serde_json::Error,
}

#[cfg(test)]
mod tests {
    use primitives::{Fee, InboundFee, Msat};

    use super::*;

    const ONE: &str = "020202020202020202020202020202020202020202020202020202020202020202";
    const TWO: &str = "030303030303030303030303030303030303030303030303030303030303030303";

    fn read(edges: &str) -> Result<GraphBuilder, LndJsonError> {
        let text =
            format!("{{\"nodes\": [],\n\"edges\": [{}]}}", edges.replace("N1", ONE).replace("N2", TWO));
        read_lnd_json(text.as_bytes())
    }

    fn error(edges: &str) -> String {
        read(edges).expect_err("wrong").to_string()
    }

    #[test]
    fn numbers_come_as_strings_or_numbers() {
        let edge = r#"{"channel_id": "879609302220800", "chan_point": "x:0", "last_update": 5, "node1_pub": "N1",
            "node2_pub": "N2", "capacity": CAP, "node1_policy": null, "node2_policy": {"time_lock_delta": 80,
            "min_htlc": "1000", "fee_base_msat": "4294967295", "fee_rate_milli_msat": 7, "disabled": true,
            "max_htlc_msat": "9000000", "last_update": 1700000000, "custom_records": {"1": [{}]},
            "inbound_fee_base_msat": -3, "inbound_fee_rate_milli_msat": "-4"}}"#;
        for capacity in ["\"20000\"", "20000"] {
            let graph = read(&edge.replace("CAP", capacity)).expect("well formed");
            let channel = graph.channel("800x0x0".parse().expect("valid")).expect("read");
            assert_eq!(channel.capacity, Msat::from_sat(20_000));
            assert_eq!(channel.policies[0], None);
            let policy = channel.policies[1].expect("read");
            assert_eq!(policy.fee, Fee { fee_base_msat: u32::MAX, fee_proportional_millionths: 7 });
            assert_eq!(policy.inbound_fee, InboundFee { base_msat: -3, proportional_millionths: -4 });
            assert!(policy.disabled && policy.htlc_maximum_msat == Msat::from_msat(9_000_000));
        }
    }

    #[test]
    fn without_a_maximum_the_capacity_is_the_limit() {
        let maximum = |capacity: &str, policy: &str| {
            // The policy may come before the capacity.
            let edge = format!(
                r#"{{"channel_id": 1, "node1_pub": "N1", "node2_pub": "N2", "node1_policy": {{{policy}}}{capacity}}}"#
            );
            let graph = read(&edge).expect("well formed");
            graph.channels()[0].policies[0].expect("read").htlc_maximum_msat
        };
        let capacity = r#", "capacity": "20000""#;
        for none in ["", r#""max_htlc_msat": "0""#, r#""max_htlc_msat": 0"#, r#""max_htlc_msat": null"#] {
            assert_eq!(maximum(capacity, none), Msat::from_msat(20_000_000), "{none}");
            assert_eq!(maximum("", none), Msat::MAX, "{none}");
            assert_eq!(maximum(r#", "capacity": "0""#, none), Msat::MAX, "{none}");
        }
        assert_eq!(maximum(capacity, r#""max_htlc_msat": "1""#), Msat::from_msat(1));
    }

    #[test]
    fn node_features_are_read_by_bit() {
        let text = format!(
            r#"{{"edges": null, "nodes": [{{"pub_key": "{ONE}", "features": {{"17": {{}}, "0": {{}}}}}}], "edges": []}}"#
        );
        assert!(read_lnd_json(text.as_bytes()).is_err(), "null is no array");
        let graph = read_lnd_json(text.replace(r#""edges": null, "#, "").as_bytes()).expect("well formed");
        let features = &graph.feature_sets()[usize::from(graph.node_features()[0])];
        assert_eq!(features, &Features::from_bits([0, 17]));
    }

    #[test]
    fn errors_name_record_place_and_expectation() {
        let good = r#"{"channel_id": 1, "node1_pub": "N1", "node2_pub": "N2", "capacity": 1}"#;
        let text = error(&format!(
            r#"{good}, {{"channel_id": "2", "node1_policy": {{"fee_base_msat": "4294967296"}}}}"#
        ));
        assert!(text.starts_with("edges[1] (channel 0x0x2): invalid value: string \"4294967296\""), "{text}");
        assert!(
            text.contains("expected `fee_base_msat`, a whole number of type u32 at line 2 column"),
            "{text}"
        );
        assert!(error(r#"{"channel_id": 1, "node1_pub": "N1"}"#).contains("missing field `node2_pub`"));
        assert!(error(r#"{"channel_id": 1, "node1_pub": "0g"}"#).contains("`node1_pub`, 66 hexadecimal"));
        assert!(error(r#"{"channel_id": -1}"#).contains("`channel_id`, a short channel id"));
        assert!(error(&format!("{good}, {good}")).contains("edges[1] (channel 0x0x1): channel 0x0x1 is in"));
        assert!(error(r#"{"channel_id": 1, "node1_pub": "N2", "node2_pub": "N1"}"#).contains("must be less"));
        assert!(
            error("7").starts_with("edges[0]: invalid type: integer `7`, expected a channel, as an object")
        );
        let text = read_lnd_json(&b"{\"nodes\": []}"[..]).expect_err("wrong").to_string();
        assert_eq!(text, "document: missing field `edges` at line 1 column 13");
        assert!(read_lnd_json(&b"{\"nodes\": [], \"edges\": []} x"[..]).is_err());
    }

    #[test]
    fn nesting_has_a_limit() {
        let deep = "[".repeat(1 << 20);
        let text = format!("{{\"x\": {deep}");
        let error = read_lnd_json(text.as_bytes()).expect_err("too deep").to_string();
        assert!(error.starts_with("document: arrays and objects nest at most 64 deep"), "{error}");
    }
}

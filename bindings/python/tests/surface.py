"""Walks over the package: GRAPH PAYER PAYEE REASON, the last being what the second node of a payment fails it with."""

import dataclasses
import os
import sys
import tempfile
import threading

import fulgurite
from fulgurite import (
    Beliefs, BeliefsFormat, Cancel, Cost, Error, ExtraArc, Failure, Format, Gossip, Graph, Inform, Layers, LogLevel,
    NoRoute, Outcome, Payment, Plan, Policy, Query, Reservations, Route,
)


def node(last: int) -> bytes:
    return bytes([2] + [0] * 31 + [last])


def small() -> None:
    with Graph() as graph:
        for at in (1, 2):
            graph.open_channel(at, node(at), node(at + 1), 1_000_000_000)
            graph.set_policy(at, 0, Policy(fee_base_msat=1000, cltv_expiry_delta=40, htlc_maximum_msat=900_000_000))
        assert graph.publish() > 0
        query = Query(node(1), node(3), 100_000)
        route = graph.find_route(query)
        assert [hop.amount_msat for hop in route.hops] == [101_000, 100_000] and route.fee_msat == 1000
        assert route.hops[-1].node_id == node(3) and route.cltv == 58
        try:
            graph.find_route(Query(node(1), node(3), 950_000_000))
            raise AssertionError("a route that cannot be")
        except NoRoute as no:
            assert no.reason == "FG_REASON_PAYER_CANNOT_SEND" and no.value_msat == 900_000_000, no.reason
        try:
            graph.close_channel(9)
            raise AssertionError("a channel that is not there")
        except Error as error:
            assert error.status == "FG_UNKNOWN_CHANNEL"
        assert graph.apply_gossip(b"\x01\x09") is graph.verify_gossip(b"\x01\x09") is Gossip.SKIPPED
        shortcut = ExtraArc(77, node(1), node(3), Policy(htlc_maximum_msat=1_000_000))
        query.extra_arcs, query.first_channels = [shortcut], {77: 200_000}
        assert [hop.short_channel_id for hop in graph.find_route(query).hops] == [77]
        query.first_channels = {}
        try:
            graph.find_route(query)
            raise AssertionError("a payer without channels pays")
        except NoRoute:
            pass
        layered(graph)
        info = graph.info()
        assert (info.node_count, info.channel_count) == (3, 2) and info.version > 0
        with graph.view() as view:
            assert [view.find_node(id) for id in view.nodes()] == [0, 1, 2] and view.find_node(view.node(2)) == 2
            assert view.channel(view.find_channel(2)).short_channel_id == 2
            for missing, status in ((lambda: view.find_node(node(9)), "FG_UNKNOWN_NODE"),
                                    (lambda: view.find_channel(9), "FG_UNKNOWN_CHANNEL")):
                try:
                    missing()
                    raise AssertionError("found what is not there")
                except Error as error:
                    assert error.status == status
            assert list(view.nodes()) and [channel.short_channel_id for channel in view.channels()] == [1, 2]
            assert view.policy(0, 0).fee_base_msat == 1000 and view.policy(0, 1) is None
        with tempfile.TemporaryDirectory() as folder:
            for form in Format:
                path = os.path.join(folder, form.name)
                graph.save(path, form)
                with Graph.load(path) as again, open(path, "rb") as file, Graph.from_bytes(file.read()) as more:
                    plain = Query(node(1), node(3), 100_000)
                    assert again.find_route(plain).fee_msat == more.find_route(plain).fee_msat == 1000
    graph.close()
    try:
        graph.publish()
        raise AssertionError("a closed graph")
    except ValueError:
        pass


def layered(graph: Graph) -> None:
    query = Query(node(1), node(3), 100_000)
    with Layers() as layers, Reservations() as reservations:
        layers.create_channel("mine", 5, node(1), node(3), 1_000_000_000)
        layers.update_channel("mine", 5, 0, Policy(htlc_maximum_msat=1_000_000_000))
        query.layers, query.layer_names, query.reservations = layers, ["mine"], reservations
        route = graph.find_route(query)
        assert [hop.short_channel_id for hop in route.hops] == [5]
        held = reservations.add(route, 7)
        assert reservations.get(5, 0) == (100_000, 1)
        reservations.release(held)
        assert reservations.get(5, 0) == (0, 0)
        reservations.release(reservations.add((graph.find_plan(query), 0), 7))
        layers.inform_channel("mine", 5, 0, 50_000, Inform.CONSTRAINED, 7)
        assert len(graph.find_route(query).hops) == 2
        layers.bias_channel("mine", 1, 0, 50, 7)
        stored = layers.write()
        layers.disable_channel("mine", 1, 0)
        layers.disable_node("other", node(2))
        try:
            graph.find_route(query)
            raise AssertionError("a route over a channel that is disabled")
        except NoRoute:
            pass
        layers.remove("mine")
        layers.read(stored)
        assert len(graph.find_route(query).hops) == 2


def wrapped(graph: Graph, plan: Plan, route: Route) -> None:
    payment = Payment(bytes(32), bytes(31) + b"\1", 800_000, bytes(32))
    onions = plan.onions(payment)
    assert len(onions) == len(plan.parts) and len(onions[0].packet) == 1366
    onion = route.onion(payment)
    assert onion.amount_msat == route.hops[0].amount_msat and onion == route.onion(payment)
    # Each field makes another packet.
    records = {1 << 33: b"a", 65_536: b"", 70_000: bytes(300)}
    for change in (
        {"payment_hash": bytes(31) + b"\1"}, {"session_seed": bytes(31) + b"\2"}, {"block_height": 800_001},
        {"payment_secret": None}, {"total_msat": 900_000}, {"shadow_blocks": 3}, {"metadata": b""},
        {"keysend_preimage": bytes(32)}, {"custom_records": records},
    ):
        assert route.onion(dataclasses.replace(payment, **change)).packet != onion.packet, change
    try:
        route.onion(dataclasses.replace(payment, custom_records={7: b""}))
        raise AssertionError("a custom record of the protocol's own")
    except Error as error:
        assert error.status == "FG_BAD_ARGUMENT"
    assert onion.read_failure(bytes(292)) == Failure(None, 0)


def failed(graph: Graph, payer: str, payee: str, reason: bytes) -> None:
    payment = Payment(bytes(32), bytes(31) + b"\1", 800_000, b"\x09" + bytes(31))
    onion = graph.find_route(Query(payer, payee, 1_000_000)).onion(payment)
    assert onion.read_failure(reason) == Failure(2, 0x2002)


def logged(path: str) -> None:
    lines = []
    fulgurite.set_log(LogLevel.INFO, lambda level, message: lines.append((level, message)))
    Graph.load(path).close()
    fulgurite.set_log(LogLevel.NONE, None)
    Graph.load(path).close()
    assert [(level, "snapshot" in message) for level, message in lines] == [(LogLevel.INFO, True)], lines


def large(graph: Graph, payer: str, payee: str) -> None:
    query = Query(payer, payee, 1_000_000, cost=Cost.FEE)
    routes = graph.find_alternatives(query, 4)
    assert len(routes) > 1 and [route.cost_msat for route in routes] == sorted(route.cost_msat for route in routes)
    assert routes[0].to_bytes()[4:8] == b"FGAN"
    assert graph.find_diverse(query, 2)[0].hops == routes[0].hops
    batch = graph.find_batch([query, Query(payer, node(250), 1), query])
    assert isinstance(batch[0], Route) and isinstance(batch[1], Error) and batch[1].status == "FG_UNKNOWN_NODE"
    assert batch[2].to_bytes() == batch[0].to_bytes()
    assert graph.find_widest(query) >= 1_000_000
    split = Query(payer, payee, 20_000_000)
    plan = graph.find_plan(split)
    assert isinstance(plan, Plan) and sum(part.amount_msat for part in plan.parts) == 20_000_000
    assert graph.find_most_sendable(split) >= 20_000_000 and graph.find_plan_frontier(split, 3)
    wrapped(graph, plan, routes[0])
    with Beliefs(graph) as beliefs:
        first = plan.parts[0].hops[0]
        beliefs.follow(graph)
        beliefs.learn_balance(first.short_channel_id, first.direction, 5, 900)
        advice = beliefs.learn((plan, 0), Outcome.FAILED, 1000, 0, 0x1007)
        assert advice.kind == "FG_ADVICE_BELIEVE"
        assert beliefs.bounds(first.short_channel_id, first.direction, 1000)[1] < first.amount_msat
        assert beliefs.learn(routes[0], Outcome.SETTLED, 1000).permanent is False
        stored = beliefs.write()
        assert Beliefs(graph).read(BeliefsFormat.OWN, stored)[1] == 0
        split.beliefs, split.now = beliefs, 1000
        try:
            graph.find_plan(split)
        except NoRoute:
            pass
    with Cancel() as cancel:
        query.cancel = cancel
        cancel.set()
        query.cost = Cost.PROBABILITY
        try:
            graph.find_route(query)
        except Error as error:
            assert error.status == "FG_CANCELLED", error.status
        cancel.clear()
        graph.find_route(query)
    query.cancel = None
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(graph.find_route(query).fee_msat)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 1 and len(seen) == 8


if __name__ == "__main__":
    assert fulgurite.version() and fulgurite.abi_version() >= 1 << 16
    small()
    with Graph.load(sys.argv[1]) as loaded:
        large(loaded, *sys.argv[2:4])
        failed(loaded, *sys.argv[2:4], bytes.fromhex(sys.argv[4]))
    logged(sys.argv[1])
    print("all is well")

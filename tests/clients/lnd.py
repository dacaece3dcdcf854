#!/usr/bin/env python3
"""A client of LND's REST interface: base address, payer and payee are its arguments.

It uses `requests` where that is installed, as LND's own examples do, and the standard library elsewhere.
"""

import base64
import json
import sys
import time
import urllib.error
import urllib.request

try:
    import requests
except ImportError:
    requests = None


def call(method, url, body=None):
    """Status and answer of a request."""
    if requests is not None:
        answer = requests.request(method, url, json=body, timeout=30)
        return answer.status_code, answer.json()
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def get(path):
    status, answer = call("GET", BASE + path)
    assert status == 200, (path, status, answer)
    return answer


def post(path, body):
    status, answer = call("POST", BASE + path, body)
    assert status == 200, (path, status, answer)
    return answer


def node_bytes(pub_key, encode=base64.b64encode):
    return encode(bytes.fromhex(pub_key)).decode()


def routes():
    by_query = get(f"/v1/graph/routes/{PAYEE}/100000?fee_limit.percent=5&final_cltv_delta=40")
    by_body = post(f"/v1/graph/routes/{PAYEE}/0", {"amt_msat": "100000000", "final_cltv_delta": 40})
    assert by_query["routes"] == by_body["routes"], (by_query, by_body)
    [route] = by_query["routes"]
    assert 0 < by_query["success_prob"] <= 1
    fees = sum(int(hop["fee_msat"]) for hop in route["hops"])
    assert int(route["total_fees_msat"]) == fees and int(route["total_fees"]) == fees // 1000
    assert int(route["total_amt_msat"]) == 100_000_000 + fees
    assert route["hops"][-1]["pub_key"] == PAYEE and route["hops"][-1]["fee_msat"] == "0"
    # What each hop asks is what its channel's policy says.
    for hop, following in zip(route["hops"], route["hops"][1:]):
        edge = get(f"/v1/graph/edge/{following['chan_id']}")
        policy = edge["node1_policy" if edge["node1_pub"] == hop["pub_key"] else "node2_policy"]
        rate = int(policy["fee_rate_milli_msat"]) * int(hop["amt_to_forward_msat"]) // 1_000_000
        assert int(hop["fee_msat"]) == int(policy["fee_base_msat"]) + rate, (hop, policy)
    return route


def built(route):
    nodes = [node_bytes(hop["pub_key"]) for hop in route["hops"]]
    body = {"amt_msat": 100_000_000, "final_cltv_delta": 40, "hop_pubkeys": nodes,
            "payment_addr": base64.b64encode(bytes(32)).decode()}
    same = post("/v2/router/route", body)["route"]
    assert same["total_fees_msat"] == route["total_fees_msat"], (same, route)
    assert same["hops"][-1]["mpp_record"]["total_amt_msat"] == "100000000"
    estimate = post("/v2/router/route/estimatefee", {"dest": node_bytes(PAYEE), "amt_sat": "100000"})
    assert estimate["failure_reason"] == "FAILURE_REASON_NONE"
    assert estimate["routing_fee_msat"] == route["total_fees_msat"], (estimate, route)


def graph():
    graph = get("/v1/graph")
    info = get("/v1/graph/info")
    assert (info["num_nodes"], info["num_channels"]) == (len(graph["nodes"]), len(graph["edges"]))
    assert int(info["total_network_capacity"]) == sum(int(edge["capacity"]) for edge in graph["edges"])
    node = get(f"/v1/graph/node/{PAYEE}?include_channels=true")
    assert node["node"]["pub_key"] == PAYEE and node["num_channels"] == len(node["channels"])


def mission_control():
    history = {"fail_time": str(int(time.time())), "fail_amt_sat": "5000", "fail_amt_msat": "5000000"}
    pair = {"node_from": node_bytes(PAYER), "node_to": node_bytes(PAYEE), "history": history}
    assert post("/v2/router/x/importhistory", {"pairs": [pair]}) == {}
    pairs = get("/v2/router/mc")["pairs"]
    assert any(known["history"]["fail_amt_msat"] == "5000000" for known in pairs), pairs
    ends = [node_bytes(pub_key, base64.urlsafe_b64encode) for pub_key in (PAYER, PAYEE)]
    answer = get(f"/v2/router/mc/probability/{ends[0]}/{ends[1]}/6000000")
    assert answer["probability"] == 0 and answer["history"]["fail_amt_msat"] == "5000000"


def errors():
    for status, method, path, body in [
        (404, "GET", f"/v1/graph/routes/{'02' + 'ee' * 32}/1000", None),
        (404, "GET", "/v1/graph/edge/1", None),
        (400, "GET", f"/v1/graph/routes/{PAYEE}/{'9' * 30}", None),
        (400, "GET", f"/v1/graph/routes/{PAYEE}/-5", None),
        (400, "POST", f"/v1/graph/routes/{PAYEE}/1000", {"ignored_nodes": ["!"]}),
    ]:
        told, answer = call(method, BASE + path, body)
        assert told == status, (path, told, answer)
        assert sorted(answer) == ["code", "details", "message"], answer
    _, answer = call("GET", f"{BASE}/v1/graph/routes/{PAYEE}/0")
    assert answer["message"].startswith("amt: "), answer


BASE, PAYER, PAYEE = sys.argv[1:]
found = routes()
built(found)
graph()
mission_control()
errors()
print(f"lnd: all is as it should be, with {'requests' if requests else 'the standard library'}")

#!/usr/bin/env python3
"""A client of Core Lightning's REST interface: base address, payer and payee are its arguments.

Amounts go through `Millisatoshi` of `pyln-client` where that is installed: it is how plugins read and write them.
"""

import json
import sys
import time
import urllib.error
import urllib.request

try:
    from pyln.client import Millisatoshi, RpcError
except ImportError:
    Millisatoshi = int

    class RpcError(ValueError):
        """An error as pyln-client raises it."""

        def __init__(self, method, payload, error):
            super().__init__(f"{method} {payload}: {error}")
            self.error = error


def call(method, **payload):
    """Calls a method as pyln-client's LightningRpc does, over HTTP."""
    data = json.dumps(payload, default=int).encode()
    headers = {"Rune": "any", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{BASE}/v1/{method}", data=data, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 201, answer.status
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise RpcError(method, payload, json.load(error)) from error


def fails(codes, method, **payload):
    try:
        answer = call(method, **payload)
    except RpcError as error:
        assert error.error["code"] in codes, error
        assert error.error["message"], error
        return
    raise AssertionError(f"{method} did not fail: {answer}")


def getroutes(amount, **more):
    question = {"source": PAYER, "destination": PAYEE, "amount_msat": amount, "layers": [],
                "maxfee_msat": Millisatoshi(1_000_000), "final_cltv": 18}
    return call("getroutes", **{**question, **more})


def check_routes(amount):
    """Amounts as the policies of `listchannels` make them."""
    answer = getroutes(amount)
    assert 0 < answer["probability_ppm"] <= 1_000_000
    assert sum(Millisatoshi(route["amount_msat"]) for route in answer["routes"]) == amount
    for route in answer["routes"]:
        path = route["path"]
        assert path[0]["node_id_in"] == PAYER and path[-1]["node_id_out"] == PAYEE
        assert path[-1]["amount_out_msat"] == route["amount_msat"] and path[-1]["cltv_out"] == 18
        for hop, following in zip(path, path[1:]):
            assert hop["node_id_out"] == following["node_id_in"]
            assert hop["amount_out_msat"] == following["amount_in_msat"]
            scid, direction = following["short_channel_id_dir"].split("/")
            channels = call("listchannels", short_channel_id=scid)["channels"]
            [channel] = [channel for channel in channels if channel["direction"] == int(direction)]
            out = following["amount_out_msat"]
            fee = channel["base_fee_millisatoshi"] + out * channel["fee_per_millionth"] // 1_000_000
            assert following["amount_in_msat"] == out + fee, (following, channel)
            assert following["cltv_in"] == following["cltv_out"] + channel["delay"]
    return answer


def layers():
    name = "client"
    [layer] = call("askrene-create-layer", layer=name)["layers"]
    assert layer["layer"] == name and layer["constraints"] == []
    direct = getroutes(Millisatoshi(10_000_000))["routes"][0]["path"]
    assert len(direct) == 1
    channel = direct[0]["short_channel_id_dir"]
    told = call("askrene-inform-channel", layer=name, short_channel_id_dir=channel,
                amount_msat=Millisatoshi(1000), inform="constrained")
    assert told["constraints"][0]["maximum_msat"] == 999
    assert len(getroutes(Millisatoshi(10_000_000), layers=[name])["routes"][0]["path"]) == 3
    call("askrene-bias-channel", layer=name, short_channel_id_dir=channel, bias=5)
    call("askrene-create-channel", layer=name, source=PAYER, destination=PAYEE, short_channel_id="9x9x9",
         capacity_msat="5000000sat")
    call("askrene-update-channel", layer=name, short_channel_id_dir="9x9x9/0", enabled=True, fee_base_msat=0)
    assert getroutes(Millisatoshi(2_000_000_000), layers=[name])["routes"][0]["path"][0][
        "short_channel_id_dir"] == "9x9x9/0"
    [bias] = call("askrene-bias-node", layer=name, node=PAYEE, direction="in", bias=-3, description="far")["node_biases"]
    assert (bias["node"], bias["in_bias"]) == (PAYEE, -3), bias
    [listed] = call("askrene-listlayers", layer=name)["layers"]
    assert len(listed["created_channels"]) == len(listed["biases"]) == len(listed["node_biases"]) == 1
    call("askrene-remove-channel-update", layer=name, short_channel_id_dir="9x9x9/0")
    assert getroutes(Millisatoshi(10_000_000), layers=[name])["routes"][0]["path"][0]["short_channel_id_dir"] != "9x9x9/0"
    call("askrene-disable-node", layer=name, node=PAYEE)
    fails([205], "getroutes", source=PAYER, destination=PAYEE, amount_msat=1000, layers=[name], maxfee_msat=1000,
          final_cltv=18)
    assert call("askrene-age", layer=name, cutoff=int(time.time()) + 10) == {"layer": name, "num_removed": 3}
    assert call("askrene-remove-layer", layer=name) == {}


def reservations(answer):
    path = answer["routes"][0]["path"]
    assert call("askrene-reserve", path=path) == {}
    listed = call("askrene-listreservations")["reservations"]
    assert [hop["short_channel_id_dir"] for hop in listed] == [hop["short_channel_id_dir"] for hop in path]
    assert call("askrene-unreserve", path=path) == {}
    assert call("askrene-listreservations") == {"reservations": []}


BASE, PAYER, PAYEE = sys.argv[1:]
reservations(check_routes(Millisatoshi(100_000_000)))
layers()
found = call("getroute", id=PAYEE, amount_msat=Millisatoshi(100_000_000), riskfactor=10)["route"]
assert [hop["style"] for hop in found] == ["tlv"] * 3 and found[-1]["amount_msat"] == 100_000_000
assert PAYEE in [node["nodeid"] for node in call("listnodes")["nodes"]]
fails([205], "getroutes", source=PAYER, destination="02" + "ee" * 32, amount_msat=1000, layers=[],
      maxfee_msat=1000, final_cltv=18)
fails([206], "getroutes", source=PAYER, destination=PAYEE, amount_msat=100_000_000, layers=[], maxfee_msat=1,
      final_cltv=18, maxparts=1)
# Both ends of the line take as little.
fails([215, 220], "getroutes", source=PAYER, destination=PAYEE, amount_msat="1btc", layers=[], maxfee_msat="1btc",
      final_cltv=18)
fails([-32602], "listchannels", short_channel_id="916778")
fails([-32602], "askrene-unreserve", path=[{"short_channel_id_dir": "1x1x0/0", "amount_msat": 1}])
fails([-32601], "no-such-method")
print(f"cln: all is as it should be, with {'pyln-client' if Millisatoshi is not int else 'the standard library'}")

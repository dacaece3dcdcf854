"""What schemathesis must be told of media types that it does not know."""

import json

import schemathesis
from hypothesis import strategies
from schemathesis.transport.requests import REQUESTS_TRANSPORT


FLATBUFFERS = "application/vnd.fulgurite+flatbuffers"


@REQUESTS_TRANSPORT.serializer("application/x-ndjson")
def write_lines(ctx, value):
    """A body of the batch: a text as it is, anything else as one line."""
    text = value if isinstance(value, str) else json.dumps(value)
    return {"data": text.encode("utf-8", "surrogatepass")}


@REQUESTS_TRANSPORT.serializer(FLATBUFFERS)
def write_bytes(ctx, value):
    return {"data": value if isinstance(value, bytes) else str(value).encode()}


# A payment of 1,000 msat between two nodes that nobody knows.
schemathesis.openapi.media_type(FLATBUFFERS, strategies.just(bytes.fromhex(
    "100000004647525108000a0008000400080000001000000001000a0054003300120004000a000000e8030000000000000000"
    "0000000003030303030303030303030303030303030303030303030303030303030303030302020202020202020202020202"
    "0202020202020202020202020202020202020202"
)))


def whole(value):
    """Whole numbers as clients write them: 5, and not 5.0, which is one in a schema, and refused."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: whole(field) for name, field in value.items()}
    return [whole(item) for item in value] if isinstance(value, list) else value


@schemathesis.hook
def map_body(context, body):
    return whole(body)


@schemathesis.deserializer("application/x-ndjson")
def read_lines(ctx, response):
    return response.text


@schemathesis.deserializer(FLATBUFFERS)
def read_bytes(ctx, response):
    return list(response.content)


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """Stored answers are read as JSON; what is accepted beside it has a test of its own."""
    case.headers = {**(case.headers or {}), "Accept": "application/json, application/problem+json, */*;q=0.1"}

"""Plots the fees of 1,000 random payments over a graph: how many of them cost how much at most. Writes an SVG.

    python plot_fees.py GRAPH OUT.svg [AMOUNT_MSAT [COUNT]]
"""

import math
import random
import sys
from typing import List, Tuple

from fulgurite import Cost, Graph, Query, Route

WIDTH, HEIGHT, MARGIN = 720, 400, 60
DECADES = 5


def fees(graph: Graph, amount_msat: int, count: int) -> Tuple[List[float], int]:
    """The fees in millionths of the amount, sorted, and how many payments have no route."""
    with graph.view() as view:
        nodes = list(view.nodes())
    draw = random.Random(1)
    queries = [Query(*draw.sample(nodes, 2), amount_msat, cost=Cost.FEE) for _ in range(count)]
    answers = graph.find_batch(queries)
    found = [answer.fee_msat * 1e6 / amount_msat for answer in answers if isinstance(answer, Route)]
    return sorted(found), count - len(found)


def place(fee: float, share: float) -> str:
    """A point of the curve: the logarithm of the fee to the right, the share of payments upwards."""
    right = min(max(math.log10(max(fee, 1.0)), 0.0), DECADES) / DECADES
    x = MARGIN + right * (WIDTH - 2 * MARGIN)
    return f"{x:.1f},{HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN):.1f}"


def svg(found: List[float], missing: int, amount_msat: int) -> str:
    count = len(found) + missing
    points = " ".join(place(fee, (at + 1) / count) for at, fee in enumerate(found))
    labels = []
    for decade in range(DECADES + 1):
        x, y = place(10.0**decade, 0.0).split(",")
        labels.append(f'<text x="{x}" y="{float(y) + 20}" text-anchor="middle">{10**decade:,}</text>')
    for tenth in range(0, 11, 2):
        x, y = place(1.0, tenth / 10).split(",")
        labels.append(f'<text x="{float(x) - 10}" y="{y}" text-anchor="end">{tenth * 10} %</text>')
        end = WIDTH - MARGIN
        labels.append(f'<line x1="{x}" x2="{end}" y1="{y}" y2="{y}" stroke="#ddd"/>')
    title = f"{count} payments of {amount_msat // 1000:,} sat: share that pays at most this fee (ppm); {missing} have no route"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="{WIDTH / 2}" y="30" text-anchor="middle" font-size="14">{title}</text>{"".join(labels)}'
        f'<polyline points="{points}" fill="none" stroke="#b50" stroke-width="2"/></svg>\n'
    )


def main(graph_path: str, out: str, amount: str = "10000000", count: str = "1000") -> None:
    with Graph.load(graph_path) as graph:
        found, missing = fees(graph, int(amount), int(count))
    with open(out, "w", encoding="utf-8") as file:
        file.write(svg(found, missing, int(amount)))
    median = found[len(found) // 2] if found else float("nan")
    print(f"{len(found)} routes, {missing} without; median fee {median:.0f} ppm; {out}")


if __name__ == "__main__":
    main(*sys.argv[1:])

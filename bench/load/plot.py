"""The picture: for each workload, Sluice's cost, latency and rate as ratios to the best peer's."""

from html import escape

PANELS = [
    ("CPU or memory, less is better", ("cpu_per_operation", "cpu_per_gigabit", "memory")),
    ("p99, less is better", ("p99",)),
    ("rate, more is better", ("rate", "gigabits")),
]
LABELS = 320
PANEL = 190
GAP = 50
ROW = 26
TOP = 74
MOST = 2.0  # the right end of a panel, where longer bars are cut; the numbers are beside it
COLOURS = {"stretch": "#2f855a", "met": "#68b984", "missed": "#d9534f", None: "#8c9bb0"}


def svg(results):
    rows = list(results["workloads"].values())
    width = LABELS + len(PANELS) * (PANEL + GAP) + 10
    height = TOP + ROW * len(rows) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        words(12, 24, "Sluice by the better of HAProxy and nginx", size=16),
        words(12, 42, "ratio of medians; the line is 1, as good as the peer; the tick is the bound; the thin line"
              " has nine tenths of what the rounds would have given",
              fill="#667085"),
    ]
    for number, (title, names) in enumerate(PANELS):
        left = LABELS + number * (PANEL + GAP)
        parts += panel(left, title, names, rows)
    for number, workload in enumerate(rows):
        y = TOP + ROW * number + 16
        parts.append(words(LABELS - 12, y, workload["title"], anchor="end"))
    parts += legend(height - 14)
    return "\n".join(parts) + "\n</svg>\n"


def panel(left, title, names, rows):
    one = left + PANEL / MOST
    bottom = TOP + ROW * len(rows)
    yield words(left, TOP - 8, title, weight="bold")
    yield f'<line x1="{one}" x2="{one}" y1="{TOP}" y2="{bottom}" stroke="#344054"/>'
    for number, workload in enumerate(rows):
        for name in [name for name in names if name in workload["ratios"]][:1]:
            yield from bar(left, TOP + ROW * number + 4, workload["ratios"][name])


def bar(left, y, ratio):
    def at(value):
        return left + PANEL * min(value, MOST) / MOST

    colour = COLOURS[ratio.get("verdict")]
    length = at(ratio["ratio"]) - left
    yield f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{ROW - 8}" fill="{colour}"/>'
    if "bound" in ratio:
        x = at(ratio["bound"])
        yield (
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 2}" y2="{y + ROW - 6}"'
            ' stroke="#101828" stroke-width="3"/>'
        )
    if "interval" in ratio:
        middle = y + (ROW - 8) / 2
        low, high = map(at, ratio["interval"])
        yield (
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"'
            ' stroke="#101828" stroke-width="1"/>'
        )
    yield words(left + PANEL + 8, y + 13, f"{ratio['ratio']:.2f}", size=11)


def legend(y):
    x = 12
    for verdict, colour in COLOURS.items():
        yield f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{colour}"/>'
        yield words(x + 17, y, verdict or "no target")
        x += 90


def words(x, y, text, size=12, anchor="start", weight="normal", fill="#101828"):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
        f' font-weight="{weight}" fill="{fill}">{escape(text)}</text>'
    )

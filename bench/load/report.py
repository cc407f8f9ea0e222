"""The tables: what was aimed at, and everything that was measured."""

from .figures import FIGURES, text
from .results import beside

ABOUT = """\
# Results

Written by a full run of `./dev bench`; [README.md](README.md) says what is measured and how.

{machine}

Rounds: {rounds}, of {seconds} s a measurement; at most {descriptors} descriptors.
The proxy on core {cores[proxy]}, the load on {cores[load]}, the backends on {cores[backend]}.
Others used {others_share:.1%} of the machine meanwhile.
"""


def markdown(results):
    machine, settings = results["machine"], results["settings"]
    versions = [f"- {what}: {value}" for what, value in machine.items()]
    parts = [ABOUT.format(machine="\n".join(versions), **settings)]
    if results["errors"]:
        parts.append("**There were errors, so these results are not to be trusted:**\n")
        parts.append("".join(f"- {error}\n" for error in results["errors"]))
    parts.append("## Targets\n")
    parts.append(
        "The ratio of Sluice's median to that of the better of HAProxy and nginx, or to the one"
        " named. For a rate the bounds are the least, for everything else the most. Behind the ratio"
        " stands in what nine tenths of the ratios lie that rounds drawn from these would have had:"
        " where that has the bound in it, another run may say otherwise.\n"
    )
    parts.append("![ratios](results.svg)\n")
    parts.append(targets_table(results))
    parts.append("## All figures\n\nMedian (least – most).\n")
    for workload in results["workloads"].values():
        parts.append(f"### {workload['title']}\n")
        parts.append(figures_table(workload["cases"]))
    return "\n".join(parts)


def targets_table(results):
    rows = [row for workload in results["workloads"].values() for row in target_rows(workload)]
    head = ["workload", "figure", "Sluice", "best peer", "ratio", "90 %", "bound", "stretch"]
    return table([*head, "verdict"], rows)


def target_rows(workload):
    judged = next(iter(workload["cases"].values()))
    for name, ratio in workload["ratios"].items():
        if "verdict" in ratio:
            peer = workload["cases"][ratio["against"]]
            yield [
                workload["title"],
                FIGURES[name].title,
                with_unit(name, judged[name]["median"]),
                f"{with_unit(name, peer[name]['median'])} ({ratio['against']})",
                f"{ratio['ratio']:.2f}",
                " – ".join(f"{end:.2f}" for end in ratio.get("interval", [])),
                f"{ratio['bound']:.2f}",
                f"{ratio['stretch']:.2f}",
                ratio["verdict"],
            ]
    for name, ceiling in workload["ceilings"].items():
        yield [
            workload["title"],
            FIGURES[name].title,
            with_unit(name, ceiling["value"]),
            "",
            "",
            "",
            with_unit(name, ceiling["bound"]),
            with_unit(name, ceiling["stretch"]) if ceiling["stretch"] else "",
            ceiling["verdict"],
        ]


def beside_table(workloads, results, build):
    """Sluice by another build of it, round by round."""
    head = ["workload", "figure", "Sluice", build, "ratio, round by round"]
    rows = []
    for workload in workloads:
        cases = results["workloads"][workload.name]["cases"]
        for case in (case for case in workload.cases if case.subject.startswith("sluice")):
            other = case.name.replace("sluice", build)
            rows += [
                [
                    workload.title + (f", {case.role}" if case.role else ""),
                    FIGURES[name].title,
                    with_unit(name, cases[case.name][name]["median"]),
                    with_unit(name, cases[other][name]["median"]),
                    "{median:.2f} ({min:.2f} – {max:.2f})".format(**ratio),
                ]
                for name, ratio in beside(cases[case.name], cases[other]).items()
            ]
    return table(head, rows)


def figures_table(cases):
    names = [name for name in FIGURES if any(name in figures for figures in cases.values())]
    head = [""] + [f"{FIGURES[name].title}, {FIGURES[name].unit}" for name in names]
    rows = [
        [case] + [spread(name, figures.get(name)) for name in names]
        for case, figures in cases.items()
    ]
    return table(head, rows)


def spread(name, figure):
    if not figure:
        return ""
    if len(figure["values"]) == 1:
        return text(name, figure["median"])
    median, least, most = (text(name, figure[key]) for key in ("median", "min", "max"))
    return f"{median} ({least} – {most})"


def with_unit(name, value):
    return f"{text(name, value)} {FIGURES[name].unit}"


def table(head, rows):
    """Markdown that reads well as plain text, too."""
    rows = [head, *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines) + "\n"

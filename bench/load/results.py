"""From single runs to medians, ratios and verdicts: plain data, as the JSON file has it."""

from random import Random
from statistics import median

from .figures import FIGURES
from .targets import CEILINGS, ratio_target, verdict

RESAMPLES = 2_000
FEWEST_ROUNDS = 5  # of which an interval may be told


def summary(values):
    values = [float(f"{value:.6g}") for value in values]
    return {"median": median(values), "min": min(values), "max": max(values), "values": values}


def digest(workload, runs):
    """One workload's medians by case and figure, its ratios and verdicts.

    `runs`: (case, figures) in the order in which they were done."""
    cases = {}
    for case in (case.name for case in workload.cases):
        rounds = [figures for of, figures in runs if of == case]
        names = [name for name in FIGURES if any(name in figures for figures in rounds)]
        cases[case] = {
            name: summary([figures[name] for figures in rounds if name in figures])
            for name in names
        }
    return {
        "title": workload.title,
        "cases": cases,
        "ratios": ratios(workload, cases),
        "ceilings": ceilings(workload.name, cases),
    }


def ratios(workload, cases):
    """By figure: the first case's median by that of each other and of the best peer."""
    judged, *others = cases
    are_peers = {case.name for case in workload.cases if case.is_peer}
    found = {}
    for figure, own in cases[judged].items():
        medians = {
            case: cases[case][figure]["median"] for case in others if figure in cases[case]
        }
        to = {case: own["median"] / value for case, value in medians.items() if value > 0}
        peers = {case: ratio for case, ratio in to.items() if case in are_peers}
        if not peers:
            continue
        more_is_better = FIGURES[figure].more_is_better
        target = ratio_target(workload.name, figure)
        against = (target and target.against) or ""
        if against in peers:
            peers = {against: peers[against]}
        else:
            against = (min if more_is_better else max)(peers, key=peers.get)
        found[figure] = {"to": to, "against": against, "ratio": peers[against]}
        theirs = [cases[case][figure]["values"] for case in peers]
        interval = interval_of_ratio(own["values"], theirs, more_is_better)
        if interval:
            found[figure]["interval"] = interval
        if target:
            found[figure] |= {
                "bound": target.bound,
                "stretch": target.stretch,
                "verdict": verdict(peers[against], target, more_is_better),
            }
    return found


def interval_of_ratio(own, theirs, more_is_better):
    """In what nine tenths of the ratios lie that as many rounds, drawn from these with repetition,
    would have had, each with its own best peer: the percentile bootstrap (Efron 1979), by rounds.

    None of few rounds, or where one of them lacks a value."""
    count = len(own)
    if count < FEWEST_ROUNDS or any(len(values) != count for values in theirs):
        return None
    random = Random(1)  # the same values have the same interval
    ratios = []
    for _ in range(RESAMPLES):
        rounds = random.choices(range(count), k=count)
        best = (max if more_is_better else min)(
            median([values[n] for n in rounds]) for values in theirs
        )
        if best <= 0:
            return None
        ratios.append(median([own[n] for n in rounds]) / best)
    ratios.sort()
    edge = RESAMPLES // 20
    return [ratios[edge], ratios[-1 - edge]]


def ceilings(workload, cases):
    judged = next(iter(cases.values()))
    return {
        figure: {
            "value": judged[figure]["median"],
            "bound": ceiling.bound,
            "stretch": ceiling.stretch,
            "verdict": verdict(judged[figure]["median"], ceiling),
        }
        for (of, figure), ceiling in CEILINGS.items()
        if of == workload and figure in judged
    }


def beside(case, other):
    """By figure: the median, least and most of what one case had by what another had in the same
    round. Steadier than a ratio of medians where the machine's speed changes."""
    found = {}
    for figure, had in case.items():
        theirs = other.get(figure, {"values": []})["values"]
        if len(theirs) != len(had["values"]):
            continue  # something went wrong, and is told of
        pairs = [value / their for value, their in zip(had["values"], theirs) if their > 0]
        if pairs:
            found[figure] = summary(pairs)
    return found

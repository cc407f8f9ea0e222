"""The figures of a run: their names, units and which way is better; and how they follow from what a
load and the gauges said."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    title: str
    unit: str
    scale: float = 1  # from SI to the unit
    more_is_better: bool = False


FIGURES = {
    "rate": Figure("rate", "/s", more_is_better=True),
    "gigabits": Figure("throughput", "Gbit/s", more_is_better=True),
    "p50": Figure("p50", "µs", 1e6),
    "p99": Figure("p99", "µs", 1e6),
    "p999": Figure("p99.9", "µs", 1e6),
    "cpu_per_operation": Figure("CPU per operation", "µs", 1e6),
    "cpu_per_gigabit": Figure("CPU per gigabit", "ms", 1e3),
    "cpu_share": Figure("CPU of its core", "%", 100),
    "switches": Figure("context switches", "/s"),
    "memory": Figure("memory per connection", "bytes"),
    "proportional": Figure("the same as PSS", "bytes"),
}


def figures_of(load):
    """What can be said of a run; what has no meaning for it is left out."""
    quantiles = ("p50", "p99", "p999")
    found = {name: load.quantiles[name] for name in quantiles if name in load.quantiles}
    if load.operations:
        found["rate"] = load.operations / load.seconds
    elif load.gigabits:
        found["gigabits"] = load.gigabits / load.seconds
    cpu = load.after.cpu - load.before.cpu
    if cpu:
        elapsed = load.after.at - load.before.at
        found["cpu_share"] = cpu / elapsed
        found["switches"] = (load.after.switches - load.before.switches) / elapsed
        if load.operations:
            found["cpu_per_operation"] = cpu / load.operations
        elif load.gigabits:
            found["cpu_per_gigabit"] = cpu / load.gigabits
    return found


def text(name, value):
    """A value as people read it, without its unit: three significant digits."""
    shown = value * FIGURES[name].scale
    if shown >= 1000:
        return f"{shown:,.0f}".replace(",", " ")
    return f"{shown:.3g}" if shown < 100 else f"{shown:.0f}"

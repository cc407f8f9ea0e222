"""What Sluice is to reach: ratios to the better of HAProxy and nginx, and a few absolute bounds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A bound and a stretch. For a rate they are the least, for everything else the most."""

    bound: float
    stretch: float
    against: str = ""  # a case; without one, the best of the peers


@dataclass(frozen=True)
class Ceiling:
    """A bound, and perhaps a stretch, of the figure itself."""

    bound: float
    stretch: float = 0


RATIOS = {
    ("echo-64-64", "cpu_per_operation"): Target(0.85, 0.78),
    ("echo-64-4k", "cpu_per_operation"): Target(0.95, 0.90),
    ("connect", "cpu_per_operation"): Target(0.92, 0.85),
    ("bulk-8", "cpu_per_gigabit"): Target(0.60, 0.53, against="haproxy-splice"),
    ("bulk-1", "cpu_per_gigabit"): Target(0.88, 0.80),
    ("idle", "memory"): Target(0.4, 0.4),
    ("instances", "cpu_per_operation"): Target(1.05, 1.02),
    ("scrapes", "p99"): Target(1.10, 1.05),
}
OF_EVERY_WORKLOAD = {
    "p99": Target(1.0, 0.8),
    "p999": Target(1.0, 0.8),
    "rate": Target(1.0, 1.1),
    "gigabits": Target(1.0, 1.1),
}
ONLY_SLUICE = ("instances", "scrapes")  # compared with itself: only what RATIOS says

CEILINGS = {
    ("idle", "memory"): Ceiling(1024, 0.6 * 1024),
    ("fairness", "p99"): Ceiling(0.020),
}


def ratio_target(workload, figure):
    """None if this ratio is only for information."""
    named = RATIOS.get((workload, figure))
    if named or workload in ONLY_SLUICE:
        return named
    return OF_EVERY_WORKLOAD.get(figure)


def verdict(value, target, more_is_better=False):
    def reaches(bound):
        return value >= bound if more_is_better else value <= bound

    if target.stretch and reaches(target.stretch):
        return "stretch"
    return "met" if reaches(target.bound) else "missed"

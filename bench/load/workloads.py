"""What is measured: each workload, whom it compares, and how it is run once.

The first of a workload's cases is the one that is judged, by its ratios to the others.
"""

import sys
from dataclasses import dataclass, replace
from typing import Callable

from .figures import figures_of
from .processes import Program
from .tools import OurLoad, iperf3, redis_benchmark, wrk

IDLE = 9_000


@dataclass(frozen=True)
class Case:
    """A subject in a role; most workloads have one role only, and it has no name."""

    subject: str
    role: str = ""
    is_peer: bool = True  # one that Sluice is judged by

    @property
    def name(self):
        return f"{self.subject}, {self.role}" if self.role else self.subject


PROXIES = ("sluice", "haproxy-splice", "haproxy", "nginx")
EVERYONE = (*map(Case, PROXIES), Case("direct", is_peer=False))


@dataclass(frozen=True)
class Workload:
    name: str
    title: str
    run: Callable  # (lab, subject, case) -> (figures, errors)
    cases: tuple = EVERYONE

    def beside(self, build):
        """The same with another build of Sluice, whose subjects are named after it, in each of
        Sluice's roles."""
        others = (
            replace(case, subject=case.subject.replace("sluice", build), is_peer=False)
            for case in self.cases
            if case.subject.startswith("sluice")
        )
        return replace(self, cases=(*self.cases, *others))


def measured(load):
    if not load.operations and not load.gigabits:
        return {}, {**load.errors, "nothing was carried": 1}
    return figures_of(load), load.errors


def ours(service, mode, *options):
    """A run of sluice_load."""

    def run(lab, subject, case):
        with OurLoad(lab, mode, subject.target(service), *options) as load:
            return measured(load.measure(subject.processes.read))

    return run


def external(tool, service, *options):
    """A run of somebody else's load generator."""

    def run(lab, subject, case):
        return measured(tool(lab, subject.target(service), subject.processes.read, *options))

    return run


def idle(lab, subject, case):
    """The growth of memory by idle connections, each of which has carried one byte both ways."""
    before = subject.processes.read(with_memory=True)
    options = ("--connections", IDLE)
    with OurLoad(lab, "idle", subject.target("echo"), *options, seconds=0.5) as load:
        load.wait_for("measuring")
        after = subject.processes.read(with_memory=True)
        load.wait_for("measured")
        errors = load.result().errors
    if not subject.processes.pids:
        return {}, errors
    return {
        "memory": (after.resident - before.resident) / IDLE,
        "proportional": (after.proportional - before.proportional) / IDLE,
    }, errors


def fairness(lab, subject, case):
    """Echoes of one byte, one at a time, while four bulk streams take all they can get."""
    longer = lab.seconds + lab.warm_up + 0.5
    streams = ("--connections", 4)
    with OurLoad(lab, "bulk", subject.target("source"), *streams, seconds=longer) as bulk:
        bulk.wait_for("measuring")
        with OurLoad(lab, "echo", subject.target("echo"), "--size", 1) as echo:
            figures, errors = measured(echo.measure(subject.processes.read))
        bulk.wait_for("measured")
        beside = bulk.result()
    for about_cost in ("cpu_per_operation", "cpu_share", "switches"):
        figures.pop(about_cost, None)  # of which the echoes are the smallest part
    figures["gigabits"] = beside.gigabits / beside.seconds
    return figures, {**errors, **{f"bulk: {what}": n for what, n in beside.errors.items()}}


def scrapes(lab, subject, case):
    """Echoes while /metrics is read every second, or not."""
    run = ours("echo", "echo", "--connections", 64, "--size", 64)
    if case.role != "scraped":
        return run(lab, subject, case)
    command = [sys.executable, str(lab.scripts / "scrape.py"), subject.admin]
    with Program(command, lab.cores.rest, lab.work / "scrape.log", talks=True) as scraper:
        next(scraper.lines())  # the first scrape is done
        figures, errors = run(lab, subject, case)
        if not scraper.is_alive():
            errors = {**errors, "a scrape failed": 1}
    return figures, errors


WORKLOADS = [
    Workload("echo-1-64", "echo 64 B, 1 connection", ours("echo", "echo")),
    Workload(
        "echo-1-4k", "echo 4 KiB, 1 connection", ours("echo", "echo", "--size", 4096),
    ),
    Workload(
        "echo-64-64", "echo 64 B, 64 connections", ours("echo", "echo", "--connections", 64),
    ),
    Workload(
        "echo-64-4k",
        "echo 4 KiB, 64 connections",
        ours("echo", "echo", "--connections", 64, "--size", 4096),
    ),
    Workload(
        "connect",
        "connect-echo-close, 64 in flight",
        ours("echo", "connect", "--connections", 64),
    ),
    Workload("bulk-1", "bulk, 1 stream", ours("source", "bulk")),
    Workload("bulk-8", "bulk, 8 streams", ours("source", "bulk", "--connections", 8)),
    Workload("both-1", "bulk both ways, 1 stream", ours("both", "bulk", "--direction", "both")),
    Workload(
        "both-8",
        "bulk both ways, 8 streams",
        ours("both", "bulk", "--direction", "both", "--connections", 8),
    ),
    Workload("fairness", "echo 1 B beside 4 bulk streams", fairness),
    Workload("idle", "9 000 idle connections", idle),
    Workload("web", "wrk to nginx, keep-alive", external(wrk, "web")),
    Workload(
        "web-close", "wrk to nginx, close", external(wrk, "web", "--header", "Connection: close")
    ),
    Workload("redis", "redis-benchmark SET", external(redis_benchmark, "redis")),
    Workload("iperf3", "iperf3, 1 stream", external(iperf3, "iperf3")),
    Workload(
        "instances",
        "connect-echo-close, 10 000 instances against 3",
        ours("echo", "connect", "--connections", 64),
        (Case("sluice-many"), Case("sluice")),
    ),
    Workload(
        "scrapes",
        "echo 64 B, 64 connections, scraped against not",
        scrapes,
        (Case("sluice-many", "scraped"), Case("sluice-many", "not scraped")),
    ),
]

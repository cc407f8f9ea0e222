"""The registry at scale: each of its targets, measured; and a report with the verdicts.

Each experiment begins with a fresh process and an empty store and yields rows.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from .machine import Cores, Quiet, describe, raise_descriptor_limit
from .processes import Program, wait_until
from .registry_server import ECHO, RegistryServer
from .report import table

ROOT = Path(__file__).resolve().parents[2]
KIB = 1024
MIB = 1024 * KIB
TURNS = 4  # that a time of measuring is cut into where two things are measured in turns
COMERS = 4  # instances that come and go beside the others, of which there may be 100 000 in all


@dataclass(frozen=True)
class Lab:
    tools: Path
    work: Path
    cores: frozenset  # of the server
    load_core: int
    sluice: Path


@dataclass(frozen=True)
class Sizes:
    rounds: int
    seconds: float
    registrations: int  # into a few services
    services: int  # of the large registry ...
    instances: int  # ... and what is in it
    ttl: int  # seconds, of those: longer than it takes to measure them
    beats: int
    watchers: int


FULL = Sizes(5, 3, 30_000, 1_000, 100_000, 60, 100_000, 5_000)
QUICK = Sizes(1, 1.5, 10_000, 200, 20_000, 15, 20_000, 1_000)


@dataclass(frozen=True)
class Row:
    """A figure. `bound`: the least if more is better, the most otherwise; None: no target."""

    experiment: str
    figure: str
    value: float
    unit: str
    bound: float = None
    more_is_better: bool = False

    def verdict(self):
        if self.bound is None:
            return ""
        is_met = self.value >= self.bound if self.more_is_better else self.value <= self.bound
        return "met" if is_met else "missed"

    def target(self):
        if self.bound is None:
            return ""
        return f"{'≥' if self.more_is_better else '≤'} {show(self.bound)} {self.unit}"


def show(value):
    if value >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


class Failure(RuntimeError):
    """Of the load: errors that it counted."""


class Load:
    """A run of a load program, begun at once. `name` is what it says of itself in errors."""

    def __init__(self, lab, program, mode, target, **options):
        command = [str(lab.tools / program), mode, target]
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        self.name = mode
        log = lab.work / "registry-load.log"
        self.program = Program(command, lab.load_core, log, talks=True, polite=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.stop()

    def wait_for(self, word):
        for line in self.program.lines():
            if line.strip() == word:
                return
        raise Failure(f"{self.name} ended before it was {word}")

    def end(self):
        """Before its time is over."""
        self.program.process.send_signal(signal.SIGINT)

    def result(self):
        """What it says at its end; latencies in seconds, by name."""
        lines = list(self.program.lines())
        if not lines:
            raise Failure(f"{self.name} said nothing")
        said = json.loads(lines[-1])
        if said["errors"]:
            raise Failure(f"{self.name}: {said['errors']}")
        said["latency"] = {k: us / 1e6 for k, us in said.get("latency_us", {}).items()}
        return said


def registry_load(server, mode, **options):
    options = {"services": server.services, **options}
    return Load(server.lab, "sluice_registry_load", mode, server.address, **options)


def ask(server, mode, **options):
    """Runs a load to its end."""
    with registry_load(server, mode, **options) as load:
        return load.result()


def milliseconds(experiment, figure, seconds, bound=None):
    return Row(experiment, figure, seconds * 1e3, "ms", bound and bound * 1e3)


# --- The experiments


def seed(lab, sizes):
    """1 000 registrations, 10 000 looks at the service, 10 000 selections; 64 in flight."""
    what = "1 000 instances in 10 services"
    with RegistryServer(lab, lab.sluice, 10) as server:
        for title, mode, count in (
            ("registrations", "register", 1_000),
            ("discoveries", "discover", 10_000),
            ("selections", "select", 10_000),
        ):
            said = ask(server, mode, count=count, connections=64, seconds=60)
            yield Row(what, title, said["rate"], "/s", more_is_better=True)
            yield milliseconds(what, f"{title}, p50", said["latency"]["p50"])
            yield milliseconds(what, f"{title}, p99", said["latency"]["p99"])


def few(lab, sizes):
    """Durable registrations into a few services, and until they are routed."""
    what = "10 services, sync: full"
    rates, commits, applied = [], [], []
    for _ in range(sizes.rounds):
        with RegistryServer(lab, lab.sluice, 10) as server:
            count = sizes.registrations
            said = ask(server, "register", count=count, connections=64, seconds=60, ttl="5m")
            values, _ = server.metrics()
            rates.append(said["rate"])
            commits.append(count / values["sluice_store_commits_total"])
            said = ask(
                server, "applied", first=count, connections=8, seconds=sizes.seconds, ttl="5m",
                rate=500,
            )
            applied.append(said["latency"]["p99"])
    yield Row(what, "durable registrations, 64 in flight", median(rates), "/s", 10_000, True)
    yield Row(what, "registrations a commit", median(commits), "", more_is_better=True)
    yield milliseconds(what, "register to routed, 500/s, p99", median(applied), 0.020)


def large(lab, sizes):
    """Memory, rates and stalls of a large registry."""
    n, ttl = sizes.instances, f"{sizes.ttl}s"
    what = f"{show(n)} instances in {show(sizes.services)} services"
    with RegistryServer(lab, lab.sluice, sizes.services) as server:
        ask(server, "register", count=1, ttl=ttl)  # what the first one alone brings
        before = settled(server)
        said = ask(
            server, "register", count=n - 1 - COMERS, first=1, connections=64, seconds=120, ttl=ttl
        )
        yield Row(what, "durable registrations, 64 in flight", said["rate"], "/s", 10_000, True)
        grown = settled(server) - before
        yield Row(what, "memory of an instance", grown / n, "B", KIB)
        yield Row(what, "memory in all", grown / MIB, "MiB", (n * KIB + 64 * MIB) / MIB)
        yield from beats(server, sizes, what)
        yield from stall_of_publishing(server, sizes, what)
        yield Row(what, "start with them stored", server.restart(), "s", 2)
        restarted = time.monotonic()
        said = ask(server, "discover", connections=1, seconds=sizes.seconds)
        yield milliseconds(what, "list of a service, p99", said["latency"]["p99"], 0.020)
        took, stall = scraped(server)
        yield Row(what, "/metrics", took, "s", 2)
        yield milliseconds(what, "longest stall by a scrape", stall, 0.010)
        yield from expiry(server, sizes, what, restarted)


def settled(server):
    """RSS, once it grows no more."""
    last = 0
    while (now := server.resident()) > last:
        last = now
        time.sleep(0.3)
    return now


def beats(server, sizes, what):
    before = server.cpu()
    said = ask(
        server, "beat", count=sizes.beats, instances=sizes.instances - COMERS, connections=64,
        seconds=60,
    )
    cpu = server.cpu() - before
    yield Row(what, "heartbeats, 64 in flight", said["rate"], "/s", more_is_better=True)
    yield Row(what, "CPU of a heartbeat", cpu / sizes.beats * 1e6, "µs", 20)


def prober(server, seconds):
    """A heartbeat every 2 ms, which waits for the transport's loop and the control loop."""
    return registry_load(server, "beat", instances=1, rate=500, warm_up=0.3, seconds=seconds)


def stall_of_publishing(server, sizes, what):
    """Changes that are published while all the others stand: one instance comes and goes."""
    ask(server, "register", count=1)  # nobody else's lease moves
    seconds = sizes.seconds * 2
    with prober(server, seconds) as probe:
        probe.wait_for("measuring")
        ask(server, "churn", rate=100, connections=COMERS, warm_up=0, seconds=seconds - 1)
        worst = probe.result()["latency"]["max"]
    yield milliseconds(what, "longest stall by a publish", worst, 0.010)


def scraped(server):
    """The time of the median of five pages, and the worst probe meanwhile."""
    with prober(server, 60) as probe:
        probe.wait_for("measuring")
        took = sorted(server.metrics()[1] for _ in range(5))[2]
        probe.end()
        worst = probe.result()["latency"]["max"]
    return took, worst


def expiry(server, sizes, what, restarted):
    """All leases but one end at once, and a while later all instances are deleted."""
    due = restarted + sizes.ttl
    longest = 15 + sizes.instances / 5_000
    time.sleep(max(0, due - 4 - time.monotonic()))
    ask(server, "register", count=1, ttl="5m")
    to_expire = sum(server.instances().values()) - 1
    before = server.index()
    with prober(server, longest + 10) as probe:
        probe.wait_for("measuring")
        # Down and then deleted: two changes each.
        wait_until(lambda: server.index() >= before + 2 * to_expire, "all have expired and are deleted",
                   seconds=longest, pause=0.1)
        probe.end()
        worst = probe.result()["latency"]["max"]
    if (left := sum(server.instances().values())) != 1:
        raise Failure(f"{left} instances are left after the expiry, not 1")
    yield milliseconds(what, "longest stall by the expiry of all", worst, 0.010)


def watched(lab, sizes):
    """Watchers of one service."""
    what = f"{show(sizes.watchers)} watchers of a service"
    with RegistryServer(lab, lab.sluice, 10) as server:
        ask(server, "register", count=100, ttl="5m")
        said = ask(server, "watch", connections=sizes.watchers, seconds=sizes.seconds * 2)
        yield milliseconds(what, "all have a change, p50", said["latency"]["p50"])
        yield milliseconds(what, "all have a change, longest", said["latency"]["max"], 0.200)


def churned(lab, sizes):
    """Connections, with and without changes of the service's members beside them, in turns: short
    ones and many, as the machine's speed changes."""
    what = "2 000 connections a second"
    backends = [str(lab.tools / "sluice_backend"), "--echo", ",".join(map(str, ECHO))]
    static = [f"127.0.0.1:{port}" for port in ECHO]
    p99 = {False: [], True: []}
    log = lab.work / "registry-backends.log"
    with Program(backends, lab.load_core, log, talks=True, polite=True):
        with RegistryServer(lab, lab.sluice, 10, static) as server:
            for n in range(2 * TURNS * sizes.rounds):
                beside = n % 2 != n // 2 % 2  # neither is always the first of a pair
                p99[beside].append(connections_p99(server, sizes, beside))
    calm, busy = median(p99[False]), median(p99[True])
    yield milliseconds(what, "p99 alone", calm)
    yield milliseconds(what, "p99 beside 1 000 changes a second", busy)
    yield Row(what, "ratio of the two", busy / calm, "", 1.1)
    yield Row(what, "failed", 0, "", 0)  # or the load would have failed


def connections_p99(server, sizes, beside):
    def connections():
        with Load(server.lab, "sluice_load", "connect", server.front, connections=64, rate=2_000,
                  warm_up=0.3, seconds=sizes.seconds / TURNS) as load:
            return load.result()["latency"]["p99"]

    if not beside:
        return connections()
    with registry_load(
        server, "churn", rate=1_000, connections=32, warm_up=0.3, seconds=sizes.seconds / TURNS + 0.5
    ) as churn:
        churn.wait_for("measuring")
        p99 = connections()
        churn.result()
    return p99


EXPERIMENTS = {
    "seed": seed, "few": few, "large": large, "watched": watched, "churned": churned,
}


# --- The run


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench --registry", description="Measures the registry against its targets."
    )
    parser.add_argument("sluice", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--tools", type=Path, help=argparse.SUPPRESS)
    parser.add_argument(
        "--quick", action="store_true", help="smaller, in a minute, for a first look"
    )
    parser.add_argument(
        "--only", action="append", choices=list(EXPERIMENTS), metavar="EXPERIMENT",
        help="this experiment; may be given again. One of: " + " ".join(EXPERIMENTS),
    )
    return parser.parse_args()


def main():
    given = parse_arguments()
    os.chdir(ROOT)
    raise_descriptor_limit()
    cores = Cores.of_machine()
    work = ROOT / "build" / "bench"
    work.mkdir(parents=True, exist_ok=True)
    sluice = given.sluice.resolve()
    lab = Lab(
        tools=(given.tools or sluice.parent / "bench").resolve(),
        work=work,
        cores=frozenset(os.sched_getaffinity(0)),
        load_core=cores.load,
        sluice=sluice,
    )
    sizes = QUICK if given.quick else FULL
    rows, errors = [], []
    quiet = Quiet()
    for name in given.only or EXPERIMENTS:
        try:
            for row in EXPERIMENTS[name](lab, sizes):
                rows.append(row)
                print(f"{row.experiment}: {row.figure}: {show(row.value)} {row.unit}"
                      f"  {row.target()} {row.verdict()}", flush=True)
        except (Failure, OSError, RuntimeError, subprocess.SubprocessError) as failure:
            errors.append(f"{name}: {failure}")
            print(f"!! {errors[-1]}", file=sys.stderr)
    others = quiet.others_share([])
    is_full = not (given.quick or given.only)
    folder = ROOT / "bench" if is_full else work
    write(folder, describe(sluice), sizes, rows, errors, others)
    print(f"\n{targets(rows)}\nOthers used {others:.0%} of the machine.")
    print(f"all figures: {folder}/registry.md, .json")
    return 1 if errors else 0


def targets(rows):
    return table(
        ["", "figure", "target", "measured", "verdict"],
        [[row.experiment, row.figure, row.target(), f"{show(row.value)} {row.unit}".strip(),
          row.verdict()] for row in rows],
    )


ABOUT = """\
# The registry

Written by a full run of `./dev bench --registry`; [README.md](README.md) says what is measured and how.

{machine}

Others used {others:.1%} of the machine meanwhile.
"""


def write(folder, machine, sizes, rows, errors, others):
    shown = {name: machine[name] for name in ("date", "cpu", "kernel", "sluice")}
    parts = [ABOUT.format(machine="\n".join(f"- {k}: {v}" for k, v in shown.items()),
                          others=others)]
    if errors:
        parts.append("**There were errors, so these results are not to be trusted:**\n")
        parts.append("".join(f"- {error}\n" for error in errors))
    parts.append(targets(rows))
    (folder / "registry.md").write_text("\n".join(parts))
    result = {
        "machine": shown | {"others_share": others},
        "sizes": asdict(sizes),
        "errors": errors,
        "rows": [asdict(row) | {"verdict": row.verdict()} for row in rows],
    }
    (folder / "registry.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")

"""The programs that make the load, and what each says about a run, in one form: figures.

A figure is a number with a name of FIGURES (figures.py). Times are in seconds until they are shown.
"""

import csv
import json
import subprocess
from dataclasses import dataclass, field

from .processes import Program, output_of

WRK_SECONDS = 2


@dataclass
class Load:
    """What came of a load, with the gauges of the subject around the measured time."""

    seconds: float = 0
    operations: int = 0
    gigabits: float = 0
    quantiles: dict = field(default_factory=dict)  # name of the figure: seconds
    errors: dict = field(default_factory=dict)  # what: times
    before: object = None  # Reading
    after: object = None


class OurLoad:
    """sluice_load, begun at once, ended with its `with`. It says when it measures, and the gauges
    are read right then."""

    def __init__(self, lab, mode, target, *options, warm_up=None, seconds=None):
        command = [str(lab.tools / "sluice_load"), mode, target, *map(str, options)]
        command += ["--warm-up", str(lab.warm_up if warm_up is None else warm_up)]
        command += ["--seconds", str(lab.seconds if seconds is None else seconds)]
        self.program = Program(command, lab.cores.load, lab.work / "load.log", talks=True, polite=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.stop()

    def wait_for(self, word):
        for line in self.program.lines():
            if line.strip() == word:
                return
        raise RuntimeError(f"sluice_load ended before it was {word}")

    def measure(self, read):
        self.wait_for("measuring")
        before = read()
        self.wait_for("measured")
        return self.result(before, after=read())

    def result(self, before=None, after=None):
        *_, last = self.program.lines()
        said = json.loads(last)
        return Load(
            seconds=said["seconds"],
            operations=said["operations"],
            gigabits=(said["bytes_sent"] + said["bytes_received"]) * 8 / 1e9,
            quantiles={
                name: microseconds / 1e6
                for name, microseconds in said.get("latency_us", {}).items()
            },
            errors=said["errors"],
            before=before,
            after=after,
        )


def wrk(lab, target, read, *options):
    """HTTP over 64 connections. It knows no warm-up: its first burst, into a proxy just started, is to
    be less than a thousandth of the requests."""
    seconds = max(WRK_SECONDS, round(lab.seconds))
    script = lab.scripts / "wrk.lua"
    command = ["wrk", "--threads", "1", "--connections", "64", "--duration", f"{seconds}s"]
    command += ["--script", str(script), *options, f"http://{target}/"]
    before = read()
    output = output_of(command, lab.cores.load, seconds + 30)
    said = json.loads(output.splitlines()[-1])
    return Load(
        seconds=said["seconds"],
        operations=said["requests"],
        quantiles={name: us / 1e6 for name, us in said["latency_us"].items()},
        errors={what: times for what, times in said["errors"].items() if times},
        before=before,
        after=read(),
    )


def redis_benchmark(lab, target, read):
    """SET of 64 bytes over 64 connections: a fixed count, about as long as the other runs."""
    count = round(60_000 * lab.seconds)
    host, port = target.split(":")
    command = ["redis-benchmark", "-h", host, "-p", port, "-c", "64", "-n", str(count)]
    command += ["-t", "set", "-d", "64", "-r", "10000", "--csv"]
    before = read()
    rows = list(csv.DictReader(output_of(command, lab.cores.load, 120).splitlines()))
    after = read()
    (row,) = rows
    return Load(
        seconds=count / float(row["rps"]),
        operations=count,
        quantiles={
            "p50": float(row["p50_latency_ms"]) / 1e3,
            "p99": float(row["p99_latency_ms"]) / 1e3,
            "max": float(row["max_latency_ms"]) / 1e3,
        },
        before=before,
        after=after,
    )


def iperf3(lab, target, read):
    """One stream from client to server."""
    host, port = target.split(":")
    seconds = max(1, round(lab.seconds))
    command = ["iperf3", "--client", host, "--port", port, "--time", str(seconds), "--json"]
    before = read()
    try:
        said = json.loads(output_of(command, lab.cores.load, seconds + 30))
    except subprocess.CalledProcessError as failed:
        return Load(errors={json.loads(failed.stdout)["error"]: 1}, before=before, after=read())
    received = said["end"]["sum_received"]
    return Load(
        seconds=received["seconds"],
        gigabits=received["bytes"] * 8 / 1e9,
        before=before,
        after=read(),
    )

"""The machine: which cores do what, what it is made of, and how much of it others used."""

import os
import platform
import re
import resource
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

MOST_DESCRIPTORS = 65_536


@dataclass(frozen=True)
class Cores:
    """The proxy has a core to itself. Load, backends and this program share the other, or have one
    each where there are four."""

    proxy: int
    load: int
    backend: int
    rest: int

    @staticmethod
    def of_machine():
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            raise SystemExit("bench: needs two cores, one for the proxy and one for the load")
        return Cores(*(cores[:4] if len(cores) >= 4 else [cores[0]] + 3 * [cores[1]]))


def raise_descriptor_limit():
    """As high as is allowed, for all that is started from here. Returns the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_DESCRIPTORS, max(hard, MOST_DESCRIPTORS)))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def describe(sluice):
    """What the results depend on, for the report."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", cpuinfo)
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cpu": f"{os.cpu_count()} x {model[1] if model else platform.machine()}",
        "kernel": platform.release(),
        "sluice": version([str(sluice), "version"]),
        "haproxy": version(["haproxy", "-v"]),
        "nginx": version(["nginx", "-v"]),
        "wrk": version(["wrk", "-v"]),
        "redis": version(["redis-server", "--version"]),
        "iperf3": version(["iperf3", "--version"]),
    }


def version(command):
    """The first line that a program prints about itself."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout.strip().splitlines()[0]


class Quiet:
    """How much of the machine was used by others, virtual machines beside this one included: what
    all cores did, less what we and our children did."""

    def __init__(self):
        self.began = self._now()

    def others_share(self, alive):
        """The share of all cores' time, 0 to 1, since the beginning. `alive`: our children that
        still run, with their CPU seconds before and now."""
        busy, ours, at = self._now()
        ours += sum(now - before for before, now in alive)
        elapsed = (at - self.began[2]) * os.cpu_count()
        return max(0.0, (busy - self.began[0] - (ours - self.began[1])) / elapsed)

    @staticmethod
    def _now():
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
        user, nice, system, _, _, irq, softirq, steal = map(int, fields)
        busy = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
        return busy, sum(os.times()[:4]), time.monotonic()

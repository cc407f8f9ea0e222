"""What processes cost: CPU, context switches and memory, with their threads and children."""

import time
from dataclasses import dataclass
from pathlib import Path

CPUCLOCK_SCHED = 2


@dataclass(frozen=True)
class Reading:
    """The gauges of some processes at one moment."""

    at: float
    cpu: float  # seconds
    switches: int  # voluntary and not
    resident: int  # bytes of RSS
    proportional: int  # bytes of PSS: pages that processes share count once


class Processes:
    """A process and the children that it has now; empty for no process."""

    def __init__(self, root=None):
        self.pids = tree_of(root) if root else []

    def read(self, with_memory=False):
        return Reading(
            at=time.monotonic(),
            cpu=sum(map(cpu_seconds, self.pids)),
            switches=sum(map(context_switches, self.pids)),
            resident=sum(smaps(pid, "Rss") for pid in self.pids) if with_memory else 0,
            proportional=sum(smaps(pid, "Pss") for pid in self.pids) if with_memory else 0,
        )


def tree_of(root):
    """`root` and all its descendants."""
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue  # it has just ended
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_seconds(pid):
    """User and system time of all threads, those that have ended included.

    This is the sum that /proc/PID/stat shows in ticks of 10 ms, read from the process's clock in
    nanoseconds (clock_getcpuclockid(3): the id is the inverted pid and the kind of clock)."""
    return time.clock_gettime((~pid << 3) | CPUCLOCK_SCHED)


def context_switches(pid):
    total = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        total += sum(
            int(line.split()[1])
            for line in status.read_text().splitlines()
            if "ctxt_switches" in line
        )
    return total


def smaps(pid, field):
    """Bytes of Rss or Pss."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)

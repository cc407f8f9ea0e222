"""Programs that run beside this one, each on a core of its own choosing."""

import ctypes
import os
import signal
import struct
import subprocess
import time

PR_SET_PDEATHSIG = 1
SYS_sched_setattr = {"x86_64": 314, "aarch64": 274}.get(os.uname().machine)
SHORTEST_SLICE_NS = 100_000  # that the kernel grants
_libc = ctypes.CDLL(None)


class Program:
    """A program in the background, pinned to a core, or to some. It ends with stop(), with the `with` that it
    is in, or when we do. What it says goes to its log; with `talks`, its standard output is for
    lines(); `polite`, it takes short turns where it shares a core, so that what is measured is not how long
    load and backends wait for each other (Linux 6.12 and later)."""

    def __init__(self, command, core, log, stop_with=signal.SIGTERM, talks=False, polite=False):
        self.name = os.path.basename(command[0])
        self.log = log
        self.stop_with = stop_with
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else output,
                stderr=output,
                text=True,
                preexec_fn=lambda: _settle(core, polite),
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self.process.pid

    def is_alive(self):
        return self.process.poll() is None

    def lines(self):
        """Its standard output, line by line as it comes."""
        return iter(self.process.stdout.readline, "")

    def stop(self):
        """Asks it to end, and sees to it that it does."""
        self.process.send_signal(self.stop_with)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def output_of(command, core, timeout):
    """Runs a program to its end on a core; raises CalledProcessError if it fails."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=timeout,
        check=True,
        preexec_fn=lambda: _settle(core, polite=True),
    )
    return done.stdout


def wait_until(condition, what, seconds=10, pause=0.005):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s in vain until {what}")
        time.sleep(pause)


def _settle(core, polite):
    os.sched_setaffinity(0, core if isinstance(core, frozenset) else {core})
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if polite and SYS_sched_setattr:
        wish = struct.pack("IIQiIQQQ", 48, os.SCHED_OTHER, 0, 0, 0, SHORTEST_SLICE_NS, 0, 0)
        _libc.syscall(SYS_sched_setattr, 0, wish, 0)

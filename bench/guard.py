#!/usr/bin/env python3
"""Guards what an echo and a connection cost in system calls, user instructions and allocations.

    bench/guard.py BINARY             compares with bench/guard.json; exits with 1 if instructions
                                      grew by more than 5 %, or calls or allocations by one
    bench/guard.py --record BINARY    takes what is counted now for what it is to cost

These are counts, not times: a busy machine changes nothing about them. To be the same from run to
run they need the same order of events, too, so everything goes one step at a time: this program is
client and instances in one, and after each step waits until the proxy's worker sleeps again.

System calls are those of all threads, counted by strace while the proxy runs. Instructions and
calls of malloc are counted by valgrind's callgrind; they depend on compiler and C library, which
is why guard.json names those that it was made with.
"""

import argparse
import collections
import json
import os
import pathlib
import platform
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

RECORD = pathlib.Path(__file__).with_name("guard.json")
TOLERATED = {"system calls": 0, "instructions": 0.05, "allocations": 0}  # shares
NOISE = 0.3  # of one call or one allocation: timers of all threads tick while we count
HABIT = 80  # times, after which a service is known for one whose clients speak first
PATIENCE = 60  # seconds for any one step; valgrind takes its time
MESSAGE = b"x" * 64

PORT = 8080  # below the ports that the kernel gives out, as an instance's port usually is
FRONT = ("127.77.255.1", PORT)


class Failure(Exception):
    """What goes wrong here, in words for whoever started us."""


def wait_until(holds, what):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise Failure(f"waited {PATIENCE} s in vain: {what}")


class Instances:
    """Listening sockets of their own address each, and the connections that come in."""

    def __init__(self, count):
        self.addresses = [(f"127.77.{i // 250}.{i % 250 + 1}", PORT) for i in range(count)]
        self._poll = select.epoll()
        self._sockets = {}
        for address in self.addresses:
            listening = socket.create_server(address)
            self._sockets[listening.fileno()] = listening
            self._poll.register(listening)

    def accept(self):
        ready = self._poll.poll(PATIENCE)
        if not ready:
            raise Failure("the proxy connects to nobody")
        connection, _ = self._sockets[ready[0][0]].accept()
        connection.settimeout(PATIENCE)
        return connection

    def close(self):
        self._poll.close()
        for listening in self._sockets.values():
            listening.close()


class Proxy:
    """The binary, started by `launcher`, with one worker and what a workload asks for."""

    def __init__(self, binary, workload, launcher, folder):
        self._instances = Instances(workload.instances)
        self._logged = workload.logged
        self._ended = 0  # connections
        self._log = folder / "log"
        self._log.write_text("")  # of the run before
        self._config = folder / "guard.yaml"
        self._config.write_text(self._yaml(workload, folder))
        self._output = (folder / "output").open("w+")
        self._process = subprocess.Popen(
            [*launcher, binary, "run", str(self._config)],
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        self.pid = self._process.pid
        try:
            wait_until(self._accepts, "the proxy does not open its listener")
            self._worker = self._find_worker()
        except Failure:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._instances.close()
        self._output.close()

    def connect(self):
        """A client that has spoken, and the instance's end of its connection, which has heard it. An
        instance may not know of a connection before its client has spoken."""
        client = socket.create_connection(FRONT, PATIENCE)
        self.settle()
        client.sendall(MESSAGE)
        self.settle()
        server = self._instances.accept()
        self._hear(server)
        return client, server

    def pass_on(self, source, sink):
        source.sendall(MESSAGE)
        self.settle()
        self._hear(sink)

    def _hear(self, sink):
        if sink.recv(len(MESSAGE)) != MESSAGE:
            raise Failure("the proxy did not pass on what was sent")

    def close(self, client, server):
        for one, other in ((client, server), (server, client)):
            one.shutdown(socket.SHUT_WR)
            self.settle()
            if other.recv(1) != b"":
                raise Failure("the proxy did not pass on the end")
        client.close()
        server.close()
        self._ended += 1

    def settle(self):
        """Waits until the worker sleeps. The kernel has marked it as awake before a send that
        concerns it returns, so asleep means done."""
        wait_until(lambda: state_of(self._worker) == "S", "the worker does not come to rest")

    def rest(self):
        """Waits until the log is written, too: a thread of its own does that every 100 ms."""
        if self._logged:
            wait_until(lambda: self._lines() == self._ended, "the log lacks sessions")

    def _lines(self):
        return self._log.read_text().count('"msg":"session"')

    def _accepts(self):
        if self._process.poll() is not None:
            self._output.seek(0)
            raise Failure(f"the proxy has ended:\n{self._output.read()}")
        try:
            client = socket.create_connection(FRONT, PATIENCE)
        except ConnectionRefusedError:
            time.sleep(0.02)
            return False
        self._instances.accept().close()
        client.close()
        self._ended += 1
        return True

    def _find_worker(self):
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            if (task / "comm").read_text().strip() == "worker-0":
                return task
        raise Failure("the proxy has no thread named worker-0")

    def _yaml(self, workload, folder):
        addresses = ", ".join(f'"{host}:{port}"' for host, port in self._instances.addresses)
        return (
            # How often a worker asks before it sleeps is up to the machine.
            "process: {workers: 1, busy_poll: false}\n"
            f'log: {{target: "{self._log}"}}\n'
            f'admin: {{bind: "unix:{folder}/admin"}}\n'
            "listeners:\n"
            f'  - {{bind: "{FRONT[0]}:{FRONT[1]}", service: s, '
            f"access_log: {str(workload.logged).lower()}}}\n"
            "services:\n"
            f"  - {{name: s, check: {{type: none}}, instances: [{addresses}]}}\n"
        )


def state_of(task):
    """R, S, ... of a thread, see proc(5)."""
    return (task / "stat").read_text().rpartition(")")[2].split()[0]


# --- What is measured: a workload is prepared once and then done any number of times.


class Echo:
    """One message there and back on a connection that stays."""

    instances = 3
    logged = False
    times = 1000

    def __init__(self, proxy):
        self._proxy = proxy
        self._client, self._server = proxy.connect()

    def once(self):
        self._proxy.pass_on(self._client, self._server)
        self._proxy.pass_on(self._server, self._client)


class Connection:
    """One connection from beginning to end, with one message there and back."""

    instances = 3
    logged = False
    times = 300

    def __init__(self, proxy):
        self._proxy = proxy

    def once(self):
        client, server = self._proxy.connect()
        self._proxy.pass_on(server, client)
        self._proxy.close(client, server)


class ConnectionAmongMany(Connection):
    instances = 1000


class LoggedConnection(Connection):
    logged = True


WORKLOADS = {
    "echo of 64 bytes": Echo,
    "connection, 3 instances": Connection,
    "connection, 1000 instances": ConnectionAmongMany,
    "connection, logged": LoggedConnection,
}


def per_time(workload, total):
    return round(total / workload.times, 2)


def warmed_up(workload, proxy):
    ready = workload(proxy)
    for _ in range(HABIT):
        ready.once()
    proxy.rest()
    return ready


def count_system_calls(binary, workload, folder):
    table = folder / "strace"
    with Proxy(binary, workload, [], folder) as proxy:
        ready = warmed_up(workload, proxy)
        strace = subprocess.Popen(
            ["strace", "-f", "-qq", "-c", "-U", "calls,name", "-o", table, "-p", str(proxy.pid)]
        )
        wait_until(lambda: is_traced(proxy.pid, strace), "strace does not attach to the proxy")
        for _ in range(workload.times):
            ready.once()
        proxy.rest()
        strace.send_signal(signal.SIGINT)
        strace.wait(PATIENCE)
    calls = {}
    for count, name in re.findall(r"^\s*(\d+)\s+(\w+)$", table.read_text(), re.MULTILINE):
        if per_time(workload, int(count)) > NOISE and name != "total":
            calls[name] = per_time(workload, int(count))
    return dict(sorted(calls.items()))


def is_traced(pid, strace):
    if strace.poll() is not None:
        raise Failure("strace has ended; may this user trace processes?")
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return all("TracerPid:\t0\n" not in (task / "status").read_text() for task in tasks)


def count_instructions(binary, workload, folder):
    """Instructions and allocations of one time."""
    profile = folder / "callgrind"
    valgrind = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={profile}"]
    with Proxy(binary, workload, valgrind, folder) as proxy:
        ready = warmed_up(workload, proxy)
        callgrind_control("--zero", proxy.pid)
        for _ in range(workload.times):
            ready.once()
        proxy.rest()
        callgrind_control("--dump", proxy.pid)
    counted = profile.with_name("callgrind.1").read_text()
    instructions = int(re.search(r"^totals: (\d+)", counted, re.MULTILINE)[1])
    return round(instructions / workload.times), per_time(workload, calls_of_malloc(counted))


def callgrind_control(what, pid):
    done = subprocess.run(["callgrind_control", what, str(pid)], capture_output=True, text=True)
    if done.returncode != 0 or "OK" not in done.stdout:
        raise Failure(f"callgrind_control {what} failed: {done.stdout}{done.stderr}")


def calls_of_malloc(profile):
    """In a profile names are given once, as "fn=(12) malloc", and are "(12)" from then on."""
    names = dict(re.findall(r"^c?fn=(\(\d+\)) (.+)$", profile, re.MULTILINE))
    calls = collections.Counter()
    for callee, count in re.findall(r"^cfn=(\(\d+\)).*\ncalls=(\d+)", profile, re.MULTILINE):
        calls[names[callee]] += int(count)
    return sum(calls[name] for name in ("malloc", "calloc", "realloc"))


def cost(binary, workload):
    with tempfile.TemporaryDirectory(prefix="guard-") as name:
        folder = pathlib.Path(name)
        calls = count_system_calls(binary, workload, folder)
        instructions, allocations = count_instructions(binary, workload, folder)
    return {
        "instructions": instructions,
        "allocations": allocations,
        "system calls": round(sum(calls.values()), 2),
        "of these": calls,
    }


# --- What came out.


def makers(binary):
    """What the counts depend on beside our own code."""
    compiler = re.search(rb"GCC: \([^)]*\) [\d.]+|clang version [\d.]+", binary.read_bytes())
    valgrind = subprocess.run(["valgrind", "--version"], capture_output=True, text=True, check=True)
    return {
        "compiler": compiler[0].decode() if compiler else "unknown",
        "C library": " ".join(platform.libc_ver()),
        "valgrind": valgrind.stdout.strip(),
    }


def compare(recorded, counted):
    """Prints every quantity; answers sentences on those that grew."""
    grown = []
    for workload, costs in counted.items():
        before_of = recorded.get(workload, {})
        for quantity, tolerated in TOLERATED.items():
            now = costs[quantity]
            before = before_of.get(quantity)
            if before is None:
                grown.append(f"{workload}: {quantity}: not recorded yet, now {now:g}")
                continue
            change = f"{(now - before) / before:+.1%}" if before else f"{now - before:+g}"
            print(f"{workload:28}{quantity:14}{before:12g}{now:12g}{change:>10}")
            if now > before * (1 + tolerated) + NOISE:
                grown.append(f"{workload}: {quantity}: {before:g} before, {now:g} now, {change}")
                if quantity == "system calls":
                    grown[-1] += difference(before_of["of these"], costs["of these"])
    return grown


def difference(before, now):
    names = sorted(before.keys() | now.keys())
    changed = [n for n in names if abs(now.get(n, 0) - before.get(n, 0)) > NOISE]
    words = [f"{name} {before.get(name, 0):g} -> {now.get(name, 0):g}" for name in changed]
    return f" ({', '.join(words)})"


def guard(binary, is_to_record):
    made_with = makers(binary)
    counted = {}
    for name, workload in WORKLOADS.items():
        print(f"counting: {name}", file=sys.stderr, flush=True)
        counted[name] = cost(binary, workload)
    if is_to_record:
        RECORD.write_text(json.dumps({"made with": made_with, "costs": counted}, indent=2) + "\n")
        print(f"recorded in {RECORD}")
        return 0
    recorded = json.loads(RECORD.read_text())
    print(f"{'':42}{'recorded':>12}{'now':>12}{'change':>10}")
    grown = compare(recorded["costs"], counted)
    for what, then in recorded["made with"].items():
        if made_with[what] != then:
            print(f"warning: {what} was {then} when recorded, now {made_with[what]}: instructions "
                  "may differ for that reason alone")
    for sentence in grown:
        print(f"GREW  {sentence}")
    print("dearer than recorded" if grown else "nothing grew")
    return 1 if grown else 0


def main():
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--record", action="store_true", help="rewrite bench/guard.json")
    arguments.add_argument("binary", type=pathlib.Path, help="the release build of sluice")
    said = arguments.parse_args()
    # A listener and a connection an instance, with room to spare.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
    try:
        return guard(said.binary.resolve(), said.record)
    except (Failure, OSError, subprocess.SubprocessError) as failure:
        print(f"guard: {failure}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())

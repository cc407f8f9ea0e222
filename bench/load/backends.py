"""What stands behind the proxies: our own servers, and real ones."""

import json
import socket

from .measure import cpu_seconds
from .processes import Program, wait_until

HOST = "127.0.0.1"

# Three instances a service. Redis and iperf3 have one: what a client does on one connection must be
# there on the next.
PORTS = {
    "echo": [21001, 21002, 21003],
    "source": [21011, 21012, 21013],
    "both": [21021, 21022, 21023],
    "web": [21031, 21032, 21033],
    "redis": [21041],
    "iperf3": [21051],
}

WEB = """\
daemon off;
worker_processes 1;
pid {work}/web.pid;
error_log {work}/web.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
{servers}
}}
"""
WEB_SERVER = '  server {{ listen {host}:{port} backlog=4096; return 200 "{body}"; }}'
WEB_BODY = "0123456789abcdef" * 64


class Backends:
    """All of them, started at once; they stay for the whole run. A context manager."""

    def __init__(self, tools, work, core):
        (work / "web.conf").write_text(
            WEB.format(
                work=work,
                servers="\n".join(
                    WEB_SERVER.format(host=HOST, port=port, body=WEB_BODY) for port in PORTS["web"]
                ),
            )
        )
        ours = [str(tools / "sluice_backend")]
        for role in ("echo", "source", "both"):
            ours += [f"--{role}", ",".join(map(str, PORTS[role]))]
        web = ["nginx", "-e", f"{work}/web.log", "-c", f"{work}/web.conf"]
        redis = ["redis-server", "--bind", HOST, "--port", str(PORTS["redis"][0])]
        redis += ["--save", "", "--appendonly", "no"]
        iperf3 = ["iperf3", "--server", "--bind", HOST, "--port", str(PORTS["iperf3"][0])]
        for port in sum(PORTS.values(), []):
            if is_open(port):
                raise SystemExit(f"bench: port {port} is in use by another program")
        self.programs = {
            name: Program(command, core, work / f"{name}.log", talks=name == "ours", polite=True)
            for name, command in {
                "ours": ours, "web": web, "redis": redis, "iperf3": iperf3,
            }.items()
        }

    def __enter__(self):
        for port in sum(PORTS.values(), []):
            if port not in PORTS["iperf3"]:  # it takes any connection for a test
                wait_until(lambda port=port: is_open(port), f"a backend listens on {port}")
        return self

    def __exit__(self, *_):
        for program in self.programs.values():
            program.stop()

    def cpu(self):
        return sum(cpu_seconds(program.pid) for program in self.programs.values())

    def problems(self):
        """What our servers have noticed and their clients could not. Ends them."""
        ours = self.programs["ours"]
        ours.stop()
        *_, last = ours.lines()
        counts = json.loads(last)
        return {what: times for what, times in counts.items() if what != "accepted" and times}


def echoes(port):
    """Whether what listens there carries a byte to an echo backend and back."""
    try:
        with socket.create_connection((HOST, port), timeout=1) as client:
            client.sendall(b"?")
            return client.recv(1) == b"?"
    except OSError:
        return False


def is_open(port):
    try:
        socket.create_connection((HOST, port), timeout=1).close()
        return True
    except OSError:
        return False

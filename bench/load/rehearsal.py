"""Before anything is measured: is each proxy really in the path, and does it balance as asked?

A few connections are held open through each proxy. The kernel's table must then show the proxy's
own sockets to the backends, as many as there are connections, and the same number to each backend.
"""

import os
import socket
from collections import Counter
from pathlib import Path

from .backends import PORTS
from .processes import wait_until

CONNECTIONS = 6
ESTABLISHED = "01"


def rehearse(subject):
    """Raises SystemExit if the subject, which is running, does not do what it is compared for."""
    host, port = subject.target("echo").split(":")
    clients = [socket.create_connection((host, int(port)), timeout=5) for _ in range(CONNECTIONS)]
    for n, client in enumerate(clients):
        client.sendall(b"%d" % n)
        if client.recv(2) != b"%d" % n:
            raise SystemExit(f"bench: {subject.label} did not carry an echo")
    expected = {port: CONNECTIONS // len(PORTS["echo"]) for port in PORTS["echo"]}
    try:
        wait_until(lambda: upstreams(subject) == expected, "connections are spread evenly", 3)
    except TimeoutError:
        raise SystemExit(
            f"bench: {subject.label} is not in the path, or does not balance by least connections:"
            f" it holds {dict(upstreams(subject))}, not {expected}"
        ) from None
    for client in clients:
        client.close()


def upstreams(subject):
    """How many connections the subject's processes have to each port of the echo backends."""
    inodes = set()
    for pid in subject.processes.pids:
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            try:
                inodes.add(os.readlink(fd))
            except OSError:
                pass  # closed meanwhile
    found = Counter()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        remote_port = int(fields[2].split(":")[1], 16)
        is_ours = f"socket:[{fields[9]}]" in inodes
        if is_ours and fields[3] == ESTABLISHED and remote_port in PORTS["echo"]:
            found[remote_port] += 1
    return found

"""A Sluice with a registry of many services, and what can be read off it from outside."""

import http.client
import json
import signal
import time

from .backends import HOST, is_open
from .measure import cpu_seconds, smaps
from .processes import Program, wait_until

ADMIN = 20601
LISTENER = 20602
ECHO = (21001, 21002, 21003)


class RegistryServer:
    """Started afresh with an empty store; restart() keeps the store. A context manager."""

    def __init__(self, lab, sluice, services, static=()):
        self.lab = lab
        self.sluice = sluice
        self.services = services
        self.static = static  # addresses of s0's
        self.address = f"{HOST}:{ADMIN}"
        self.front = f"{HOST}:{LISTENER}"
        self.store = lab.work / "registry.db"
        self.config = lab.work / "registry.yaml"
        self.program = None

    def __enter__(self):
        for left in self.lab.work.glob(self.store.name + "*"):
            left.unlink()
        self.config.write_text(self.text())
        self.start()
        return self

    def __exit__(self, *_):
        self.program.stop()

    def start(self):
        """Returns the seconds until it is ready."""
        if is_open(ADMIN):
            raise SystemExit(f"bench: port {ADMIN} is in use by another program")
        log = self.lab.work / "registry.log"
        began = time.monotonic()
        command = [str(self.sluice), "run", str(self.config)]
        self.program = Program(command, self.lab.cores, log, signal.SIGINT)
        wait_until(
            lambda: self.is_ready() or not self.program.is_alive(),
            f"Sluice is ready; its log is {log}",
            seconds=60,
        )
        if not self.program.is_alive():
            raise SystemExit(f"bench: Sluice does not start; its log is {log}")
        return time.monotonic() - began

    def restart(self):
        self.program.stop()
        return self.start()

    def is_ready(self):
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def get(self, path):
        """Status and body."""
        connection = http.client.HTTPConnection(self.address, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def metrics(self):
        """By name with labels, and how long the page took."""
        began = time.monotonic()
        _, page = self.get("/metrics")
        took = time.monotonic() - began
        values = {}
        for line in page.decode().splitlines():
            if not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
        return values, took

    def instances(self):
        """Of all services together, by state."""
        values, _ = self.metrics()
        counts = {}
        for name, value in values.items():
            if name.startswith("sluice_registry_instances"):
                state = name.split('state="')[1].split('"')[0]
                counts[state] = counts.get(state, 0) + value
        return counts

    def index(self):
        """How many changes there were. A small page, where instances() is megabytes."""
        return json.loads(self.get("/v1/status")[1])["index"]

    def cpu(self):
        return cpu_seconds(self.program.pid)

    def resident(self):
        return smaps(self.program.pid, "Rss")

    def text(self):
        lines = [
            "process: {workers: 2}",
            "log: {level: warn}",
            f'admin: {{bind: "{self.address}", limits: {{connections: 8192}}}}',
            "registry:",
            f'  store: {{type: sqlite, path: "{self.store}", sync: full}}',
            "  on_expire: {verify: none, delete_after: 3s}",
            "  self_preservation: {threshold: 1}",  # what ends together goes together
            "defaults: {access_log: false, check: {type: none}}",
            f'listeners: [{{bind: "{self.front}", service: s0}}]',
            "services:",
        ]
        for n in range(self.services):
            static = ", ".join(json.dumps(address) for address in self.static if n == 0)
            lines.append(f"  - {{name: s{n}, instances: [{static}]}}")
        return "\n".join(lines) + "\n"

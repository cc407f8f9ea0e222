"""The subjects: each proxy's configuration, and how it is started and stopped.

All have one worker, least connections, the same backends and the same generous timeouts; none
writes an access log or checks health. What is not said is the proxy's default. A proxy is started
afresh for each measurement, so that none profits or suffers from what came before, and no proxy
runs beside another.
"""

import signal
from dataclasses import dataclass, field

from .backends import HOST, PORTS, echoes, is_open
from .measure import Processes
from .processes import Program, wait_until

MOST_CONNECTIONS = 9_900  # two descriptors each, of the 20 000 that a container often allows
MANY = 10_000


@dataclass(frozen=True)
class Service:
    name: str
    listen: int  # port
    instances: list = field(hash=False)


def services(first_port, echo_instances=None):
    """One service a kind of backend, on consecutive ports."""
    return [
        Service(
            name,
            first_port + n,
            (name == "echo" and echo_instances) or [f"{HOST}:{port}" for port in ports],
        )
        for n, (name, ports) in enumerate(PORTS.items())
    ]


class Subject:
    """What stands between load and backends. start() and stop() it once a measurement."""

    name = ""
    label = ""
    config_name = ""
    stop_with = signal.SIGTERM

    def __init__(self, first_port, echo_instances=None):
        self.services = services(first_port, echo_instances)
        self.program = None
        self.processes = Processes()

    def target(self, service):
        port = next(known.listen for known in self.services if known.name == service)
        return f"{HOST}:{port}"

    def start(self, work, core):
        """Returns when it carries bytes. That it and nothing else does is certain: before, nobody
        listened there."""
        port = self.services[0].listen
        if is_open(port):
            raise SystemExit(f"bench: port {port} is in use by another program")
        config = work / f"{self.name}.{self.config_name}"
        config.write_text(self.config(work))
        log = work / f"{self.name}.log"
        self.program = Program(self.command(config), core, log, self.stop_with)
        wait_until(
            lambda: echoes(port) or not self.program.is_alive(),
            f"{self.label} carries an echo; its log is {log}",
        )
        if not self.program.is_alive():
            raise SystemExit(f"bench: {self.label} does not start; its log is {log}")
        self.processes = Processes(self.program.pid)

    def stop(self):
        """Returns whether it had lived until now."""
        was_alive = self.program.is_alive()
        self.program.stop()
        return was_alive

    def config(self, work):
        raise NotImplementedError

    def command(self, config):
        raise NotImplementedError


class Direct(Subject):
    """No proxy: the load goes to the first backend."""

    name = "direct"
    label = "direct"

    def __init__(self):
        super().__init__(0)

    def target(self, service):
        return f"{HOST}:{PORTS[service][0]}"

    def start(self, work, core):
        pass

    def stop(self):
        return True


class Sluice(Subject):
    label = "Sluice"
    config_name = "yaml"
    stop_with = signal.SIGINT  # at once, without a drain

    def __init__(self, binary, first_port, build="sluice", echo_instances=None):
        super().__init__(first_port, echo_instances)
        self.name = build
        self.label = self.label.replace("Sluice", build) if build != "sluice" else self.label
        self.binary = binary
        self.admin = f"{HOST}:{first_port - 1}"

    def command(self, config):
        return [str(self.binary), "run", str(config)]

    def config(self, work):
        lines = [
            "process: {workers: 1}",
            "log: {level: warn}",
            f'admin: {{bind: "{self.admin}"}}',
            "defaults: {access_log: false, check: {type: none}}",
            "listeners:",
        ]
        for service in self.services:
            lines.append(f'  - {{bind: "{HOST}:{service.listen}", service: {service.name}}}')
        lines.append("services:")
        for service in self.services:
            instances = ", ".join(f'"{instance}"' for instance in service.instances)
            lines.append(f"  - {{name: {service.name}, instances: [{instances}]}}")
        return "\n".join(lines) + "\n"


class SluiceOfMany(Sluice):
    """Sluice with 10 000 instances in the echo service: as many loopback addresses."""

    label = "Sluice, 10 000 instances"

    def __init__(self, binary, first_port, build="sluice"):
        port = PORTS["echo"][0]
        many = [f"127.1.{n // 250}.{n % 250 + 1}:{port}" for n in range(MANY)]
        super().__init__(binary, first_port, build, many)
        self.name = f"{build}-many"


class HAProxy(Subject):
    name = "haproxy"
    label = "HAProxy"
    config_name = "cfg"
    splice = False

    def command(self, config):
        return ["haproxy", "-db", "-f", str(config)]

    def config(self, work):
        lines = [
            "global",
            "  nbthread 1",
            f"  maxconn {MOST_CONNECTIONS}",
            "defaults",
            "  mode tcp",
            "  balance leastconn",
            "  timeout connect 2s",
            "  timeout client 1h",
            "  timeout server 1h",
        ]
        if self.splice:
            lines.insert(1, "  maxpipes 64")  # by default it keeps descriptors for thousands
            # Always: with splice-auto it often chooses to copy, at up to four times the cost.
            lines += ["  option splice-request", "  option splice-response"]
        for service in self.services:
            lines.append(f"listen {service.name}")
            lines.append(f"  bind {HOST}:{service.listen} backlog 4096")
            for n, instance in enumerate(service.instances):
                lines.append(f"  server s{n} {instance}")
        return "\n".join(lines) + "\n"


class HAProxySplice(HAProxy):
    name = "haproxy-splice"
    label = "HAProxy, splice"
    splice = True


class Nginx(Subject):
    name = "nginx"
    label = "nginx"
    config_name = "conf"

    def command(self, config):
        return ["nginx", "-e", f"{config.parent}/nginx.log", "-c", str(config)]

    def config(self, work):
        lines = [
            "load_module /usr/lib/nginx/modules/ngx_stream_module.so;",
            "daemon off;",
            "worker_processes 1;",
            f"pid {work}/nginx.pid;",
            f"error_log {work}/nginx.log;",
            f"events {{ worker_connections {2 * MOST_CONNECTIONS + 100}; }}",
            "stream {",
            "  access_log off;",
            "  tcp_nodelay on;",
            "  proxy_connect_timeout 2s;",
            "  proxy_timeout 1h;",
        ]
        for service in self.services:
            servers = " ".join(f"server {instance};" for instance in service.instances)
            lines.append(f"  upstream {service.name} {{ least_conn; {servers} }}")
            lines.append(
                f"  server {{ listen {HOST}:{service.listen} backlog=4096;"
                f" proxy_pass {service.name}; }}"
            )
        lines.append("}")
        return "\n".join(lines) + "\n"


def all_subjects(sluice, builds):
    """By name. `builds`: others of Sluice, by their names."""
    subjects = [
        Sluice(sluice, 20101),
        HAProxySplice(20201),
        HAProxy(20301),
        Nginx(20401),
        Direct(),
        SluiceOfMany(sluice, 20501),
    ]
    for n, (name, binary) in enumerate(builds.items()):
        subjects.append(Sluice(binary, 22101 + 200 * n, name))
        subjects.append(SluiceOfMany(binary, 22201 + 200 * n, name))
    return {subject.name: subject for subject in subjects}

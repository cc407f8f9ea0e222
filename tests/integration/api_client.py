#!/usr/bin/env python3
"""A client of the admin API with Python's standard library alone.

api_client.py ADDRESS steady TIMES     so many heartbeats and reads, all on one connection
api_client.py ADDRESS once             each request on a connection of its own; faults
api_client.py ADDRESS waiting          reads that wait for a change
api_client.py ADDRESS watch HOW        prints each change of service s as a line, for ever;
                                       goes on by HOW: last-event-id | since

All but the last end with status 0, or with what was not as it should be.
"""
import http.client
import itertools
import json
import sys
import time
import urllib.error
import urllib.request

A = "/v1/services/s/instances/a"
JSON = {"Content-Type": "application/json"}


def ask(connection, method, target, body=None):
    """The answer's status, header fields and JSON."""
    connection.request(method, target, body, JSON)
    return answer_on(connection)


def answer_on(connection):
    response = connection.getresponse()
    text = response.read()
    return response.status, response.headers, json.loads(text) if text else None


def expect(actual, wanted):
    assert actual == wanted, f"{actual!r} is not {wanted!r}"


def steady(address, times):
    connection = http.client.HTTPConnection(address)
    connection.connect()
    port = connection.sock.getsockname()[1]

    def on_it(method, target, body=None, wanted=200):
        status, headers, said = ask(connection, method, target, body)
        expect(status, wanted)
        expect(connection.sock and connection.sock.getsockname()[1], port)
        return said

    on_it("PUT", A, '{"address": "10.0.0.1:80", "ttl": "30s"}')
    for n in range(int(times)):
        # Of a body whose length nobody knows, http.client makes chunks.
        body = f'{{"load": {n}}}' if n % 2 else iter([b'{"load"', b": %d" % n, b"}"])
        expect(on_it("PUT", A + "/heartbeat", body)["state"], "up")
        expect(on_it("GET", "/v1/services/s")["instances"][0]["load"], n)
    on_it("GET", "/v1/services/none", wanted=404)
    on_it("HEAD", "/v1/services/s")
    on_it("PUT", A, '{"address": "10.0.0.1:80", "weight": "much"}', wanted=400)
    expect(on_it("DELETE", A)["connections"], 0)
    expect(on_it("GET", "/v1/services/s")["instances"], [])


def once(address):
    def say(method, target, body=None):
        request = urllib.request.Request(f"http://{address}{target}", body, JSON, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as fault:
            return fault.code, json.load(fault)["error"]["code"]

    expect(say("PUT", A + "/heartbeat", b"{}"), (404, "unknown_instance"))
    status, said = say("PUT", A, b'{"address": "10.0.0.1", "port": 80, "labels": {"role": "x"}}')
    expect((status, said["created"]), (200, True))
    expect(say("PUT", A + "/heartbeat", b"{}")[1]["incarnation"], said["incarnation"])
    expect(say("GET", "/v1/services/s/instance?selector=role%3Dx")[1]["id"], "a")
    expect(say("POST", "/v1/services/s"), (405, "method_not_allowed"))
    expect(say("PUT", A, b"{"), (400, "invalid"))
    expect(say("DELETE", A)[0], 200)
    expect(say("DELETE", A), (404, "unknown_instance"))


def waiting(address):
    reader, writer = (http.client.HTTPConnection(address) for _ in range(2))
    for weight in range(1, 20):
        _, headers, _ = ask(reader, "GET", "/v1/services/s")
        seen = int(headers["X-Sluice-Index"])
        reader.request("GET", f"/v1/services/s?index={seen}&wait=5m")
        ask(writer, "PUT", A, json.dumps({"address": "10.0.0.1:80", "weight": weight}))
        status, headers, said = answer_on(reader)
        expect((status, said["instances"][0]["weight"]), (200, weight))
        expect(int(headers["X-Sluice-Index"]), seen + 1)


def events(response):
    """Each event of a stream as it is complete: a dict of its fields."""
    event = {}
    for line in iter(response.readline, b""):
        name, colon, value = line.decode().rstrip("\n").partition(":")
        if name or colon:  # a field, or a comment, which has no name
            event[name] = value.removeprefix(" ")
            continue
        if "data" in event:
            yield event
        event = {}


def subscribe(address, how, last):
    connection = http.client.HTTPConnection(address)
    target, headers = "/v1/watch?service=s", {}
    if last and how == "last-event-id":
        headers["Last-Event-ID"] = last
    elif last:
        epoch, _, index = last.rpartition("-")
        target += f"&epoch={epoch}&since={index}"
    connection.request("GET", target, headers=headers)
    response = connection.getresponse()
    expect((response.status, response.headers["Content-Type"]), (200, "text/event-stream"))
    return response


def tell(*words):
    print(*words, flush=True)


def take(known, event):
    """Brings `known` (state by id) up to date and tells what is new by that."""
    said = json.loads(event["data"])
    if event["event"] == "change":
        tell(said["kind"], said["id"], said["to"])
        known[said["id"]] = said["to"]
        if said["kind"] == "removed":
            del known[said["id"]]
        return
    tell("snapshot")
    now = {each["id"]: each["state"] for each in said["services"][0]["instances"]}
    for gone in sorted(known.keys() - now.keys()):
        tell("removed", gone, known[gone])
    for one, state in sorted(now.items()):
        if known.get(one) != state:
            tell("state" if one in known else "added", one, state)
    known.clear()
    known.update(now)


def watch(address, how):
    known, last = {}, None
    while True:
        try:
            # Hangs up on every second event, so that most of them come after a gap.
            with subscribe(address, how, last) as response:
                for event in itertools.islice(events(response), 2):
                    take(known, event)
                    last = event["id"]
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)


if __name__ == "__main__":
    address, what, *more = sys.argv[1:]
    {"steady": steady, "once": once, "waiting": waiting, "watch": watch}[what](address, *more)

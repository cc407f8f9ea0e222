"""Reads /metrics of the given HOST:PORT every second until it is ended; prints the size and the
time of each scrape."""

import http.client
import sys
import time

while True:
    began = time.monotonic()
    connection = http.client.HTTPConnection(sys.argv[1], timeout=5)
    connection.request("GET", "/metrics")
    page = connection.getresponse()
    size = len(page.read())
    if page.status != 200:
        sys.exit(f"status {page.status}")
    connection.close()
    took = time.monotonic() - began
    print(size, "bytes in", round(took * 1e3), "ms", flush=True)
    time.sleep(max(0.0, 1 - took))

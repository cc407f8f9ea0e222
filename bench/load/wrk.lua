-- Prints what wrk has measured as one line of JSON, the last.
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"seconds": %f, "requests": %d, "latency_us": {"p50": %f, "p99": %f, "p999": %f, "max": %f}, ' ..
    '"errors": {"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}}\n',
    summary.duration / 1e6, summary.requests,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max,
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end

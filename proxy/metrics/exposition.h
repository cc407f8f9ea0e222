// Prometheus's text format 0.0.4, from prometheus-cpp's types: byte for byte what the library's own
// TextSerializer writes, which the test holds this to.
//
// That one is not used because of what it costs: it puts each character of a label into an ostream
// by itself and prints every number through a locale, 74 % of the 80 ms that a scrape of 10,000
// instances took. Appending to a string takes a tenth of that.
//
// A value is printed with 16 significant digits, as printf's %.16g would: every integer up to 2^53
// exactly. Label values are escaped (newline, backslash, quote); names and help are written as they
// are. A histogram without a bucket up to +Inf gets one, with its sample count.
//
// Pure; any thread.
#pragma once

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <string>

namespace sluice::metrics {

// The head of a family: help unless it is empty, and type. Its series are not looked at. Requires:
// a valid name, and no newline or backslash in the help.
void append_head(std::string& out, const prometheus::MetricFamily& family);

// One series of the family, which need not be among those that it holds: all of its lines.
// Requires: valid names of labels.
void append_series(std::string& out, const prometheus::MetricFamily& family,
                   const prometheus::ClientMetric& series);

}  // namespace sluice::metrics

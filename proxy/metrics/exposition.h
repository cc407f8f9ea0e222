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

#include <prometheus/metric_family.h>

#include <string>

namespace sluice::metrics {

// Appends the family: help unless it is empty, type, every series. Requires: names that are valid,
// and no newline or backslash in the help.
void append_exposition(std::string& out, const prometheus::MetricFamily& family);

}  // namespace sluice::metrics

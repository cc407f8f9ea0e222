// The page that Prometheus scrapes (text format 0.0.4), written family by family. A series is text
// as soon as it is added: of 10,000 instances no object is made but one, over and over, and a large
// registry costs its text and its largest family's.
//
// Values are printed with 16 digits: every integer up to 2^53 exactly, which is as far as
// Prometheus's own 64-bit floats go. One thread.
#pragma once

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/metrics/cells.h"

namespace sluice::metrics {

// Not owned: what they show must stay until the series is added. Values may hold any bytes; what is
// no valid UTF-8, which Prometheus refuses, becomes U+FFFD.
struct Label {
  std::string_view name;
  std::string_view value;
};
using LabelSet = std::vector<Label>;

// Histograms of the same bounds, added up. Made of buckets alone, so that the count always is their
// sum.
struct HistogramSum {
  std::vector<std::uint64_t> bounds_us;
  std::vector<std::uint64_t> counts;  // one more than bounds
  std::uint64_t sum_us = 0;

  template <std::size_t N>
  void add(const DurationHistogram<N>& histogram) {
    bounds_us.assign(histogram.bounds().begin(), histogram.bounds().end());
    counts.resize(N + 1);
    for (std::size_t i = 0; i <= N; ++i) counts[i] += histogram.bucket(i);
    sum_us += histogram.sum_us();
  }
};

// One metric with all its series.
class Family {
 public:
  // Requires: no newline or backslash in `help`, which are written as they are.
  static Family counter(std::string name, std::string help);
  static Family gauge(std::string name, std::string help);
  static Family histogram(std::string name, std::string help);

  // So many series are to come. A guess: text that grows is copied, and new memory costs as much as
  // what is written into it.
  void expect(std::size_t series);
  // Requires: a counter or a gauge.
  Family& add(const LabelSet& labels, double value);
  Family& add(const LabelSet& labels, std::uint64_t value);
  // Requires: a histogram.
  Family& add(const LabelSet& labels, const HistogramSum& sum);

 private:
  friend class Page;
  Family(std::string name, std::string help, prometheus::MetricType type);
  void set_labels(const LabelSet& labels);

  prometheus::MetricFamily family_;  // without its series
  prometheus::ClientMetric series_;  // the one that is being added
  std::string text_;
};

class Page {
 public:
  void write(Family& family) { parts_.push_back(std::move(family.text_)); }  // which is done with
  std::string text() &&;

 private:
  std::vector<std::string> parts_;
};

}  // namespace sluice::metrics

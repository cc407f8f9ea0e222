#include "proxy/metrics/page.h"

#include <utility>

#include "config/utf8.h"
#include "proxy/metrics/exposition.h"

namespace sluice::metrics {

using prometheus::MetricType;

namespace {

double seconds(std::uint64_t us) {
  return static_cast<double>(us) / 1e6;
}

}  // namespace

Family::Family(std::string name, std::string help, MetricType type)
    : family_{std::move(name), std::move(help), type, {}} {}

Family Family::counter(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Counter};
}

Family Family::gauge(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Gauge};
}

Family Family::histogram(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Histogram};
}

Family& Family::add(LabelSet labels, double value) {
  prometheus::ClientMetric& series = add_series(std::move(labels));
  if (family_.type == MetricType::Counter) {
    series.counter.value = value;
  } else {
    series.gauge.value = value;
  }
  return *this;
}

Family& Family::add(LabelSet labels, std::uint64_t value) {
  return add(std::move(labels), static_cast<double>(value));
}

Family& Family::add(LabelSet labels, const HistogramSum& sum) {
  auto& histogram = add_series(std::move(labels)).histogram;
  histogram.sample_sum = seconds(sum.sum_us);
  for (std::size_t i = 0; i < sum.counts.size(); ++i) {
    histogram.sample_count += sum.counts[i];
    // The exposition adds the bucket without an upper bound.
    if (i == sum.bounds_us.size()) break;
    histogram.bucket.push_back({histogram.sample_count, seconds(sum.bounds_us[i])});
  }
  return *this;
}

prometheus::ClientMetric& Family::add_series(LabelSet labels) {
  for (auto& label : labels) label.value = config::valid_utf8(label.value);
  prometheus::ClientMetric& series = family_.metric.emplace_back();
  series.label = std::move(labels);
  return series;
}

void Page::write(const Family& family) {
  append_exposition(text_, family.family_);
}

}  // namespace sluice::metrics

#include "proxy/metrics/page.h"

#include <utility>

#include "config/printable.h"
#include "config/utf8.h"
#include "proxy/metrics/exposition.h"
#include "proxy/net/urgency.h"

namespace sluice::metrics {

using prometheus::MetricType;

namespace {

constexpr std::size_t kUsualLabels = 96;  // and a value
constexpr std::size_t kCopiedInOneTurn = std::size_t{128} << 10;

double seconds(std::uint64_t us) {
  return static_cast<double>(us) / 1e6;
}

}  // namespace

Family::Family(std::string name, std::string help, MetricType type)
    : family_{std::move(name), std::move(help), type, {}} {
  append_head(text_, family_);
}

Family Family::counter(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Counter};
}

Family Family::gauge(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Gauge};
}

Family Family::histogram(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Histogram};
}

void Family::expect(std::size_t series) {
  text_.reserve(text_.size() + series * (family_.name.size() + kUsualLabels));
}

Family& Family::add(const LabelSet& labels, double value) {
  set_labels(labels);
  (family_.type == MetricType::Counter ? series_.counter.value : series_.gauge.value) = value;
  append_series(text_, family_, series_);
  return *this;
}

Family& Family::add(const LabelSet& labels, std::uint64_t value) {
  return add(labels, static_cast<double>(value));
}

Family& Family::add(const LabelSet& labels, const HistogramSum& sum) {
  set_labels(labels);
  auto& histogram = series_.histogram = {};
  histogram.sample_sum = seconds(sum.sum_us);
  for (std::size_t i = 0; i < sum.counts.size(); ++i) {
    histogram.sample_count += sum.counts[i];
    // The exposition adds the bucket without an upper bound.
    if (i == sum.bounds_us.size()) break;
    histogram.bucket.push_back({histogram.sample_count, seconds(sum.bounds_us[i])});
  }
  append_series(text_, family_, series_);
  return *this;
}

void Family::set_labels(const LabelSet& labels) {
  series_.label.resize(labels.size());
  auto own = series_.label.begin();
  for (const Label& label : labels) {
    own->name = label.name;
    own->value = label.value;
    if (config::find_invalid_utf8(label.value) != std::string_view::npos) {
      own->value = config::valid_utf8(label.value);
    }
    ++own;
  }
}

std::string Page::text() && {
  std::size_t size = 0;
  for (const std::string& part : parts_) size += part.size();
  std::string text;
  text.reserve(size);
  for (std::string& part : parts_) {
    for (std::size_t at = 0; at < part.size(); at += kCopiedInOneTurn) {
      text.append(part, at, kCopiedInOneTurn);
      net::give_way();
    }
    part = {};
  }
  return text;
}

}  // namespace sluice::metrics

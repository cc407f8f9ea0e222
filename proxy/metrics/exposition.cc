#include "proxy/metrics/exposition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

namespace sluice::metrics {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

namespace {

constexpr int kDigits = std::numeric_limits<double>::max_digits10 - 1;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <std::integral Number>
void append(std::string& out, Number number) {
  std::array<char, 24> text;  // a sign and 20 digits at most
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  out.append(text.data(), end);
}

void append(std::string& out, double value) {
  // Nearly all are small integers, which print alike either way, and a lot faster as integers.
  if (const auto whole = static_cast<std::int64_t>(std::abs(value) < 1e15 ? value : 0.5);
      static_cast<double>(whole) == value && !std::signbit(value)) {
    return append(out, whole);
  }
  if (std::isnan(value)) {
    out += "Nan";
  } else if (std::isinf(value)) {
    out += value < 0 ? "-Inf" : "+Inf";
  } else {
    std::array<char, 32> text;  // "-1.234567890123456e-308" is 23
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value,
                                            std::chars_format::general, kDigits);
    out.append(text.data(), end);
  }
}

bool is_plain(char c) {
  return c != '\n' && c != '\\' && c != '"';
}

void append_escaped(std::string& out, std::string_view value) {
  while (!value.empty()) {
    const auto* special = std::find_if_not(value.begin(), value.end(), is_plain);
    out.append(value.begin(), special);
    if (special == value.end()) return;
    out += '\\';
    out += *special == '\n' ? 'n' : *special;
    value = {special + 1, value.end()};
  }
}

// The lines of one family; those of a series share its labels and its time.
class Lines {
 public:
  Lines(std::string& out, const MetricFamily& family) : out_(out), family_(family) {}

  void head() const {
    if (!family_.help.empty()) comment("HELP", family_.help);
    comment("TYPE", type());
  }

  void series(const ClientMetric& series) const {
    switch (family_.type) {
      case MetricType::Counter:
        return line(series, "", series.counter.value);
      case MetricType::Gauge:
        return line(series, "", series.gauge.value);
      case MetricType::Untyped:
        return line(series, "", series.untyped.value);
      case MetricType::Summary:
        return summary(series, series.summary);
      case MetricType::Histogram:
        return histogram(series, series.histogram);
    }
  }

 private:
  std::string_view type() const {
    switch (family_.type) {
      case MetricType::Counter:
        return "counter";
      case MetricType::Gauge:
        return "gauge";
      case MetricType::Untyped:
        return "untyped";
      case MetricType::Summary:
        return "summary";
      case MetricType::Histogram:
        return "histogram";
    }
    return "";
  }

  void comment(std::string_view keyword, std::string_view text) const {
    out_ += "# ";
    out_ += keyword;
    out_ += ' ';
    out_ += family_.name;
    out_ += ' ';
    out_ += text;
    out_ += '\n';
  }

  void summary(const ClientMetric& series, const ClientMetric::Summary& summary) const {
    line(series, "_count", summary.sample_count);
    line(series, "_sum", summary.sample_sum);
    for (const auto& each : summary.quantile) {
      line(series, "", each.value, "quantile", each.quantile);
    }
  }

  void histogram(const ClientMetric& series, const ClientMetric::Histogram& histogram) const {
    line(series, "_count", histogram.sample_count);
    line(series, "_sum", histogram.sample_sum);
    for (const auto& bucket : histogram.bucket) {
      line(series, "_bucket", bucket.cumulative_count, "le", bucket.upper_bound);
    }
    if (!histogram.bucket.empty() && histogram.bucket.back().upper_bound == kInfinity) return;
    line(series, "_bucket", histogram.sample_count, "le", kInfinity);
  }

  template <class Number>
  void line(const ClientMetric& series, std::string_view suffix, Number value,
            std::string_view extra_label = {}, double extra_value = 0) const {
    out_ += family_.name;
    out_ += suffix;
    char separator = '{';
    const auto begin_label = [&](std::string_view name) {
      out_ += std::exchange(separator, ',');
      out_ += name;
      out_ += "=\"";
    };
    for (const ClientMetric::Label& label : series.label) {
      begin_label(label.name);
      append_escaped(out_, label.value);
      out_ += '"';
    }
    if (!extra_label.empty()) {
      begin_label(extra_label);
      append(out_, extra_value);
      out_ += '"';
    }
    out_ += separator == '{' ? " " : "} ";
    append(out_, value);
    if (series.timestamp_ms != 0) {
      out_ += ' ';
      append(out_, series.timestamp_ms);
    }
    out_ += '\n';
  }

  std::string& out_;
  const MetricFamily& family_;
};

}  // namespace

void append_head(std::string& out, const MetricFamily& family) {
  Lines(out, family).head();
}

void append_series(std::string& out, const MetricFamily& family, const ClientMetric& series) {
  Lines(out, family).series(series);
}

}  // namespace sluice::metrics

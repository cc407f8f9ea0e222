#include "proxy/metrics/exposition.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "tests/support/wait.h"

namespace sluice::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

std::string text(const MetricFamily& family) {
  std::string out;
  append_head(out, family);
  for (const ClientMetric& series : family.metric) append_series(out, family, series);
  return out;
}

// The oracle.
std::string library_text(const MetricFamily& family) {
  return prometheus::TextSerializer().Serialize({family});
}

MetricFamily family(MetricType type, std::vector<ClientMetric> series) {
  return {"a_total", "What a is.", type, std::move(series)};
}

MetricFamily gauge(double value) {
  ClientMetric series;
  series.gauge.value = value;
  return family(MetricType::Gauge, {series});
}

ClientMetric labelled(std::vector<ClientMetric::Label> labels) {
  ClientMetric series;
  series.label = std::move(labels);
  return series;
}

TEST(Exposition, LooksLikeThis) {
  ClientMetric series = labelled({{"service", "pg"}, {"direction", "say \"up\""}});
  series.counter.value = 42;
  EXPECT_EQ(text(family(MetricType::Counter, {series})),
            "# HELP a_total What a is.\n"
            "# TYPE a_total counter\n"
            "a_total{service=\"pg\",direction=\"say \\\"up\\\"\"} 42\n");
}

TEST(Exposition, WritesEveryValueAsTheLibraryDoes) {
  std::vector<double> values = {0,
                                -0.0,
                                1,
                                -1,
                                0.1,
                                0.5,
                                1e-5,
                                1e-4,
                                1.0 / 3,
                                2.5e-9,
                                100'000,
                                1'000'000,
                                123'456.789,
                                kNan,
                                -kNan,
                                kInfinity,
                                -kInfinity,
                                999'999'999'999'999,
                                1e15,
                                1e15 + 1,
                                9'999'999'999'999'998,
                                1e16,
                                0x1p53,
                                0x1p53 - 1,
                                -0x1p53,
                                0x1p63,
                                0x1p64,
                                1e22,
                                1e100,
                                std::numeric_limits<double>::max(),
                                std::numeric_limits<double>::min(),
                                std::numeric_limits<double>::denorm_min(),
                                std::numeric_limits<double>::lowest(),
                                std::numeric_limits<double>::epsilon()};
  for (int exponent = -320; exponent <= 308; ++exponent) {
    for (const char* digits : {"1e", "-9.999999999999999e"}) {
      values.push_back(std::strtod((digits + std::to_string(exponent)).c_str(), nullptr));
    }
  }
  for (const double value : values) {
    ASSERT_EQ(text(gauge(value)), library_text(gauge(value))) << std::hexfloat << value;
  }
}

TEST(Exposition, WritesRandomValuesAsTheLibraryDoes) {
  std::mt19937_64 random(7);
  for (int i = 0; i < (test::kSanitized ? 5'000 : 50'000); ++i) {
    const double any = std::bit_cast<double>(random());
    const double whole = static_cast<double>(random() >> (random() % 64));
    for (const double value : {any, whole, -whole, whole / 1e6}) {
      ASSERT_EQ(text(gauge(value)), library_text(gauge(value))) << std::hexfloat << value;
    }
  }
}

TEST(Exposition, WritesLabelsAsTheLibraryDoes) {
  const std::string values[] = {
      "",     "plain",        "\"",   "\\",          "\n",
      "\\n",  "\"\"\\\\\n\n", "a\"b", "\"a\\b\nc",   "caf\u00e9",
      "\xff", "\t\r\x01",     "a,b",  "{a=\"b\"} 1", std::string("a\0b", 3)};
  for (const std::string& value : values) {
    for (const auto& labels : {std::vector<ClientMetric::Label>{{"a", value}},
                               std::vector<ClientMetric::Label>{{"a", "x"}, {"b", value}}}) {
      const MetricFamily gauges = family(MetricType::Gauge, {labelled(labels)});
      EXPECT_EQ(text(gauges), library_text(gauges)) << value;
      const MetricFamily histograms = family(MetricType::Histogram, {labelled(labels)});
      EXPECT_EQ(text(histograms), library_text(histograms)) << value;
    }
  }
}

TEST(Exposition, WritesHistogramsAsTheLibraryDoes) {
  using Buckets = std::vector<ClientMetric::Bucket>;
  const Buckets table[] = {
      {},
      {{3, 0.5}},
      {{0, 0.00005}, {1, 0.0001}, {kMost, 5}},
      {{1, 1}, {2, kInfinity}},
      {{1, -kInfinity}, {2, kNan}},
      {{1, kInfinity}, {2, 1}},
  };
  for (const Buckets& buckets : table) {
    ClientMetric series;
    series.histogram = {kMost, 0.125, buckets};
    ClientMetric other = labelled({{"service", "pg"}});
    other.histogram = {7, kInfinity, buckets};
    const MetricFamily histograms = family(MetricType::Histogram, {series, other});
    EXPECT_EQ(text(histograms), library_text(histograms));
  }
}

TEST(Exposition, WritesTimesAndHelpAsTheLibraryDoes) {
  for (const std::int64_t time :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{1'735'689'599'007},
        std::numeric_limits<std::int64_t>::min()}) {
    for (const char* help : {"", "Of \"one\" line."}) {
      MetricFamily each = family(MetricType::Histogram, {labelled({{"a", "b"}}), labelled({})});
      each.help = help;
      each.metric[0].timestamp_ms = time;
      EXPECT_EQ(text(each), library_text(each)) << time << help;
    }
  }
}

// --- Families of every kind, made up by chance.

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}

  MetricFamily family() {
    MetricFamily made;
    made.name = word("abz_:", 1 + below(20));
    made.help = below(3) == 0 ? "" : word("ab .,'\"", below(30));
    made.type = static_cast<MetricType>(below(5));
    made.metric.resize(below(5));
    for (ClientMetric& series : made.metric) fill(series);
    return made;
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }

  std::string word(std::string_view letters, std::size_t length) {
    std::string made;
    for (std::size_t i = 0; i < length; ++i) made += letters[below(letters.size())];
    return made;
  }

  double value() {
    switch (below(4)) {
      case 0:
        return static_cast<double>(below(1000));
      case 1:
        return static_cast<double>(random_()) / 1e6;
      case 2:
        return std::bit_cast<double>(random_());
      default:
        return kInfinity;
    }
  }

  void fill(ClientMetric& series) {
    series.label.resize(below(4));
    for (auto& label : series.label) label = {word("ab_", 3), word("ab\"\\\n\xc3\xa9", below(12))};
    series.counter.value = value();
    series.gauge.value = value();
    series.untyped.value = value();
    series.summary = {random_(), value(), {}};
    series.summary.quantile.resize(below(4));
    for (auto& quantile : series.summary.quantile) quantile = {value(), value()};
    series.histogram = {random_(), value(), {}};
    series.histogram.bucket.resize(below(4));
    for (auto& bucket : series.histogram.bucket) bucket = {random_(), value()};
    if (below(3) == 0) series.timestamp_ms = static_cast<std::int64_t>(random_());
  }

  std::mt19937_64 random_;
};

TEST(Exposition, WritesRandomFamiliesAsTheLibraryDoes) {
  Chance chance(42);
  for (int i = 0; i < 20'000; ++i) {
    const MetricFamily made = chance.family();
    ASSERT_EQ(text(made), library_text(made)) << "family " << i;
  }
}

}  // namespace
}  // namespace sluice::metrics

#include "tests/support/admin.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace sluice::test {
namespace {

TEST(MetricsPage, ReadsSeriesWithTheirLabels) {
  const MetricsPage page = MetricsPage::parse("# HELP a b\na{b=\"c\\\"\",d=\"e\"} 2\na 3\n");
  EXPECT_EQ(page.value("a"), 5);
  EXPECT_EQ(page.value("a", {{"b", "c\""}}), 2);
}

TEST(MetricsPage, RefusesWhatIsNone) {
  for (const char* text :
       {"a", "{\"error\":{\"code\":\"unavailable\"}}", "a{b=\"c", "a{b=\"c\"", "a{b} 1"}) {
    EXPECT_ANY_THROW(MetricsPage::parse(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::test

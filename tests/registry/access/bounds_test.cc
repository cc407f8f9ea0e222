#include "registry/access/bounds.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::access {
namespace {

using config::Labels;

const Bounds kBounds;

std::string said(const Refusal& refusal) {
  return refusal.value_or("");
}

TEST(Bounds, TakeOrdinaryRegistrations) {
  EXPECT_EQ(said(kBounds.judge_service("pg-main.eu:5432")), "");
  EXPECT_EQ(said(kBounds.judge_id("10.0.0.1:5432")), "");
  EXPECT_EQ(said(kBounds.judge_id("[2001:db8::1]:5432")), "");
  EXPECT_EQ(said(kBounds.judge_id("web-7d9f{a}<b>\"'%?#\\")), "");
  EXPECT_EQ(said(kBounds.judge_labels({{"role", "primary"}, {"example.com/a", "Z\xc3\xbcrich"}})),
            "");
  EXPECT_EQ(said(kBounds.judge_meta({{"git", "abc"}, {"note", ""}})), "");
  EXPECT_EQ(said(kBounds.judge_zone("eu-central-1a")), "");
  EXPECT_EQ(said(kBounds.judge_zone("")), "");
  EXPECT_EQ(said(kBounds.judge_version("1.2.3+4")), "");
  EXPECT_EQ(said(kBounds.judge_protocol("postgres")), "");
  EXPECT_EQ(said(kBounds.judge_reason("disk swap")), "");
  EXPECT_EQ(said(kBounds.judge_weight(65535)), "");
  EXPECT_EQ(said(kBounds.judge_priority(0)), "");
}

TEST(Bounds, KeepServiceNamesToThoseOfTheConfiguration) {
  const std::string what = "service: not a name made of letters, digits and _.:@+~-";
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("a b"),
        std::string("a\n"), std::string("a\0", 2), std::string("<script>"), std::string("\xc3\xbc"),
        std::string("a*")}) {
    EXPECT_EQ(said(kBounds.judge_service(name)), what) << name;
  }
  EXPECT_EQ(said(kBounds.judge_service(std::string(253, 'a'))), "");
  EXPECT_EQ(said(kBounds.judge_service(std::string(254, 'a'))), "service: longer than 253 bytes");
}

TEST(Bounds, KeepIdsVisibleAndOutOfTheWayOfPaths) {
  const std::string what = "id: not made of visible ASCII characters other than \"/\"";
  for (const std::string& id :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("a b"),
        std::string("a\t"), std::string("a\n"), std::string("a\r\nX: y"), std::string("a\0b", 3),
        std::string("\x7f"), std::string("\xc3\xbc"), std::string("\xff")}) {
    EXPECT_EQ(said(kBounds.judge_id(id)), what) << id;
  }
  EXPECT_EQ(said(kBounds.judge_id("...")), "");
  EXPECT_EQ(said(kBounds.judge_id(std::string(255, '!'))), "");
  EXPECT_EQ(said(kBounds.judge_id(std::string(256, '!'))), "id: longer than 255 bytes");
}

TEST(Bounds, NameTheLabelThatIsWrong) {
  struct Row {
    Labels labels;
    std::string what;
  };
  for (const Row& row : std::vector<Row>{
           {{{"", "x"}}, "labels.: not a name made of letters, digits and _./-"},
           {{{"ok", "x"}, {"b d", "x"}}, "labels.b d: not a name made of letters, digits and _./-"},
           {{{"b\nd", "x"}}, "labels.b\\nd: not a name made of letters, digits and _./-"},
           {{{std::string(64, 'k'), "x"}},
            "labels." + std::string(64, 'k') + ": longer than 63 bytes"},
           {{{std::string(9999, 'k'), "x"}},
            "labels." + std::string(64, 'k') + ": longer than 63 bytes"},
           {{{"role", std::string(256, 'v')}}, "labels.role: longer than 255 bytes"},
           {{{"role", "a\nb"}}, "labels.role: not UTF-8 on one line"},
           {{{"role", "\xff"}}, "labels.role: not UTF-8 on one line"},
           {{{"role",
              "a\xe2\x80\xa8"
              "b"}},
            "labels.role: not UTF-8 on one line"},
           {{{"role", std::string("a\0", 2)}}, "labels.role: not UTF-8 on one line"},
       }) {
    EXPECT_EQ(said(kBounds.judge_labels(row.labels)), row.what);
  }
  EXPECT_EQ(said(kBounds.judge_labels({{std::string(63, 'k'), std::string(255, 'v')}})), "");
}

TEST(Bounds, CountLabelsAndMeta) {
  Labels map;
  for (int i = 0; i < 64; ++i) map.emplace("k" + std::to_string(i), "v");
  EXPECT_EQ(said(kBounds.judge_labels(map)), "");
  EXPECT_EQ(said(kBounds.judge_meta(map)), "");
  map.emplace("one-more", "v");
  EXPECT_EQ(said(kBounds.judge_labels(map)), "labels: more than 64 entries");
  EXPECT_EQ(said(kBounds.judge_meta(map)), "meta: more than 64 entries");
}

TEST(Bounds, WeighMetaAsAWhole) {
  EXPECT_EQ(
      said(kBounds.judge_meta({{"a", std::string(2047, 'v')}, {"b", std::string(2047, 'v')}})), "");
  EXPECT_EQ(
      said(kBounds.judge_meta({{"a", std::string(2047, 'v')}, {"b", std::string(2048, 'v')}})),
      "meta: longer than 4096 bytes");
  EXPECT_EQ(said(kBounds.judge_meta({{"a", std::string(4097, 'v')}})),
            "meta.a: longer than 4096 bytes");
  EXPECT_EQ(said(kBounds.judge_meta({{"a", "x\x1b[31m"}})), "meta.a: not UTF-8 on one line");
}

TEST(Bounds, KeepTextsAndNumbersSmall) {
  EXPECT_EQ(said(kBounds.judge_zone(std::string(254, 'z'))), "zone: longer than 253 bytes");
  EXPECT_EQ(said(kBounds.judge_zone("a\nb")), "zone: not UTF-8 on one line");
  EXPECT_EQ(said(kBounds.judge_version(std::string(256, 'z'))), "version: longer than 255 bytes");
  EXPECT_EQ(said(kBounds.judge_protocol(std::string(64, 'z'))), "protocol: longer than 63 bytes");
  EXPECT_EQ(said(kBounds.judge_reason(std::string(256, 'z'))), "reason: longer than 255 bytes");
  EXPECT_EQ(said(kBounds.judge_weight(65536)), "weight: above 65535");
  EXPECT_EQ(said(kBounds.judge_priority(1ull << 40)), "priority: above 65535");
}

TEST(Bounds, LetOneMoreInWhileThereIsRoom) {
  Bounds bounds;
  bounds.services = 2;
  bounds.instances = 10;
  bounds.instances_of_service = 5;
  bounds.instances_of_token = 4;
  struct Row {
    Bounds::Held held;
    std::string what;
  };
  for (const Row& row : std::vector<Row>{
           {{}, ""},
           {{.services = 1, .instances = 9, .of_service = 4, .of_token = 3}, ""},
           {{.services = 2}, "there are 2 services with registered instances already"},
           {{.instances = 10}, "there are 10 registered instances already"},
           {{.of_service = 5}, "there are 5 registered instances in this service already"},
           {{.of_token = 4}, "there are 4 instances registered with this token already"},
           {{.of_token = 9}, "there are 4 instances registered with this token already"},
       }) {
    EXPECT_EQ(said(bounds.judge_one_more(row.held)), row.what);
  }
}

}  // namespace
}  // namespace sluice::access

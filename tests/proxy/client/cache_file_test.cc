#include "proxy/client/cache_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/process.h"

namespace sluice::client {
namespace {

using testing::HasSubstr;

class CacheFile : public testing::Test {
 protected:
  std::string path() const { return files_.path("cache"); }
  std::size_t files() const {
    const std::filesystem::directory_iterator entries(files_.root());
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
  }

  test::TempDir files_;
  std::string why_;
  const Cached cached_ = [] {
    Instance instance;
    instance.id = "a\"\n";
    instance.address = "10.0.0.1";
    instance.port = 80;
    instance.labels = {{"role", "x"}};
    return Cached{"s", "role=x", "e-7", 1'700'000'000'123, {instance}};
  }();
};

TEST_F(CacheFile, IsReadAsItWasWritten) {
  ASSERT_TRUE(write_cache(path(), cached_, why_)) << why_;
  EXPECT_EQ(read_cache(path(), why_), cached_) << why_;
}

TEST_F(CacheFile, IsItsOwnersAloneAndReplacedAsAWhole) {
  test::write_file(path(), "older");
  std::filesystem::permissions(path(), std::filesystem::perms::all);
  ASSERT_TRUE(write_cache(path(), cached_, why_));
  struct stat about{};
  ASSERT_EQ(::stat(path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0600u);
  EXPECT_EQ(files(), 1u) << "and nothing is left beside it";
}

TEST_F(CacheFile, WhatCannotBeWrittenIsSaidAndLeavesNothing) {
  EXPECT_FALSE(write_cache(files_.path("no/such/folder"), cached_, why_));
  EXPECT_THAT(why_, HasSubstr("No such file or directory"));
  std::filesystem::create_directory(path());
  EXPECT_FALSE(write_cache(path(), cached_, why_));
  EXPECT_THAT(why_, HasSubstr("cannot write " + path()));
  EXPECT_EQ(files(), 1u);
}

TEST_F(CacheFile, WhatIsNoneOfOursIsNotRead) {
  EXPECT_EQ(read_cache(path(), why_), std::nullopt);
  EXPECT_EQ(why_, "") << "there is none yet";
  for (const char* text : {"", "{", "[]", "{}", R"({"format":2,"service":"s"})"}) {
    test::write_file(path(), text);
    EXPECT_EQ(read_cache(path(), why_), std::nullopt) << text;
    EXPECT_EQ(why_, path() + " is no cache of ours") << text;
  }
  EXPECT_EQ(read_cache("/dev/zero", why_), std::nullopt);
  EXPECT_EQ(read_cache("/", why_), std::nullopt);
}

}  // namespace
}  // namespace sluice::client

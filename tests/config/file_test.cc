#include "config/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

#include "tests/config/yaml.h"
#include "tests/support/process.h"

namespace sluice::config {
namespace {

class ReadFile : public ::testing::Test {
 protected:
  std::string path() const { return directory_.path("f"); }
  void write(const std::string& text) const { test::write_file(path(), text); }
  static std::string why_not(const std::string& path, std::size_t max = kMaxFileBytes) {
    std::string why;
    EXPECT_FALSE(read_file(path, max, why)) << path;
    return why;
  }

  test::TempDir directory_;
};

TEST_F(ReadFile, ReadsAllOfIt) {
  const std::string text(200'000, 'x');
  write(text);
  std::string why;
  EXPECT_EQ(read_file(path(), kMaxFileBytes, why), text);
  EXPECT_EQ(read_file(path(), text.size(), why), text) << "as large as may be";
}

TEST_F(ReadFile, RefusesByTheSize) {
  write("12345");
  EXPECT_EQ(why_not(path(), 4), "larger than 4B");
}

TEST_F(ReadFile, ReadsNoFurtherThanTheLimitWithoutAnEnd) {
  EXPECT_EQ(why_not("/dev/zero"), "larger than 4MiB");
}

TEST_F(ReadFile, SaysWhyItCannot) {
  EXPECT_EQ(why_not(directory_.root()), "is a directory, not a file");
  EXPECT_EQ(why_not(directory_.path("missing")), "cannot be read: No such file or directory");
  EXPECT_EQ(why_not(path() + std::string(1, '\0')), "cannot be read: its name holds a NUL byte");
  EXPECT_EQ(why_not(std::string(5000, 'a')), "cannot be read: File name too long");
  EXPECT_EQ(why_not(""), "cannot be read: No such file or directory");
}

TEST_F(ReadFile, TakesAPipe) {
  ASSERT_EQ(mkfifo(path().c_str(), 0600), 0);
  const std::string yaml = testing::with("");
  std::thread writer([&] { write(yaml); });
  std::string why;
  EXPECT_EQ(read_file(path(), kMaxFileBytes, why), yaml) << why;
  writer.join();
}

TEST_F(ReadFile, LeavesNoDescriptorOpen) {
  write("x");
  const int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
  close(before);
  std::string why;
  EXPECT_TRUE(read_file(path(), 10, why));
  EXPECT_FALSE(read_file(directory_.root(), 10, why));
  const int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
  close(after);
  EXPECT_EQ(before, after) << "the lowest free descriptor is the same";
}

TEST_F(ReadFile, NamesItInItsProblems) {
  write("listeners: 5\n");
  const Loaded loaded = load_file(path(), {});
  EXPECT_FALSE(loaded.config);
  ASSERT_FALSE(loaded.problems.empty());
  EXPECT_EQ(loaded.problems[0].file, path());
  EXPECT_EQ(testing::lines(load_file(directory_.path("missing"), {})),
            std::vector{directory_.path("missing") +
                        ": error: cannot be read: No such file or directory"});
}

class ReadPrivateFile : public ReadFile {
 protected:
  ReadPrivateFile() {
    write("secret");
    chmod(path().c_str(), 0600);
  }
  std::string why_not(const std::string& path, std::size_t max = 100) const {
    std::string why;
    EXPECT_FALSE(read_private_file(path, max, why)) << path;
    EXPECT_EQ(why.find("secret"), std::string::npos) << why;
    return why;
  }
};

TEST_F(ReadPrivateFile, ReadsWhatNobodyElseMayRead) {
  std::string why;
  EXPECT_EQ(read_private_file(path(), 6, why), "secret") << why;
  ASSERT_EQ(chmod(path().c_str(), 0400), 0);
  EXPECT_EQ(read_private_file(path(), 6, why), "secret") << why;
}

TEST_F(ReadPrivateFile, RefusesWhatOthersMayOpen) {
  for (const auto& [mode, word] : std::vector<std::pair<mode_t, std::string>>{
           {0644, "0644"}, {0640, "0640"}, {0604, "0604"}, {0620, "0620"}, {0601, "0601"}}) {
    ASSERT_EQ(chmod(path().c_str(), mode), 0);
    EXPECT_EQ(why_not(path()),
              "is open to others than its owner (mode " + word + "); run chmod 600 on it");
  }
}

TEST_F(ReadPrivateFile, RefusesWhatIsNoFileOfItsOwn) {
  ASSERT_EQ(symlink(path().c_str(), directory_.path("link").c_str()), 0);
  EXPECT_EQ(why_not(directory_.path("link")), "is a symbolic link; name the file itself");
  ASSERT_EQ(mkfifo(directory_.path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(why_not(directory_.path("pipe")), "is not a regular file");
  EXPECT_EQ(why_not(directory_.root()), "is not a regular file");
  EXPECT_EQ(why_not("/dev/zero"), "is not a regular file");
  EXPECT_EQ(why_not("-"), "cannot be read: No such file or directory") << "not standard input";
  EXPECT_EQ(why_not(path() + std::string(1, '\0')), "cannot be read: its name holds a NUL byte");
  EXPECT_EQ(why_not(path(), 5), "larger than 5B");
}

TEST_F(ReadPrivateFile, RefusesTheFileOfAnotherUser) {
  const bool is_root = geteuid() == 0;  // and can give a file away; who is not has root's
  if (is_root) {
    ASSERT_EQ(chown(path().c_str(), 65534, 65534), 0);
  }
  const std::string owner = is_root ? "65534" : "0", us = std::to_string(geteuid());
  EXPECT_EQ(why_not(is_root ? path() : "/etc/passwd"), "is owned by user " + owner +
                                                           ", but must be owned by user " + us +
                                                           ", as whom this process runs");
}

TEST(ProcessEnvironment, AnswersForWhatIsSet) {
  ASSERT_EQ(setenv("SLUICE_CONFIG_TEST", "x", 1), 0);
  EXPECT_EQ(process_environment("SLUICE_CONFIG_TEST"), "x");
  ASSERT_EQ(unsetenv("SLUICE_CONFIG_TEST"), 0);
  EXPECT_EQ(process_environment("SLUICE_CONFIG_TEST"), std::nullopt);
}

}  // namespace
}  // namespace sluice::config

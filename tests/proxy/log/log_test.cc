#include "proxy/log/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/net/fd.h"
#include "tests/support/wait.h"

namespace sluice::log {
namespace {

using config::LogFormat;
using config::LogLevel;
using nlohmann::json;
using test::eventually;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-log-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = name;
  }
  ~LogTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name = "sluice.log") const {
    return (folder_ / name).string();
  }

  config::Log to(const std::string& target) const {
    return {LogLevel::info, LogFormat::json, target};
  }

  static std::string content_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static std::vector<json> parse(const std::string& content) {
    std::vector<json> lines;
    std::size_t from = 0;
    for (std::size_t end = 0; (end = content.find('\n', from)) != std::string::npos;
         from = end + 1) {
      lines.push_back(json::parse(content.substr(from, end - from)));
    }
    EXPECT_EQ(from, content.size()) << "the last line has no end";
    return lines;
  }

  std::vector<json> lines(const std::string& name = "sluice.log") const {
    return parse(content_of(path(name)));
  }

  std::vector<std::string> messages(const std::string& name = "sluice.log") const {
    std::vector<std::string> all;
    for (const json& line : lines(name)) all.push_back(line["msg"]);
    return all;
  }

  bool soon_holds(const std::string& name, const std::string& text) const {
    return eventually([&] { return content_of(path(name)).find(text) != std::string::npos; });
  }

 private:
  std::filesystem::path folder_;
};

// A pipe that the log writes to by its path, and whose reader decides when to read.
class Fifo {
 public:
  explicit Fifo(std::string path) : path_(std::move(path)) {
    if (::mkfifo(path_.c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
    reader_ = net::Fd(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }
  const std::string& path() const { return path_; }
  void close() { reader_.reset(); }

  // Nothing more goes into it until it is read.
  void fill() const {
    const net::Fd writer(::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    const std::array<char, 4096> page{};
    std::size_t size = page.size();
    while (size > 0) {
      if (::write(writer.get(), page.data(), size) < 0) size /= 2;
    }
  }

  // What is there now.
  std::string read() {
    std::string all;
    std::array<char, 65536> buffer{};
    for (ssize_t n = 0; (n = ::read(reader_.get(), buffer.data(), buffer.size())) > 0;) {
      all.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return all;
  }

 private:
  std::string path_;
  net::Fd reader_;
};

// Logs until a line is dropped, which takes as much as the pipe and the ring hold. Answers how many
// lines were tried.
std::uint64_t flood(const Log& log, Channel& channel) {
  std::uint64_t sent = 0;
  const std::string padding(500, '.');
  while (log.dropped() == 0 && sent < 100'000) {
    channel.line(LogLevel::info, "flood").add("padding", padding);
    ++sent;
  }
  return sent;
}

TEST_F(LogTest, WritesALineAsJson) {
  {
    Log log(to(path()));
    log.open_channel()
        ->line(LogLevel::info, "session")
        .add("service", "pg")
        .add("bytes_up", std::uint64_t{12})
        .add("attempts", 2)
        .add("spliced", true)
        .add_ms("duration_ms", 1500);
  }
  const auto all = lines();
  ASSERT_THAT(all, SizeIs(1));
  json line = all[0];
  EXPECT_THAT(line["time"].get<std::string>(),
              ::testing::MatchesRegex("20..-..-..T..:..:..\\....Z"));
  line.erase("time");
  EXPECT_EQ(line, json::parse(R"({"level":"info","msg":"session","service":"pg","bytes_up":12,
                                  "attempts":2,"spliced":true,"duration_ms":1.5})"));
}

TEST_F(LogTest, WritesALineAsText) {
  {
    Log log({LogLevel::info, LogFormat::text, path()});
    log.open_channel()->line(LogLevel::warn, "instance down").add("reason", "connection refused");
  }
  EXPECT_THAT(content_of(path()),
              ::testing::EndsWith("Z warn instance down reason=\"connection refused\"\n"));
}

TEST_F(LogTest, WritesOnlyLinesOfItsLevelAndAbove) {
  constexpr std::array kLevels = {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warn,
                                  LogLevel::error};
  for (const LogLevel least : {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warn,
                               LogLevel::error, LogLevel::off}) {
    const std::string name = std::to_string(static_cast<int>(least));
    std::size_t expected = 0;
    {
      Log log({least, LogFormat::json, path(name)});
      const auto channel = log.open_channel();
      for (const LogLevel level : kLevels) {
        channel->line(level, "message").add("key", "value");
        EXPECT_EQ(channel->enabled(level), level >= least);
        if (level >= least) ++expected;
      }
      EXPECT_FALSE(channel->enabled(LogLevel::off));
    }
    EXPECT_THAT(lines(name), SizeIs(expected)) << "level " << name;
  }
}

TEST_F(LogTest, OneEventIsOneLineWhateverBytesANameHolds) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  for (const LogFormat format : {LogFormat::json, LogFormat::text}) {
    const std::string name = "bytes" + std::to_string(static_cast<int>(format));
    {
      Log log({LogLevel::info, format, path(name)});
      log.open_channel()->line(LogLevel::info, every_byte).add(every_byte, every_byte);
    }
    const std::string content = content_of(path(name));
    EXPECT_EQ(std::ranges::count(content, '\n'), 1);
    EXPECT_EQ(content.back(), '\n');
  }
}

TEST_F(LogTest, WritesWhileItLivesWithoutBeingAskedTo) {
  Log log(to(path()));
  const auto channel = log.open_channel();
  channel->line(LogLevel::info, "quiet");
  EXPECT_TRUE(soon_holds("sluice.log", "quiet"));
  channel->line(LogLevel::error, "loud");
  EXPECT_TRUE(soon_holds("sluice.log", "loud"));
}

TEST_F(LogTest, WritesWhatAClosedChannelStillHeld) {
  Log log(to(path()));
  log.open_channel()->line(LogLevel::info, "last words");
  EXPECT_TRUE(soon_holds("sluice.log", "last words"));
}

TEST_F(LogTest, AChannelMayOutliveTheLog) {
  std::unique_ptr<Channel> channel;
  {
    Log log(to(path()));
    channel = log.open_channel();
    channel->line(LogLevel::info, "before");
  }
  channel->line(LogLevel::warn, "after");
  channel.reset();
  EXPECT_THAT(messages(), ElementsAre("before"));
}

TEST_F(LogTest, AppendsToAFileThatIsPrivateToTheGroupAndNotInherited) {
  const mode_t before = ::umask(0);
  {
    Log log(to(path()));
    ::umask(before);
    struct stat about{};
    ASSERT_EQ(::stat(path().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0640U);
    std::size_t found = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      if (std::filesystem::read_symlink(entry, gone) != path()) continue;
      ++found;
      const int fd = std::stoi(entry.path().filename());
      EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
      EXPECT_NE(::fcntl(fd, F_GETFL) & O_APPEND, 0);
    }
    EXPECT_EQ(found, 1U);
    log.open_channel()->line(LogLevel::info, "first run");
  }
  Log(to(path())).open_channel()->line(LogLevel::info, "second run");
  EXPECT_THAT(messages(), ElementsAre("first run", "second run"));
}

TEST_F(LogTest, SaysWhyATargetCannotBeOpened) {
  struct Case {
    std::string target;
    const char* why;
  };
  Fifo deserted(path("deserted"));
  deserted.close();
  for (const Case& c :
       {Case{path("no/such/folder"), "No such file or directory"}, Case{"/", "Is a directory"},
        Case{deserted.path(), "No such device or address"}}) {
    try {
      Log log(to(c.target));
      ADD_FAILURE() << c.target << " was opened";
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(error.what(), "log.target: cannot open " + c.target + ": " + c.why);
    }
  }
}

TEST_F(LogTest, ReopensItsTargetLevelAndFormat) {
  {
    Log log(to(path()));
    const auto channel = log.open_channel();
    channel->line(LogLevel::info, "old");
    ASSERT_TRUE(soon_holds("sluice.log", "old"));
    std::filesystem::rename(path(), path("sluice.log.1"));
    EXPECT_EQ(log.reopen({LogLevel::debug, LogFormat::text, path()}), "");
    channel->line(LogLevel::debug, "new");
  }
  EXPECT_THAT(messages("sluice.log.1"), ElementsAre("old"));
  EXPECT_THAT(content_of(path()), ::testing::EndsWith("Z debug new\n"));
}

TEST_F(LogTest, AReopenThatFailsChangesNothing) {
  {
    Log log(to(path()));
    const auto channel = log.open_channel();
    EXPECT_THAT(log.reopen({LogLevel::debug, LogFormat::text, path("no/such/folder")}),
                HasSubstr("no/such/folder: No such file or directory"));
    channel->line(LogLevel::debug, "hidden");
    channel->line(LogLevel::info, "shown");
  }
  EXPECT_THAT(messages(), ElementsAre("shown"));
}

TEST_F(LogTest, CountsTheLinesThatAFullDiskRefusesAndTellsOfThemLater) {
  {
    Log log(to("/dev/full"));
    const auto channel = log.open_channel();
    for (int i = 0; i < 300; ++i) channel->line(LogLevel::info, "lost").add("i", i);
    ASSERT_TRUE(eventually([&] { return log.failed() == 300; })) << log.failed();
    EXPECT_EQ(log.dropped(), 0U);
    ASSERT_EQ(log.reopen(to(path())), "");
    EXPECT_TRUE(soon_holds("sluice.log", "log lines dropped"));
    channel->line(LogLevel::info, "kept");
  }
  EXPECT_THAT(messages(), ElementsAre("log lines dropped", "kept"));
  EXPECT_EQ(lines()[0]["count"], 300);
  EXPECT_EQ(lines()[0]["level"], "warn");
}

TEST_F(LogTest, GoesOnWithoutStandardError) {
  const net::Fd saved(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
  ASSERT_TRUE(saved);
  ::close(STDERR_FILENO);
  bool is_counted = false;
  {
    Log log(to("stderr"));
    log.open_channel()->line(LogLevel::info, "unheard");
    is_counted = eventually([&] { return log.failed() == 1; });
  }
  ::dup2(saved.get(), STDERR_FILENO);
  EXPECT_TRUE(is_counted);
}

TEST_F(LogTest, WritesToTheStandardStreamThatItFoundAtStart) {
  struct Case {
    const char* target;
    int fd;
  };
  for (const Case c : {Case{"stderr", STDERR_FILENO}, Case{"stdout", STDOUT_FILENO}}) {
    Fifo fifo(path(c.target));
    const net::Fd saved(::fcntl(c.fd, F_DUPFD_CLOEXEC, 3));
    const net::Fd writer(::open(fifo.path().c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_GE(::dup2(writer.get(), c.fd), 0);
    {
      Log log(to(c.target));
      ::dup2(saved.get(), c.fd);
      log.open_channel()->line(LogLevel::info, "heard");
    }
    EXPECT_THAT(parse(fifo.read()), SizeIs(1)) << c.target;
  }
}

TEST_F(LogTest, SurvivesAReaderThatGoesAway) {
  Fifo fifo(path("pipe"));
  Log log(to(fifo.path()));
  const auto channel = log.open_channel();
  fifo.close();
  channel->line(LogLevel::warn, "unread");
  EXPECT_TRUE(eventually([&] { return log.failed() == 1; }));
}

TEST_F(LogTest, AStalledPipeCostsLinesAndTheyAreCounted) {
  Fifo fifo(path("pipe"));
  std::uint64_t sent = 0;
  std::string content;
  {
    Log log(to(fifo.path()));
    const auto channel = log.open_channel();
    sent = flood(log, *channel);
    ASSERT_EQ(log.dropped(), 1U);
    EXPECT_EQ(log.failed(), 0U);
    // The reader comes back: what was held is delivered, and after it the count of what was not.
    ASSERT_TRUE(eventually([&] {
      content += fifo.read();
      return content.find("log lines dropped") != std::string::npos && content.back() == '\n';
    }));
  }
  const auto all = parse(content + fifo.read());
  ASSERT_THAT(all, SizeIs(sent));
  EXPECT_EQ(all.back()["msg"], "log lines dropped");
  EXPECT_EQ(all.back()["count"], 1);
}

TEST_F(LogTest, AStalledPipeDoesNotHoldUpTheEnd) {
  Fifo fifo(path("pipe"));
  auto log = std::make_unique<Log>(to(fifo.path()));
  flood(*log, *log->open_channel());
  const test::Stopwatch stopwatch;
  log.reset();
  EXPECT_LT(stopwatch.elapsed(), test::kPatience);
  EXPECT_THAT(fifo.read(), Not(IsEmpty()));
}

TEST_F(LogTest, AReopenLeavesAStalledPipeBehind) {
  Fifo fifo(path("pipe"));
  fifo.fill();  // or the count of what was lost might still have gone into it
  Log log(to(fifo.path()));
  const auto channel = log.open_channel();
  flood(log, *channel);
  ASSERT_EQ(log.reopen(to(path())), "");
  EXPECT_TRUE(soon_holds("sluice.log", "log lines dropped")) << "though nothing follows";
  channel->line(LogLevel::warn, "in the open");
  EXPECT_TRUE(soon_holds("sluice.log", "in the open"));
}

TEST_F(LogTest, KeepsLinesApartAfterOneThatWasTornByAFullDisk) {
  // A file that may not grow over a limit stands for the disk: the line that crosses it is torn.
  constexpr rlim_t kRoom = 4096;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit tight{kRoom, before.rlim_max};
  std::uint64_t failed = 0;
  {
    Log log(to(path()));
    const auto channel = log.open_channel();
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
    const std::string padding(500, '.');
    for (int i = 0; i < 20; ++i) channel->line(LogLevel::info, "long").add("padding", padding);
    const bool refused = eventually([&] { return log.failed() > 0; });
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    ASSERT_TRUE(refused);
    channel->line(LogLevel::info, "after");
    EXPECT_TRUE(soon_holds("sluice.log", "log lines dropped"));
    failed = log.failed();
  }
  std::istringstream content(content_of(path()));
  std::size_t whole = 0;
  std::size_t torn = 0;
  for (std::string line; std::getline(content, line);) ++(json::accept(line) ? whole : torn);
  EXPECT_EQ(torn, 1U);
  EXPECT_EQ(whole, 20 - failed + 2);
}

// Sends until told to stop, each channel used for some lines and then closed for a new one.
void talk(Log& log, int number) {
  for (int turn = 0; turn < 10; ++turn) {
    const auto channel = log.open_channel();
    for (int i = 0; i < 200; ++i) {
      channel->line(i % 50 == 0 ? LogLevel::warn : LogLevel::info, "talk")
          .add("talker", number)
          .add("turn", turn)
          .add("i", i);
    }
  }
}

TEST_F(LogTest, ManyChannelsTalkAtOnceWhileTheTargetIsReopened) {
  constexpr int kTalkers = 6;
  std::uint64_t dropped = 0;
  {
    Log log(to(path()));
    std::vector<std::thread> threads;
    for (int number = 0; number < kTalkers; ++number) {
      threads.emplace_back([&log, number] { talk(log, number); });
    }
    for (int i = 0; i < 20; ++i) EXPECT_EQ(log.reopen(to(path())), "");
    for (std::thread& thread : threads) thread.join();
    dropped = log.dropped();
    EXPECT_EQ(log.failed(), 0U);
  }
  std::size_t heard = 0;
  std::map<std::pair<int, int>, int> last;  // by talker and turn, which is one channel
  for (const json& line : lines()) {
    if (line["msg"] != "talk") continue;
    ++heard;
    int& previous = last.try_emplace({line["talker"], line["turn"]}, -1).first->second;
    const int current = line["i"];
    EXPECT_LT(previous, current) << "lines of a channel keep their order";
    previous = current;
  }
  EXPECT_EQ(heard + dropped, kTalkers * 10 * 200U);
  EXPECT_EQ(dropped, 0U) << "a channel's lines fit into its ring";
}

}  // namespace
}  // namespace sluice::log

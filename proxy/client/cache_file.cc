#include "proxy/client/cache_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>

#include "proxy/client/catalogue.h"
#include "proxy/client/fields.h"
#include "proxy/net/fd.h"

namespace sluice::client {
namespace {

using nlohmann::json;

constexpr std::uint64_t kFormat = 1;
constexpr off_t kMostBytes = 256 << 20;

std::string failure(const char* what, const std::string& path, int error) {
  return std::string("cannot ") + what + " " + path + ": " + std::generic_category().message(error);
}

// The file's bytes; nothing with errno set, or 0 where it is no file of a size that ours have.
std::optional<std::string> read_all(const std::string& path) {
  const net::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return std::nullopt;
  struct stat about{};
  errno = 0;
  if (::fstat(file.get(), &about) != 0) return std::nullopt;
  if (!S_ISREG(about.st_mode) || about.st_size > kMostBytes) return std::nullopt;
  std::string text(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::read(file.get(), text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  text.resize(done);
  return text;
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::fsync(file) == 0;
}

}  // namespace

std::optional<Cached> read_cache(const std::string& path, std::string& why) {
  const auto text = read_all(path);
  if (!text && errno == ENOENT) return std::nullopt;
  if (!text && errno != 0) {
    why = failure("read", path, errno);
    return std::nullopt;
  }
  const json said = text ? json::parse(*text, nullptr, false) : json();
  if (!said.is_object() || count_at(said, "format") != kFormat) {
    why = path + " is no cache of ours";
    return std::nullopt;
  }
  Cached cached;
  cached.service = text_at(said, "service");
  cached.selector = text_at(said, "selector");
  cached.last_id = text_at(said, "last_id");
  cached.heard_ms = static_cast<std::int64_t>(count_at(said, "heard_ms"));
  for (const json& each : list_at(said, "instances")) {
    if (auto instance = instance_of(each)) cached.instances.push_back(std::move(*instance));
  }
  return cached;
}

bool write_cache(const std::string& path, const Cached& cached, std::string& why) {
  json instances = json::array();
  for (const Instance& each : cached.instances) instances.push_back(json_of(each));
  const json said = {{"format", kFormat},
                     {"service", cached.service},
                     {"selector", cached.selector},
                     {"last_id", cached.last_id},
                     {"heard_ms", static_cast<std::uint64_t>(cached.heard_ms)},
                     {"instances", std::move(instances)}};
  const std::string text = said.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";

  std::string temporary = path + ".XXXXXX";
  const net::Fd file(::mkostemp(temporary.data(), O_CLOEXEC));  // of mode 0600
  if (!file) {
    why = failure("write", temporary, errno);
    return false;
  }
  if (write_all(file.get(), text) && ::rename(temporary.c_str(), path.c_str()) == 0) return true;
  why = failure("write", path, errno);
  ::unlink(temporary.c_str());
  return false;
}

}  // namespace sluice::client

// What a probe needs to run in a test, and servers that answer it as the test wants.
#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "config/endpoint.h"
#include "proxy/health/probe.h"
#include "proxy/health/transfers.h"
#include "proxy/net/poller.h"
#include "proxy/net/wheel.h"
#include "tests/proxy/net/run_loop.h"
#include "tests/support/peer.h"

namespace sluice::health {

inline config::Endpoint endpoint(const std::string& text) {
  std::string why;
  const auto parsed = config::Endpoint::parse(text, why);
  EXPECT_TRUE(parsed) << why;
  return parsed.value_or(config::Endpoint{});
}

// A path for a unix socket of the test's own. The directory goes with it.
class SocketPath {
 public:
  SocketPath() {
    std::string pattern = ::testing::TempDir() + "/sluice-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~SocketPath() {
    ::unlink(path().c_str());
    ::rmdir(directory_.c_str());
  }
  std::string path() const { return directory_ + "/s"; }
  std::string address() const { return "unix:" + path(); }

 private:
  std::string directory_;
};

// While it lives, the process can open no descriptor.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const net::Fd lowest_free(::dup(STDERR_FILENO));
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(lowest_free.get());
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

 private:
  rlimit before_{};
};

// A loop with all that probes use, and what the probe under test found. The probe is destroyed from
// within its Done, as the Checker does it.
class ProbeRig {
 public:
  template <class Make>
  void start(Make make) {
    found_.reset();
    probe_ = make([this](Finding finding) {
      probe_.reset();
      found_ = std::move(finding);
    });
    EXPECT_FALSE(found_) << "told from within the constructor";
  }
  Finding wait() {
    EXPECT_TRUE(test::run_until(loop, [this] { return found_.has_value(); }));
    return found_.value_or(Finding{});
  }
  void abandon() { probe_.reset(); }
  bool is_told() const { return found_.has_value(); }

  net::Loop loop;
  net::Poller poller{loop};
  net::Wheel wheel{loop};
  Transfers transfers{loop};

 private:
  std::unique_ptr<RunningProbe> probe_;
  std::optional<Finding> found_;
};

// Serves one connection after the other in a thread of its own: takes the request's header, has
// `answer` act, closes.
class HttpServer {
 public:
  using Answer = std::function<void(test::Peer&)>;
  explicit HttpServer(Answer answer,
                      const std::string& address = test::loopback(test::reserve_port()))
      : acceptor_(address), thread_([this, answer = std::move(answer)] { serve(answer); }) {}
  // Sends `text` to everybody.
  explicit HttpServer(const std::string& text)
      : HttpServer([text](test::Peer& peer) { peer.try_send(text); }) {}
  ~HttpServer() {
    stopping_ = true;
    test::Peer::connect(address());
    thread_.join();
  }

  const std::string& address() const { return acceptor_.address(); }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve(const Answer& answer) {
    while (true) {
      test::Peer peer = acceptor_.accept(std::chrono::minutes(5));
      if (stopping_) return;
      std::string request;
      while (!request.ends_with("\r\n\r\n")) {
        const std::string byte = peer.receive(1);
        if (byte.empty()) break;
        request += byte;
      }
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      answer(peer);
    }
  }

  test::Acceptor acceptor_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace sluice::health

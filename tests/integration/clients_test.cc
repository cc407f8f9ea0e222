// Real programs through the proxy: web server, database, load generators; and strace's and
// promtool's word on it.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <mutex>
#include <shared_mutex>
#include <sstream>
#include <thread>

#include "tests/integration/ask.h"
#include "tests/integration/echo_process.h"
#include "tests/support/invariants.h"
#include "tests/support/payload.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

// nginx with one page of one byte and a file of 8 MiB, in the foreground.
class Nginx {
 public:
  // `how`: further words of its listen; what it logs, it logs to access().
  explicit Nginx(const std::string& how = "") : address_(loopback(reserve_port())) {
    write_file(files_.path("index.html"), "x");
    write_file(files_.path("large"), stream_bytes(8, 8 << 20));
    write_file(files_.path("nginx.conf"),
               "daemon off; master_process off; error_log stderr; pid " + files_.path("pid") +
                   ";\nevents { worker_connections 4096; }\n"
                   "http { log_format addresses '$proxy_protocol_addr $uri'; access_log " +
                   (how.empty() ? "off" : files_.path("access") + " addresses") +
                   "; keepalive_requests 1000000; client_body_temp_path " + files_.path("body") +
                   "; proxy_temp_path " + files_.path("proxy") + "; fastcgi_temp_path " +
                   files_.path("fastcgi") + "; uwsgi_temp_path " + files_.path("uwsgi") +
                   "; scgi_temp_path " + files_.path("scgi") + ";\n server { listen " + address_ +
                   " backlog=4096 " + how + "; root " + files_.root().string() + "; } }\n");
    process_ = std::make_unique<Process>(
        Command{.arguments = {find_program("nginx"), "-p", files_.root().string(), "-c",
                              files_.path("nginx.conf"), "-e", "stderr"},
                .errors = files_.path("errors")});
    if (!eventually([this] { return connect_error(address_) == 0; }))
      throw std::runtime_error("nginx does not listen: " + read_file(files_.path("errors")));
  }
  const std::string& address() const { return address_; }
  std::string access() const { return read_file(files_.path("access")); }

 private:
  const std::string address_;
  TempDir files_;
  std::unique_ptr<Process> process_;
};

TEST(RealClients, CurlReadsFromNginx) {
  Nginx nginx;
  Sluice sluice({.instances = {nginx.address()}});
  Invariants invariants(sluice);

  const Finished small = run({find_program("curl"), "-sS", "-f", "http://" + sluice.front() + "/"});
  EXPECT_TRUE(small.is_success()) << small.errors;
  EXPECT_EQ(small.output, "x");
  const Finished large =
      run({find_program("curl"), "-sS", "-f", "http://" + sluice.front() + "/large"});
  EXPECT_TRUE(large.is_success()) << large.errors;
  EXPECT_EQ(sha256(large.output), sha256_of_stream(8, 8 << 20));
  const Finished missing = run({find_program("curl"), "-sS", "-o", "/dev/null", "-w",
                                "%{http_code}", "http://" + sluice.front() + "/nothing"});
  EXPECT_EQ(missing.output, "404");
  invariants.expect_hold();
}

// nginx takes nothing on such a port but what begins with a PROXY header, checks included.
TEST(RealClients, CurlReadsFromNginxThatWantsAProxyHeader) {
  for (const std::string version : {"v1", "v2"}) {
    Nginx nginx("proxy_protocol");
    Sluice sluice({.instances = {nginx.address()},
                   .service = "proxy_protocol: {send: " + version +
                              "}, check: {type: http, interval: 100ms, http: {path: /large}}"});
    Invariants invariants(sluice);
    const auto status = sluice.admin().get("/v1/services/s").json()["instances"][0];
    EXPECT_EQ(status["state"], "up") << status;
    EXPECT_EQ(status["check"], "up") << "it was asked, and answered";
    const Finished page = run({find_program("curl"), "-sS", "-f", "--interface", "127.0.0.9",
                               "http://" + sluice.front() + "/"});
    EXPECT_EQ(page.output, "x") << page.errors;
    EXPECT_TRUE(eventually([&] {
      return nginx.access().find("127.0.0.9 /index.html") != std::string::npos;
    })) << nginx.access();
    EXPECT_NE(nginx.access().find(version == "v1" ? "127.0.0.1 /large" : "- /large"),
              std::string::npos)
        << nginx.access();
    invariants.expect_hold();
  }
}

TEST(RealClients, WrkSeesNoErrorWithAndWithoutKeepAlive) {
  Nginx nginx;
  Sluice sluice({.instances = {nginx.address()}, .service = "timeouts: {connect: 2s}"});
  Invariants invariants(sluice);
  const std::string seconds = std::to_string(size_of_run(2, 10)) + "s";
  for (const std::string connection : {"keep-alive", "close"}) {
    const Finished wrk = run({find_program("wrk"), "-t2", "-c50", "-d" + seconds, "-H",
                              "Connection: " + connection, "http://" + sluice.front() + "/"});
    EXPECT_TRUE(wrk.is_success()) << wrk.errors;
    EXPECT_NE(wrk.output.find("Requests/sec"), std::string::npos) << wrk.output;
    EXPECT_EQ(wrk.output.find("Socket errors"), std::string::npos) << wrk.output;
    EXPECT_EQ(wrk.output.find("Non-2xx"), std::string::npos) << wrk.output;
  }
  EXPECT_EQ(sluice.metric("sluice_connections_closed_total", {{"reason", "connect_failed"}}), 0);
  invariants.expect_hold(16 << 20);
}

TEST(RealClients, RedisBenchmarkPipelines) {
  const TempDir files;
  const std::uint16_t port = reserve_port();
  Process redis(
      {.arguments = {find_program("redis-server"), "--port", std::to_string(port), "--bind",
                     "127.0.0.1", "--save", "", "--dir", files.root().string()}});
  ASSERT_TRUE(eventually([&] { return connect_error(loopback(port)) == 0; }));
  Sluice sluice({.instances = {loopback(port)}});
  Invariants invariants(sluice);

  const std::string front_port = sluice.front().substr(sluice.front().rfind(':') + 1);
  const std::string requests = std::to_string(size_of_run(50'000, 1'000'000));
  const Finished benchmark =
      run({find_program("redis-benchmark"), "-h", "127.0.0.1", "-p", front_port, "-c", "50", "-P",
           "16", "-n", requests, "-t", "set,get,lrange_100", "--csv"},
          5min);
  EXPECT_TRUE(benchmark.is_success()) << benchmark.errors;
  EXPECT_NE(benchmark.output.find("\"GET\""), std::string::npos) << benchmark.output;
  EXPECT_EQ(benchmark.output.find("rror"), std::string::npos) << benchmark.output;
  EXPECT_EQ(benchmark.errors.find("rror"), std::string::npos) << benchmark.errors;
  invariants.expect_hold(16 << 20);
}

TEST(RealClients, IperfRunsBothWays) {
  const std::uint16_t port = reserve_port();
  Process server(
      {.arguments = {find_program("iperf3"), "-s", "-B", "127.0.0.1", "-p", std::to_string(port)}});
  ASSERT_TRUE(eventually([&] { return connect_error(loopback(port)) == 0; }));
  Sluice sluice({.instances = {loopback(port)}});
  Invariants invariants(sluice);

  const std::string front_port = sluice.front().substr(sluice.front().rfind(':') + 1);
  std::vector<std::string> command = {find_program("iperf3"),
                                      "-c",
                                      "127.0.0.1",
                                      "-p",
                                      front_port,
                                      "-P",
                                      "4",
                                      "-J",
                                      "-t",
                                      std::to_string(size_of_run(1, 10))};
  for (int i = 0; i < 2; ++i) {
    const Finished client = run(command);
    EXPECT_TRUE(client.is_success()) << client.output << client.errors;
    const auto report = nlohmann::json::parse(client.output, nullptr, false);
    ASSERT_TRUE(report.is_object()) << client.output;
    EXPECT_FALSE(report.contains("error")) << client.output;
    EXPECT_GT(report.at("end").at("sum_received").at("bytes"), 1 << 20);
    command.push_back("-R");
  }
  EXPECT_GT(sluice.metric("sluice_spliced_bytes_total"), 1 << 20);
  invariants.expect_hold(16 << 20);
}

// An instance is killed and comes back while 500 clients a second come in. It is killed between two
// requests: what it has begun to serve goes with it and cannot be retried.
TEST(RealClients, NobodyNoticesThatAnInstanceWasKilled) {
  constexpr int kPerSecond = 500;
  EchoProcess first, second, third;
  Sluice sluice({.instances = {first.address(), second.address(), third.address()},
                 .service = "retry: {max_retries: 3, budget: {percent: 100}}"});
  Invariants invariants(sluice);
  std::shared_mutex killing;
  std::atomic<bool> is_over{false};
  std::atomic<int> made{0}, failed{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 2; ++i)
    clients.emplace_back([&] {
      Stopwatch watch;
      for (int n = 0; !is_over; ++n) {
        // Each of the two threads keeps to its half of the rate.
        if (watch.seconds() * kPerSecond / 2 < n) {
          pause_between_looks(1ms);
          --n;
          continue;
        }
        const std::shared_lock serving(killing);
        Peer client = sluice.connect();
        if (!echoes(client, "request " + std::to_string(n))) ++failed;
        ++made;
      }
    });
  const auto serves_more = [&](int n) {
    const int before = made;
    return eventually([&] { return made >= before + n; }, 60s);
  };

  EXPECT_TRUE(serves_more(300));
  {
    const std::lock_guard nobody_is_served(killing);
    second.kill();
  }
  EXPECT_TRUE(serves_more(1000));
  EXPECT_GT(sluice.metric("sluice_retries_total", {{"reason", "refused"}}), 0);
  second.start();
  EXPECT_TRUE(serves_more(300));
  is_over = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(failed, 0) << "of " << made;
  invariants.expect_hold(16 << 20);
}

TEST(Metrics, ArePlainToPromtoolUnderTraffic) {
  Backend server(echo());
  Sluice sluice({.instances = {server.address()}});
  Invariants invariants(sluice);
  std::vector<Peer> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(sluice.connect());
    EXPECT_TRUE(echoes(clients.back(), "x"));
  }
  const TempDir files;
  const Response page = sluice.admin().get("/metrics");
  EXPECT_EQ(page.status, 200);
  write_file(files.path("metrics"), page.body);
  const Finished promtool =
      run({find_program("sh"), "-c",
           find_program("promtool") + " check metrics < " + files.path("metrics")});
  EXPECT_TRUE(promtool.is_success()) << promtool.output << promtool.errors;
  EXPECT_EQ(promtool.output + promtool.errors, "");
  clients.clear();
  invariants.expect_hold();
}

// The proxy's system calls while `traffic` runs, counted by name.
template <class Traffic>
std::map<std::string, int> system_calls(Sluice& sluice, Traffic traffic) {
  const std::string trace = sluice.path("calls");
  const std::string errors = sluice.path("strace.err");
  Process strace(
      {.arguments = {find_program("strace"), "-f", "-o", trace, "-p", std::to_string(sluice.pid())},
       .errors = errors});
  EXPECT_TRUE(eventually([&] { return read_file(errors).find("attached") != std::string::npos; }))
      << read_file(errors);
  traffic();
  strace.signal(SIGINT);
  EXPECT_TRUE(strace.wait());
  std::map<std::string, int> calls;
  std::istringstream lines(read_file(trace));
  for (std::string thread, line; lines >> thread && std::getline(lines >> std::ws, line);)
    if (const auto bracket = line.find('('); bracket != std::string::npos)
      ++calls[line.substr(0, bracket)];
  return calls;
}

TEST(SystemCalls, SmallMessagesCostOneReceiveAndOneSendEach) {
  constexpr int kMessages = 200;
  Backend server(echo());
  Sluice sluice({.instances = {server.address()}, .process = "workers: 1"});
  Invariants invariants(sluice);
  Peer client = sluice.connect();
  ASSERT_TRUE(echoes(client, "warm"));

  auto calls = system_calls(sluice, [&] {
    for (int i = 0; i < kMessages; ++i) ASSERT_TRUE(echoes(client, "small message"));
  });
  // A message passes twice, there and back; a few calls more may belong to the rest of the process.
  EXPECT_GE(calls["recvfrom"], 2 * kMessages);
  EXPECT_LE(calls["recvfrom"], 2 * kMessages + 10);
  EXPECT_GE(calls["sendto"], 2 * kMessages);
  EXPECT_LE(calls["sendto"], 2 * kMessages + 10);
  EXPECT_LE(calls["epoll_ctl"], 10);
  EXPECT_EQ(calls["splice"], 0);
  client.close();
  invariants.expect_hold();
}

TEST(SystemCalls, BulkIsSpliced) {
  constexpr std::uint64_t kBytes = 64 << 20;
  Backend server(source(2, kBytes));
  Sluice sluice({.instances = {server.address()}, .process = "workers: 1"});
  Invariants invariants(sluice);
  auto calls = system_calls(sluice, [&] {
    Peer client = sluice.connect();
    EXPECT_EQ(client.receive_rest(60s).bytes, kBytes);
  });
  EXPECT_GT(calls["splice"], 10);
  EXPECT_GT(calls["splice"], 2 * calls["recvfrom"]);
  EXPECT_GT(sluice.metric("sluice_spliced_bytes_total"), 0.9 * kBytes);
  invariants.expect_hold();
}

}  // namespace
}  // namespace sluice::test

// A client's first words are said again to another instance where the first has closed without one.
#include <gtest/gtest.h>

#include "tests/integration/ask.h"
#include "tests/support/invariants.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

constexpr const char* kReplays = "retry: {max_retries: 2, base_delay: 10ms, replay: {bytes: 1KiB}}";

TEST(Replay, LeavesNoTraceButInTheFigures) {
  for (const Backend::MakeScript& bad : {close_on_accept(), close_on_data(), reset_on_accept()}) {
    Backend closes(bad), good(ident("good"));
    Sluice sluice({.instances = {instance(closes.address(), "priority: 0"),
                                 instance(good.address(), "priority: 1")},
                   .service = kReplays});
    Invariants invariants(sluice);

    EXPECT_EQ(ask(sluice), "good");
    const auto line = sluice.sessions(1).at(0);
    EXPECT_EQ(line.at("attempts"), 2);
    EXPECT_EQ(line.at("instance"), good.address());
    EXPECT_EQ(line.at("bytes_up"), 1);
    EXPECT_EQ(closes.accepted(), 1u);
    // A reset may be there before the connect is noticed; then it is that which has failed.
    EXPECT_EQ(sluice.metric("sluice_retries_total", {{"reason", "early_close"}}) +
                  sluice.metric("sluice_retries_total", {{"reason", "reset"}}),
              1);
    invariants.expect_hold();
  }
}

// The header of each connection is its own; what the client said, its end included, is the same.
TEST(Replay, SaysTheProxyHeaderAnewAndFinishesAsTheClientDid) {
  Acceptor first, second;
  Sluice sluice({.instances = {instance(first.address(), "priority: 0"),
                               instance(second.address(), "priority: 1")},
                 .service = std::string(kReplays) + ", proxy_protocol: {send: v1}"});
  Invariants invariants(sluice);
  {
    Peer client = sluice.connect();
    client.send("hello");
    client.finish();
    Peer at_first = first.accept();
    const Rest told_first = at_first.receive_rest();
    EXPECT_TRUE(told_first.text.starts_with("PROXY TCP4 127.0.0.1 ")) << told_first.text;
    EXPECT_TRUE(told_first.text.ends_with("\r\nhello")) << told_first.text;
    at_first.close();
    Peer at_second = second.accept();
    const Rest told_second = at_second.receive_rest();
    EXPECT_EQ(told_second.text, told_first.text);
    EXPECT_EQ(told_second.end, End::fin);
    at_second.send("world");
    at_second.finish();
    EXPECT_EQ(client.receive_rest().text, "world");
  }
  invariants.expect_hold();
}

// What is larger than is kept is passed on like any other stream.
TEST(Replay, CarriesBulkAsBefore) {
  constexpr std::uint64_t kBytes = 3 << 20;
  Backend server(sum());
  Sluice sluice({.instances = {server.address()}, .service = kReplays});
  Invariants invariants(sluice);
  {
    Peer client = sluice.connect();
    EXPECT_EQ(client.send_stream(7, kBytes), kBytes);
    client.finish();
    EXPECT_TRUE(client.receive_rest().text.starts_with(std::to_string(kBytes) + " "));
  }
  EXPECT_EQ(sluice.sessions(1).at(0).at("bytes_up"), kBytes);
  EXPECT_EQ(sluice.metric("sluice_bytes_total", {{"direction", "upstream"}}), kBytes);
  invariants.expect_hold();
}

}  // namespace
}  // namespace sluice::test

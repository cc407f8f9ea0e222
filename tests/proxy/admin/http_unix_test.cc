#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "proxy/admin/http.h"
#include "tests/proxy/admin/desk.h"

namespace sluice::admin {
namespace {

using test::Peer;

class HttpOnUnixSocket : public ::testing::Test {
 protected:
  HttpOnUnixSocket() {
    char directory[] = "/tmp/sluice-admin-XXXXXX";
    directory_ = ::mkdtemp(directory);
    path_ = directory_ + "/admin.sock";
    config_.bind = "unix:" + path_;
  }
  ~HttpOnUnixSocket() override {
    ::unlink(path_.c_str());
    ::rmdir(directory_.c_str());
  }
  mode_t mode() const {
    struct stat status{};
    return ::lstat(path_.c_str(), &status) == 0 ? status.st_mode : 0;
  }

  std::string directory_, path_;
  config::Admin config_;
  Desk desk_;
};

TEST_F(HttpOnUnixSocket, ServesItsOwnerUnderAnyHost) {
  HttpServer server(config_, desk_.handler());
  server.start();
  EXPECT_EQ(server.address(), config_.bind);
  EXPECT_EQ(mode() & 0777u, 0600u);
  Peer peer = Peer::connect(server.address());
  peer.send("GET /a HTTP/1.1\r\nHost: whatever\r\n\r\n");
  EXPECT_EQ(receive_reply(peer).body, "GET /a ");
}

TEST_F(HttpOnUnixSocket, RemovesThePathAtItsEnd) {
  {
    HttpServer server(config_, desk_.handler());
  }
  EXPECT_EQ(mode(), 0u);
}

TEST_F(HttpOnUnixSocket, LeavesAPathAloneThatAnotherHasTakenOver) {
  {
    HttpServer server(config_, desk_.handler());
    ::unlink(path_.c_str());
    std::ofstream(path_) << "another's";
  }
  EXPECT_TRUE(S_ISREG(mode()));
}

TEST_F(HttpOnUnixSocket, ReplacesASocketThatNobodyAnswersOn) {
  {
    const test::Fd left_behind = test::listen_on(config_.bind);
  }
  ASSERT_TRUE(S_ISSOCK(mode()));
  HttpServer server(config_, desk_.handler());
  server.start();
  Peer peer = Peer::connect(server.address());
  peer.send(get("/a"));
  EXPECT_EQ(receive_reply(peer).status, 200);
}

TEST_F(HttpOnUnixSocket, ReplacesNeitherALiveSocketNorAFile) {
  {
    HttpServer first(config_, desk_.handler());
    EXPECT_THROW(HttpServer(config_, desk_.handler()), std::runtime_error);
    EXPECT_TRUE(S_ISSOCK(mode()));
  }
  std::ofstream(path_) << "a file";
  EXPECT_THROW(HttpServer(config_, desk_.handler()), std::runtime_error);
  EXPECT_TRUE(S_ISREG(mode()));
}

}  // namespace
}  // namespace sluice::admin

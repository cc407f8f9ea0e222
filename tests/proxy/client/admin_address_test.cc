#include "proxy/client/admin_address.h"

#include <gtest/gtest.h>

namespace sluice::client {
namespace {

TEST(AdminAddress, IsReadInAllItsSpellings) {
  struct Row {
    const char* said;
    const char* base_url;
    const char* unix_path;
    const char* text;
  };
  for (const Row& row : {
           Row{"127.0.0.1:9901", "http://127.0.0.1:9901", "", "127.0.0.1:9901"},
           Row{"http://10.0.0.1:80", "http://10.0.0.1:80", "", "10.0.0.1:80"},
           Row{"http://10.0.0.1:80/", "http://10.0.0.1:80", "", "10.0.0.1:80"},
           Row{"[::1]:9901", "http://[::1]:9901", "", "[::1]:9901"},
           Row{"proxy-1.example:1", "http://proxy-1.example:1", "", "proxy-1.example:1"},
           Row{"unix:/run/sluice.sock", "http://localhost", "/run/sluice.sock",
               "unix:/run/sluice.sock"},
       }) {
    std::string why;
    const auto address = AdminAddress::parse(row.said, why);
    ASSERT_TRUE(address) << row.said << ": " << why;
    EXPECT_EQ(address->base_url, row.base_url);
    EXPECT_EQ(address->unix_path, row.unix_path);
    EXPECT_EQ(address->text, row.text);
  }
}

TEST(AdminAddress, SaysWhatIsWrongWithAnythingElse) {
  struct Row {
    std::string said;
    const char* why;
  };
  for (const Row& row : {
           Row{"", "expected host:port"},
           Row{"127.0.0.1", "expected host:port"},
           Row{"127.0.0.1:", "expected host:port"},
           Row{"127.0.0.1:0", "expected host:port"},
           Row{"127.0.0.1:65536", "expected host:port"},
           Row{"127.0.0.1:+1", "expected host:port"},
           Row{"::1:9901", "expected host:port"},
           Row{"[]:9901", "expected host:port"},
           Row{"[::1%eth0]:9901", "expected host:port"},
           Row{"user@host:80", "expected host:port"},
           Row{"http://host:80/path", "expected host:port"},
           Row{"ftp://host:80", "expected host:port"},
           Row{"https://host:443", "plain HTTP"},
           Row{"unix:sluice.sock", "absolute path"},
           Row{"unix:/" + std::string(107, 'x'), "at most 107 bytes"},
       }) {
    std::string why;
    EXPECT_FALSE(AdminAddress::parse(row.said, why)) << row.said;
    EXPECT_NE(why.find(row.why), std::string::npos) << row.said << ": " << why;
  }
}

}  // namespace
}  // namespace sluice::client

// What the API says of itself is what it does.
#include <gtest/gtest.h>

#include "tests/integration/ask.h"
#include "tests/support/schema.h"
#include "tests/support/servers.h"

namespace sluice::test {
namespace {

using Json = nlohmann::json;

struct Exchange {
  std::string method, path;  // as the document has it
  std::string target;        // as it was asked
  std::string body = "";
  int status = 200;
};

class OpenApi : public testing::Test {
 protected:
  OpenApi() {
    const Response response = sluice_.admin().get("/v1/openapi.json");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.at("content-type"), "application/json");
    document_ = response.json();
  }

  static std::string in_lower_case(std::string method) {
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    return method;
  }

  const Json& answer_of(const Json& operation, int status) {
    const Json& answers = operation.at("responses");
    const auto at = answers.find(std::to_string(status));
    EXPECT_NE(at, answers.end()) << status << " is not described";
    return referred(document_, at != answers.end() ? *at : answers.at("default"));
  }

  void hold(const Exchange& exchange) {
    SCOPED_TRACE(exchange.method + " " + exchange.target);
    const Json& operation =
        document_.at("paths").at(exchange.path).at(in_lower_case(exchange.method));
    const Headers headers = {{"Content-Type", "application/json"}};
    const Response response =
        sluice_.admin().request(exchange.method, exchange.target, exchange.body, headers);
    ASSERT_EQ(response.status, exchange.status) << response.body;
    if (!exchange.body.empty() && response.status < 300) {
      hold_content(operation.at("requestBody"), exchange.body);
    }
    const Json& answer = answer_of(operation, response.status);
    if (!answer.contains("content")) {
      EXPECT_EQ(response.body, "");
      return;
    }
    const Json headers_told = answer.value("headers", Json::object());
    for (const auto& [name, header] : headers_told.items()) {
      EXPECT_TRUE(response.headers.contains(in_small(name))) << name;
    }
    const std::string type = response.headers.at("content-type");
    EXPECT_TRUE(answer["content"].contains(type.substr(0, type.find(';')))) << type;
    if (type == "application/json") hold_content(answer, response.body);
  }

  static std::string in_small(std::string name) {
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    return name;
  }

  void hold_content(const Json& holder, const std::string& body) {
    const Json& schema = holder.at("content").at("application/json").at("schema");
    for (const std::string& wrong : violations(document_, schema, Json::parse(body))) {
      ADD_FAILURE() << wrong << "\n" << body;
    }
  }

  Backend server_{ident("a")};
  Sluice sluice_{{.instances = {instance(server_.address(), "id: a, labels: {role: primary}")}}};
  Json document_;
};

TEST_F(OpenApi, HoldsWhatIsAnswered) {
  const auto connected = sluice_.connect();
  ASSERT_TRUE(eventually(
      [&] { return !sluice_.admin().get("/v1/connections").json().at("connections").empty(); }));
  const std::string connection =
      sluice_.admin().get("/v1/connections").json().at("connections").at(0).at("id");
  const std::string of_instance = "/v1/services/{service}/instances/{instance}";
  const Exchange exchanges[] = {
      {"GET", "/healthz", "/healthz"},
      {"GET", "/readyz", "/readyz"},
      {"GET", "/metrics", "/metrics"},
      {"GET", "/metrics", "/metrics?x=1", "", 400},
      {"GET", "/v1/openapi.json", "/v1/openapi.json"},
      {"GET", "/v1/status", "/v1/status"},
      {"GET", "/v1/config", "/v1/config"},
      {"GET", "/v1/explain", "/v1/explain?listener=front&client=10.0.0.9"},
      {"GET", "/v1/explain", "/v1/explain?listener=none", "", 404},
      {"GET", "/v1/explain", "/v1/explain", "", 400},
      {"GET", "/v1/explain", "/v1/explain?listener=front&sni=a", "", 400},
      {"GET", "/v1/services/{service}/instance", "/v1/services/s/instance?selector=role%3Dprimary"},
      {"GET", "/v1/services/{service}/instance", "/v1/services/s/instance"},
      {"GET", "/v1/services/{service}/instance", "/v1/services/none/instance", "", 404},
      {"GET", "/v1/connections", "/v1/connections?limit=7"},
      {"POST", "/v1/fuses/{listener}/{route}/{part}/reset", "/v1/fuses/front/default/s/reset", "",
       404},
      {"DELETE", "/v1/connections/{connection}", "/v1/connections/9-9", "", 404},
      {"DELETE", "/v1/connections/{connection}", "/v1/connections/" + connection, "", 204},
      {"PUT", of_instance, "/v1/services/s/instances/r?wait=applied",
       R"({"address":"127.0.0.9","port":9,"ttl":"30s","weight":0,"labels":{"a":"b"},
           "meta":{"c":"d"},"version":"1","protocol":"http","zone":"z","status":"starting",
           "check":{"type":"http","interval":"1s","fast_interval":"500ms","timeout":"1s","rise":1,
                    "fall":100,"jitter":0.5,"initial":"up","port":0,
                    "http":{"method":"GET","path":"/","host":"h","status":["200-299"],
                            "body":"x"},"send":"","expect":""}})"},
      {"PUT", of_instance, "/v1/services/s/instances/q?wait=applied",
       R"({"address":"127.0.0.9:11","ttl":"30s","weight":0,
           "check":{"type":"send_expect","send":"PING\r\n","expect":"+PONG"}})"},
      {"GET", of_instance + "/checks", "/v1/services/s/instances/q/checks"},
      {"GET", of_instance + "/checks", "/v1/services/s/instances/a/checks"},
      {"GET", of_instance + "/checks", "/v1/services/s/instances/none/checks", "", 404},
      {"PUT", of_instance, "/v1/services/s/instances/r",
       R"({"address":"127.0.0.9:9","check":{"interval":"1ms"}})", 400},
      {"PUT", of_instance, "/v1/services/s/instances/r?create=true", R"({"address":"127.0.0.9:9"})",
       409},
      {"PUT", of_instance, "/v1/services/s/instances/r", R"({"adress":"127.0.0.9:9"})", 400},
      {"PUT", of_instance, "/v1/services/s/instances/m", R"({"address":"169.254.169.254:80"})",
       403},
      {"PUT", of_instance, "/v1/services/none/instances/r", R"({"address":"127.0.0.9:9"})", 404},
      {"POST", "/v1/register", "/v1/register",
       R"({"service":"s","id":"n","address":"127.0.0.9:10","ttl":"0s","weight":0})"},
      {"PUT", of_instance + "/heartbeat", "/v1/services/s/instances/r/heartbeat",
       R"({"load":0.5,"weight":0})"},
      {"PUT", of_instance + "/heartbeat", "/v1/services/s/instances/n/heartbeat"},
      {"PUT", of_instance + "/heartbeat", "/v1/services/s/instances/none/heartbeat", "", 404},
      {"PUT", of_instance + "/state", "/v1/services/s/instances/a/state",
       R"({"admin":"drain","reason":"deploy"})"},
      {"GET", "/v1/services/{service}/instance", "/v1/services/s/instance", "", 404},
      {"PUT", of_instance + "/state", "/v1/services/s/instances/a/state", R"({"admin":"ready"})"},
      {"GET", "/v1/services", "/v1/services"},
      {"GET", "/v1/services/{service}", "/v1/services/s?selector=a%3Db&state=up"},
      {"GET", "/v1/services/{service}", "/v1/services/s"},
      {"GET", "/v1/services/{service}", "/v1/services/none", "", 404},
      {"DELETE", of_instance, "/v1/services/s/instances/r?drain=1s&wait=true"},
      {"DELETE", of_instance, "/v1/services/s/instances/r", "", 404},
      {"DELETE", of_instance, "/v1/services/s/instances/a", "", 409},
      {"GET", "/v1/events", "/v1/events"},
      {"POST", "/v1/reload", "/v1/reload?dry_run=true"},
      {"POST", "/v1/reload", "/v1/reload", R"({"dry_run":false})"},
      {"POST", "/v1/reload", "/v1/reload", R"({"dry":false})", 400},
  };
  for (const Exchange& exchange : exchanges) hold(exchange);

  sluice_.write_config("listeners: 7\n");
  hold({"POST", "/v1/reload", "/v1/reload", "", 400});
}

}  // namespace
}  // namespace sluice::test

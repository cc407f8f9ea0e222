#include "tests/integration/ask.h"

namespace sluice::test {

std::string ask(const Sluice& sluice, const ConnectOptions& options) {
  Peer client = sluice.connect(options);
  client.try_send(".");
  return client.receive_rest().text;
}

std::map<std::string, int> ask_times(const Sluice& sluice, int n) {
  std::map<std::string, int> answers;
  for (int i = 0; i < n; ++i) ++answers[ask(sluice)];
  return answers;
}

bool echoes(Peer& peer, const std::string& text, Milliseconds within) {
  return peer.try_send(text) && peer.receive(text.size(), within) == text;
}

bool becomes_quiet(const Sluice& sluice) {
  return eventually([&] {
    const MetricsPage page = sluice.metrics();
    return page.value("sluice_connections_active") == 0 &&
           page.value("sluice_instance_connections") == 0;
  });
}

}  // namespace sluice::test

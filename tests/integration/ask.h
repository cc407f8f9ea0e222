// Short clients: one question, one answer.
#pragma once

#include <map>
#include <string>

#include "tests/support/sluice.h"

namespace sluice::test {

// Connects, says one byte and reads to the end: the name of the ident() server that it was given
// to, or "" if the proxy closed it without an answer.
std::string ask(const Sluice& sluice, const ConnectOptions& options = {});

// Asks n times, one after the other, and counts the answers by name.
std::map<std::string, int> ask_times(const Sluice& sluice, int n);

// Sends the text and expects it back on the same connection.
bool echoes(Peer& peer, const std::string& text, Milliseconds within = kPatience);

// Waits until no connection is active any more, so that the next is chosen among idle instances.
bool becomes_quiet(const Sluice& sluice);

}  // namespace sluice::test

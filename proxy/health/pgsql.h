// The check of type pgsql: a StartupMessage of the protocol 3.0, as user `sluice` of the database
// `postgres`, as https://www.postgresql.org/docs/current/protocol-flow.html has it.
//
// Whoever asks for a password is up, whether or not there is such a user: PostgreSQL asks for it
// only when it is ready to let somebody in. We then leave without a word, which it does not log; a
// Terminate there it would log as a protocol violation. Whoever lets us in is up once it is
// ReadyForQuery, and is told Terminate.
//
// An ErrorResponse is up, since we are the ones who are refused (no such role or database, no line
// in pg_hba.conf), unless its SQLSTATE says that nobody is served (appendix A of the manual):
//
//   08 a connection failed      what a pooler says whose server is away
//   53 insufficient resources   53300: too many connections
//   57 operator intervention    57P03: starting up, shutting down, in recovery; 57P01
//   58, XX                      its system, or itself, is broken
//
// It logs each refusal, which a role without rights spares it: CREATE ROLE sluice LOGIN.
#pragma once

#include <string>

#include "proxy/health/judgement.h"

namespace sluice::health {

std::string pgsql_startup();
Judgement judge_pgsql(std::string_view heard);

}  // namespace sluice::health

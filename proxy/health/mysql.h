// The check of type mysql: takes the server's greeting, logs in as user `sluice` without a
// password, and says good-bye, as
// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html has it. Of
// MySQL, MariaDB and whatever speaks like them.
//
// An ERR packet in place of a greeting is down: 1040 too many connections, 1129 this host is
// blocked, 1130 it is not allowed, and all others. A greeting of the protocol 10 is up as soon as
// the login is answered, however it is: whether we are let in (then it is told COM_QUIT) or refused
// (1045) is no matter, unless it is for one of the reasons for which all are.
//
// Why a login: a server counts everybody who leaves between its greeting and his login as a broken
// handshake, and after max_connect_errors of them in a row (100) it takes nobody from that host any
// more, which is this proxy with all of its clients. A login that is refused does not count, one
// that is accepted begins to count anew. (host_cache in the Performance Schema's manual;
// HAProxy's mysql-check logs in for the same reason if it is given a user.) A server that wants
// another authentication plugin says so first and reads an answer before anything else: it gets an
// empty one, which is no password again, since whatever else comes then, a COM_QUIT too, is a
// broken handshake.
//
// Refused logins may be logged. An account without rights spares it that: CREATE USER sluice.
#pragma once

#include "proxy/health/judgement.h"

namespace sluice::health {

Judgement judge_mysql(std::string_view heard);

}  // namespace sluice::health

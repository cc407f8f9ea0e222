// The check of type redis: PING, as https://redis.io/docs/latest/develop/reference/protocol-spec/
// has it.
//
// +PONG is up. So are -NOAUTH and -NOPERM: a server that wants a password serves those who have it,
// though Redis says so before it would say that it is loading. Who wants to know more of such a
// one uses send_expect with "AUTH ...\r\nPING\r\n". Everything else is down: -LOADING, -MASTERDOWN
// (a replica that has lost its master and is told not to serve stale data), -ERR max number of
// clients reached, -DENIED. (HAProxy's redis-check takes +PONG alone.)
#pragma once

#include <string>

#include "proxy/health/judgement.h"

namespace sluice::health {

std::string redis_ping();
Judgement judge_redis(std::string_view heard);

}  // namespace sluice::health

#pragma once
// What the code of a service's error tells of what happened, and of what to do about it.
#include <string_view>

#include "plugins/aws/protocol.h"

namespace runbook::aws {

// It is not there: NotFound, NoSuch, NonExistent, DoesNotExist, or status 404.
bool says_not_found(const ServiceError& error);
// Too many requests: turned away before anything was done.
bool says_throttled(const ServiceError& error);
// Its credentials have expired: new ones may be taken.
bool says_expired(const ServiceError& error);
// It takes the time of the request for wrong.
bool says_clock_is_wrong(const ServiceError& error);
// Whether it is certain that nothing was done. A server that fails (status 500 and above, or an error behind a status of success) may have
// begun, unless it only turned the request away.
bool says_not_done(const ServiceError& error);

}  // namespace runbook::aws

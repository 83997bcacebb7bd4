#pragma once
#include <string>

#include "base/value.h"
#include "plugins/aws/session.h"

namespace runbook::aws {

// How an operation's answers are strung together ("paginators-1"): null if it comes in one piece, or if the parameters ask for a page
// themselves.
Value pagination_of(const ModelStore& store, const Call& call);

// The call, and all pages that follow, as one answer: lists put together, of the rest what the paginator says is the same on every page.
// Reads only. All or nothing: a service that gives the same token twice, and more than 10,000 pages, are a refusal with its reason.
CallAnswer call_all_pages(Session& session, const Call& call, const Configuration& configuration, std::stop_token stop);

}  // namespace runbook::aws

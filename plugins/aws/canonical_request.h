#pragma once
// The parts of a request in the form that Signature Version 4 digests: whoever sends and whoever checks come to the same bytes.
#include <map>
#include <string>
#include <string_view>

#include "os/http_client.h"
#include "plugins/aws/protocol.h"

namespace runbook::aws {

// A path that is encoded once, without dot segments and repeated slashes, encoded once more.
std::string canonical_path(std::string_view path);
// Encoded, and sorted by encoded name, then by value; a name without a value has an empty one.
std::string canonical_query(const Query& query);
// Names in lower case with their values: trimmed, runs of blanks folded, those of a repeated header joined by commas in their
// order. Headers that proxies change are left out, and so is Authorization.
std::map<std::string, std::string> canonical_headers(const HttpHeaders& headers);

bool is_header(std::string_view name, std::string_view lower_case_name);

}  // namespace runbook::aws

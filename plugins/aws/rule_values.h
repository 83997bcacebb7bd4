#pragma once
// What the functions of endpoint rules compute on texts (smithy.io, "Rules engine standard library"; AWS's additions to it). Where a text is
// none of its kind the answer is null, which rules take for "not set".
#include <cstdint>
#include <string_view>

#include "base/value.h"

namespace runbook::aws {

enum class Dots {
  refused,
  allowed,  // between labels that are each valid
};
// A label of a host name by RFC 1123: 1 to 63 letters, digits and inner hyphens.
bool is_host_label(std::string_view text, Dots dots);
// Whether S3 can serve a bucket of this name as a host: a label of at least 3 characters, no capitals, no IPv4 address.
bool is_virtual_hostable_bucket(std::string_view name, Dots dots);

// {scheme, authority, path, normalizedPath, isIp}. Only http and https, no query, no fragment.
Value parsed_url(std::string_view text);
// {partition, service, region, accountId, resourceId: [...]}; region and account may be "".
Value parsed_arn(std::string_view text);

enum class From { begin, end };
// Null where the text is too short, or not ASCII.
Value substring(std::string_view text, std::int64_t start, std::int64_t stop, From from);
// At most `limit` parts; 0: all.
Value split(std::string_view text, std::string_view delimiter, std::int64_t limit);
// "a.b", "resourceId[1]", "[0]"; [-1] is the last one.
Value attribute(const Value& value, std::string_view path);

}  // namespace runbook::aws

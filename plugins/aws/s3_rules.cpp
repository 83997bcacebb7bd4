#include "plugins/aws/s3_rules.h"

#include <algorithm>
#include <array>

#include "base/percent.h"
#include "base/trimmed.h"
#include "plugins/aws/wire_values.h"
#include "plugins/aws/xml_body.h"

namespace runbook::aws {
namespace {

constexpr std::array listings = {"ListObjects", "ListObjectsV2", "ListObjectVersions"};
constexpr std::array answered_early = {"CopyObject", "UploadPartCopy", "CompleteMultipartUpload"};
constexpr std::array encoded_members = {"Delimiter", "Marker",    "NextMarker",    "Prefix",
                                        "Key",       "KeyMarker", "NextKeyMarker", "StartAfter"};

bool is_s3(const ServiceModel& model) { return model.metadata().endpoint_prefix == "s3"; }

template <std::size_t n>
bool is_one_of(const std::array<const char*, n>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool asks_for_encoded_names(const Operation& operation, const Value& params) {
  return is_one_of(listings, operation.name) && params.get("EncodingType").is_null();
}

// As forms are encoded: a blank is a plus.
std::string form_decoded(std::string text) {
  std::replace(text.begin(), text.end(), '+', ' ');
  return percent_decoded(text);
}

Value decoded(const Value& result) {
  if (result.is_list()) {
    List items;
    for (const Value& item : result.as_list()) items.push_back(decoded(item));
    return items;
  }
  if (!result.is_map()) return result;
  Map members;
  for (const auto& [name, value] : result.as_map()) {
    const bool is_encoded = value.is_text() && is_one_of(encoded_members, name);
    members.emplace_back(name, is_encoded ? Value(form_decoded(value.as_text())) : decoded(value));
  }
  return members;
}

}  // namespace

void apply_s3_rules(const ServiceModel& model, const Operation& operation, const Value& params, WireRequest& request) {
  if (!is_s3(model)) return;
  if (asks_for_encoded_names(operation, params)) request.query.emplace_back("encoding-type", "url");
  const bool has_stream = !operation.input.empty() && model.shape(operation.input).payload == "Body";
  if (has_stream && params.get("ContentType").is_null())
    std::erase_if(request.headers, [](const auto& header) { return header.first == "Content-Type"; });
}

bool is_s3_error_behind_success(const ServiceModel& model, const Operation& operation, const HttpReply& reply) {
  if (!is_s3(model) || !streaming_member(model, operation).empty()) return false;
  if (is_one_of(answered_early, operation.name) && trimmed(reply.body).empty())
    throw AnswerFault("its body is empty, and only its body would say whether it was done");
  if (reply.body.find("<Error>") == std::string::npos) return false;
  return xml_of_body(reply.body).name == "Error";
}

Value with_s3_rules(const ServiceModel& model, const Operation& operation, const Value& params, const HttpReply& reply,
                    Value result) {
  if (!is_s3(model)) return result;
  if (operation.name == "GetBucketLocation") {
    const XmlElement root = xml_of_body(reply.body);
    const std::string region(trimmed(root.text));
    return object({{"LocationConstraint", region.empty() ? Value() : Value(region)}});
  }
  const bool is_encoded = asks_for_encoded_names(operation, params) && result.text_or("EncodingType", "") == "url";
  return is_encoded ? decoded(result) : result;
}

}  // namespace runbook::aws

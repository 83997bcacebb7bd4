#include "state/event.h"

#include "base/json.h"

namespace runbook {
namespace {

bool is_hex_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_empty(const Value& body) { return body.is_null() || (body.is_map() && body.as_map().empty()); }

}  // namespace

Value blob_reference(std::string_view digest, std::size_t size) {
  return object({{"blob", digest}, {"size", static_cast<std::int64_t>(size)}});
}

std::string blob_digest(const Value& reference) {
  const Value* size = reference.find("size");
  if (size == nullptr || !size->is_int()) return {};
  const std::string digest = reference.text_or("blob", "");
  return is_hex_digest(digest) ? digest : std::string();
}

std::string event_text(const Event& event) {
  Map members{{"kind", event.kind}};
  if (!event.instance.empty()) members.emplace_back("instance", event.instance);
  if (event.attempt != 0) members.emplace_back("attempt", event.attempt);
  if (event.at_ms != 0) members.emplace_back("at_ms", event.at_ms);
  if (!is_empty(event.body)) members.emplace_back("body", event.body);
  return to_json(std::move(members));
}

std::optional<Event> read_event(std::int64_t seq, std::string_view text) {
  const auto value = try_parse_json(text);
  if (!value || value->text_or("kind", "").empty()) return std::nullopt;
  Event event;
  event.seq = seq;
  event.kind = value->text_or("kind", "");
  event.instance = value->text_or("instance", "");
  event.attempt = value->int_or("attempt", 0);
  event.at_ms = value->int_or("at_ms", 0);
  event.body = value->get("body");
  return event;
}

std::string describe(const Event& event) {
  if (event.instance.empty()) return event.kind;
  const char* noun = event.kind.starts_with("section") ? " of section `" : " of step `";
  return event.kind + noun + event.instance + "`";
}

}  // namespace runbook

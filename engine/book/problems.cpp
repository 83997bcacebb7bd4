#include "book/problems.h"

#include <algorithm>

namespace runbook {
namespace {

constexpr std::size_t most_of_a_kind = 1000;  // errors, and warnings

// How much of its line the node takes, as far as it is easy to say.
int extent(const Node& node) {
  if (node.kind != Node::Kind::scalar || node.block || node.text.find('\n') != std::string::npos) return 1;
  return std::max(1, length_of(node.text) + (node.quoted ? 2 : 0));
}

}  // namespace

int length_of(std::string_view text) {
  return static_cast<int>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

void Problems::error(const Node& node, std::string message, std::string hint) {
  error(node.place, extent(node), std::move(message), std::move(hint));
}

void Problems::error(const Node::Member& key, std::string message, std::string hint) {
  error(key.key_place, length_of(key.key), std::move(message), std::move(hint));
}

void Problems::error(Place place, int length, std::string message, std::string hint) {
  add(errors_, {Diagnostic::Severity::error, place, length, std::move(message), std::move(hint)});
}

void Problems::warning(Place place, int length, std::string message, std::string hint) {
  add(warnings_, {Diagnostic::Severity::warning, place, length, std::move(message), std::move(hint)});
}

void Problems::take(const SourcePtr& other, std::vector<Diagnostic> diagnostics, std::size_t errors, std::size_t warnings) {
  for (Diagnostic& each : diagnostics) {
    if (!each.source) each.source = other;
    const bool is_error = each.severity == Diagnostic::Severity::error;
    --(is_error ? errors : warnings);
    add(is_error ? errors_ : warnings_, std::move(each));
  }
  errors_.dropped += errors;
  warnings_.dropped += warnings;
}

void Problems::add(Count& count, Diagnostic diagnostic) {
  if (count.kept == most_of_a_kind) {
    ++count.dropped;
    return;
  }
  ++count.kept;
  diagnostic.length = std::max(1, diagnostic.length);  // an empty key has a place too
  found_.push_back(in_short(std::move(diagnostic)));
}

}  // namespace runbook

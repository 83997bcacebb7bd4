#pragma once
// Hints of deeper layers, which speak of any run and any command, said of the one at hand.
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace runbook {

// The same error, whose hint says `instead` where it said `words`.
inline Error reworded(const Error& error, std::string_view words, std::string_view instead) {
  std::string hint = error.hint();
  if (const auto at = hint.find(words); at != std::string::npos) hint.replace(at, words.size(), instead);
  return Error(error.code(), error.what(), std::move(hint));
}

}  // namespace runbook

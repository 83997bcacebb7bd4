#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace runbook {

// The known name that `unknown` most probably means (Damerau-Levenshtein, at most a third of the longer of the two), or "".
std::string nearest(std::string_view unknown, const std::vector<std::string>& known);
// "did you mean `title`?", or, where nothing is near: "known: a, b, c" (at most `most` names), or "".
std::string suggestion(std::string_view unknown, const std::vector<std::string>& known, std::size_t most = 12);

}  // namespace runbook

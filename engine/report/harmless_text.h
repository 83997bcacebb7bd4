#pragma once
// Text from outside, made so that a terminal shows it and does nothing else.
#include <string>
#include <string_view>

namespace runbook {

enum class Charset {
  utf8,
  ascii,  // dashes, quotes and the like become their ASCII forms; what has none becomes `?`
};

// Line ends and tabs stay. Other control characters appear as ^X, those that change the direction of writing as <U+202E>, and bytes that
// are not UTF-8 as U+FFFD.
std::string harmless(std::string_view text, Charset charset);

}  // namespace runbook

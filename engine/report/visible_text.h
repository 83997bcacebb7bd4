#pragma once
// Text from outside, made so that a terminal shows it and does nothing else.
#include <string>
#include <string_view>

#include "base/cells.h"

namespace runbook {

// Line ends and tabs stay. Other control characters appear as ^X, those that change the direction of writing as <U+202E>, and bytes that
// are not UTF-8 as U+FFFD. For Charset::ascii dashes, quotes and the like have their ASCII forms; letters stay as they are, for a person
// may have to type them, and most terminals know them whatever the locale says.
std::string made_visible(std::string_view text, Charset charset);

}  // namespace runbook

#pragma once
#include <string>
#include <string_view>

namespace runbook {

// [a-z][a-z0-9_]*
bool is_name(std::string_view text);
// [A-Za-z_][A-Za-z0-9_]*
bool is_environment_name(std::string_view text);
// "Create the state bucket!" is "create_the_state_bucket"; "" where nothing of the text can stand in a name.
std::string name_from(std::string_view text);
std::string upper_case(std::string_view name);

}  // namespace runbook

#pragma once
// The form of ~/.aws/config and ~/.aws/credentials: sections of `name = value`, as the AWS CLI reads them. Names are in lower
// case. A value goes on in lines that are indented deeper; of an empty one these are settings of their own ("s3 =" and below
// it "addressing_style = path"), kept as "s3.addressing_style". Lines that begin with # or ; are comments, and so is what
// follows " #" outside of quotes. Quotes are part of a value. A section that stands twice is one, of a setting that stands
// twice the last counts.
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace runbook::aws {

using Settings = std::map<std::string, std::string>;

struct IniSection {
  std::string name;  // as it stands between the brackets
  Settings settings;
};

// In the order in which they begin. `file` is for the message. Error (exit 1) "FILE:LINE: ...", which shows no value: it may
// be a secret.
std::vector<IniSection> read_ini(std::string_view text, const std::string& file);

// The words of a command or a name, as a shell divides them: blanks, '...', "...", backslashes; nothing else is special.
// Error (exit 1): a quote that does not end; the message begins with `what`.
std::vector<std::string> shell_words(std::string_view text, const std::string& what);

}  // namespace runbook::aws

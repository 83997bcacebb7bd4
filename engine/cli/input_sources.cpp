#include "cli/input_sources.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/shell_word.h"
#include "os/files.h"
#include "os/inquiry.h"
#include "os/terminal.h"

namespace runbook {

namespace {

namespace fs = std::filesystem;

Found nothing(std::string why) { return {std::nullopt, std::move(why), {}, {}}; }

Found found(std::string text) { return {std::move(text), {}, {}, {}}; }

// Tools and editors end what they write with a line end that does not belong to the value.
std::string without_line_end(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

Found from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (!value) return nothing(fmt::format("${} is not set", name));
  return *value ? found(value) : nothing(fmt::format("${} is empty", name));
}

bool is_readable_by_others(const fs::path& path) {
  std::error_code error;
  const fs::perms others = fs::status(path, error).permissions() & (fs::perms::group_read | fs::perms::others_read);
  return !error && others != fs::perms::none;
}

Found from_file(const Input& input, const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return nothing(fmt::format("{} is not there", path.string()));
  if (input.type == ValueType::secret && is_readable_by_others(path))
    return {std::nullopt, {}, fmt::format("others can read {}", path.string()), "chmod 600 " + quoted_for_shell(path.string())};
  const std::optional<std::string> text = try_read_file(path);
  if (!text) return nothing(fmt::format("{} can't be read", path.string()));
  const std::string value = without_line_end(*text);
  return value.empty() ? nothing(fmt::format("{} is empty", path.string())) : found(value);
}

Found from_command(const std::vector<std::string>& argv, const fs::path& folder) {
  const Reply reply = inquire({argv, folder, std::nullopt, Inquiry::Errors::shown});
  if (!reply.is_good()) return nothing(fmt::format("`{}` {}", argv.front(), why_no_reply(reply)));
  const std::string value = without_line_end(reply.out);
  return value.empty() ? nothing(fmt::format("`{}` printed nothing", argv.front())) : found(value);
}

Found from_person(const Input& input) {
  const bool is_secret = input.type == ValueType::secret;
  while (true) {
    const std::string prompt =
        fmt::format("{}{}{}: ", input.name, input.description.empty() ? "" : fmt::format(" ({})", input.description),
                    is_secret ? ", not shown" : "");
    const std::optional<std::string> line = is_secret ? read_hidden_line(prompt) : ask_line(prompt);
    if (is_secret || !line) fmt::print(stderr, "\n");
    if (!line || line->empty()) return nothing("nothing was typed");
    const std::string why = why_not_given(input, *line);
    if (why.empty()) return found(*line);
    fmt::print(stderr, "{}\n", why);
  }
}

}  // namespace

std::function<Found(const Input&, const InputSource&)> input_sources(fs::path folder, Looking looking) {
  return [folder = std::move(folder), looking](const Input& input, const InputSource& source) {
    switch (source.kind) {
      case InputSource::Kind::environment: return from_environment(source.name);
      case InputSource::Kind::file: return from_file(input, (folder / source.name).lexically_normal());
      case InputSource::Kind::command:
        if (looking == Looking::without_running) return nothing(fmt::format("`{}` is not run now", source.argv.front()));
        return from_command(source.argv, folder);
      case InputSource::Kind::ask: break;
    }
    return looking == Looking::everywhere ? from_person(input) : nothing("nobody can be asked here");
  };
}

}  // namespace runbook

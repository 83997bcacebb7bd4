#include "os/process_texts.h"

#include <algorithm>
#include <string_view>

#include "base/redactor.h"

namespace runbook {

namespace {

// So much of a secret at the end of a text is taken for it.
constexpr std::size_t tell_tale = 4;

void cut_off_beginning(std::string& text, std::string_view secret) {
  for (std::size_t length = std::min(secret.size(), text.size()); length >= tell_tale; --length) {
    if (!std::string_view(text).ends_with(secret.substr(0, length))) continue;
    text.replace(text.size() - length, length, "[secret]");
    return;
  }
}

}  // namespace

std::vector<std::string> masked_processes(std::vector<std::string> processes, const std::vector<std::string>& secrets) {
  for (std::string& text : processes) {
    text = redact(text, secrets);
    for (const std::string& secret : secrets) cut_off_beginning(text, secret);
  }
  return processes;
}

}  // namespace runbook

#include "base/error.h"

#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace runbook {

Error::Error(ExitCode code, std::string what, std::string hint) : code_(code), what_(std::move(what)), hint_(std::move(hint)) {}

std::string with_hint(const std::exception& error) {
  const auto* ours = dynamic_cast<const Error*>(&error);
  return ours && !ours->hint().empty() ? std::string(ours->what()) + "; " + ours->hint() : error.what();
}

std::string system_message(const std::string& doing, int error_number) {
  return doing + ": " + std::generic_category().message(error_number);
}

void throw_system(ExitCode code, const std::string& doing, int error_number, std::string hint) {
  throw Error(code, system_message(doing, error_number), std::move(hint));
}

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: this should never happen: not (%s)\n", file, line, condition);
  std::abort();
}

}  // namespace runbook

#include "plugins/aws/process_credentials.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/error.h"
#include "base/one_line.h"
#include "base/redactor.h"
#include "os/inquiry.h"
#include "os/program.h"

namespace runbook::aws {
namespace {

constexpr std::int64_t longest_ms = 300'000;  // such programs wait for a person at a browser
constexpr std::size_t longest_complaint = 400;

std::string here() {
  std::error_code error;
  const auto folder = std::filesystem::current_path(error);
  return error ? "/" : folder.string();
}

Reply ask_program(const CredentialSearch& search, std::vector<std::string> words) {
  const std::string folder = here();
  const std::string program = find_program(words.front(), search.configuration.env(), folder);
  if (!program.empty()) words.front() = program;
  return inquire({words, folder, longest_ms, Inquiry::Errors::kept, {}, search.configuration.env(), search.stop});
}

// What it printed may also stand in what it wrote of its failure.
std::string complaint_of(const Reply& reply) {
  const Value printed = json_or_null(reply.out);
  const std::vector<std::string> secrets = {printed.text_or("SecretAccessKey", ""), printed.text_or("SessionToken", "")};
  const std::string text = one_line(redact(reply.err, secrets), longest_complaint);
  return why_no_reply(reply) + (text.empty() ? "" : ": " + text);
}

}  // namespace

std::optional<Credentials> process_credentials(CredentialSearch& search) {
  const Section section = search.section();
  const std::string command = setting(section, "credential_process");
  if (command.empty()) return std::nullopt;
  const std::string what = fmt::format("credential_process of profile `{}`", search.profile);
  const std::vector<std::string> words = shell_words(command, what);
  if (words.empty()) return std::nullopt;
  const Reply reply = ask_program(search, words);
  if (!reply.is_good()) throw Error(ExitCode::step_failed, fmt::format("{} {}", what, complaint_of(reply)));
  const Value printed = json_or_null(reply.out);
  if (!printed.is_map()) throw Error(ExitCode::step_failed, what + " prints no JSON");
  if (printed.get("Version") != Value(1))
    throw Error(ExitCode::step_failed, what + " prints another Version than 1, which is the one that is known");
  Credentials found = issued_credentials(printed, "SessionToken", what);
  if (found.account.empty()) found.account = setting(section, "aws_account_id");
  return found;
}

}  // namespace runbook::aws

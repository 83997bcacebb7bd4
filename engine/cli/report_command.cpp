#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "base/clock.h"
#include "base/error.h"
#include "base/shell_word.h"
#include "base/timestamp.h"
#include "cli/commands.h"
#include "cli/report_maker.h"
#include "cli/session.h"
#include "cli/version.h"
#include "os/files.h"
#include "os/identity.h"
#include "os/ssh_signature.h"

namespace runbook {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t day_ms = 86'400'000;

// A date alone means all of that day.
std::int64_t time_given(const Arguments& arguments, std::string_view option, bool is_end) {
  const std::string text = arguments.value(option).value_or("");
  const auto at = parse_timestamp(text);
  const bool is_number = text.find_first_not_of("0123456789.") == std::string::npos;
  if (!at || is_number)
    throw Error(ExitCode::usage, fmt::format("{}: `{}` is no time", option, text),
                "write 2026-11-29, 2026-11-29T02:15 or 2026-11-29T02:15:00+01:00; without an offset it is UTC");
  const std::int64_t at_ms = at->seconds * 1000 + at->micros / 1000;
  const bool is_date = text.find_first_of("Tt :") == std::string::npos;
  return is_date && is_end ? at_ms + day_ms - 1 : at_ms;
}

AuditScope scope_given(const Arguments& arguments) {
  AuditScope scope;
  if (arguments.has("--from")) scope.from_ms = time_given(arguments, "--from", false);
  if (arguments.has("--to")) scope.to_ms = time_given(arguments, "--to", true);
  if (scope.from_ms && scope.to_ms && *scope.from_ms > *scope.to_ms)
    throw Error(ExitCode::usage, "--from is later than --to: nothing lies between them", "turn them round");
  for (const std::string& word : arguments.values("--steps")) {
    std::istringstream names(word);
    for (std::string name; std::getline(names, name, ',');)
      if (!name.empty()) scope.steps.insert(name);
  }
  scope.has_output = !arguments.has("--no-output");
  return scope;
}

ReportFormat format_given(const Arguments& arguments) {
  if (const auto word = arguments.value("--format")) {
    if (const auto format = report_format(*word)) return *format;
    throw Error(ExitCode::usage, fmt::format("--format: there is no `{}`", *word), "one of: md, html, json, junit");
  }
  if (arguments.wants_json()) return ReportFormat::json;
  const auto file = arguments.value("--out");
  return file ? format_of_file(*file).value_or(ReportFormat::markdown) : ReportFormat::markdown;
}

// The one that ssh would offer first.
fs::path own_key() {
  std::error_code error;
  for (const char* name : {"id_ed25519", "id_ecdsa", "id_rsa"}) {
    fs::path key = fs::path(home_folder()) / ".ssh" / name;
    if (fs::exists(key, error)) return key;
  }
  throw Error(ExitCode::usage, "--sign: there is no key in ~/.ssh", "name one: --sign-with KEY");
}

std::optional<fs::path> key_given(const Arguments& arguments) {
  if (!arguments.has("--sign") && !arguments.has("--sign-with")) return std::nullopt;
  if (!arguments.has("--out"))
    throw Error(ExitCode::usage, "a signature is of a file", "say which: --out FILE; the signature is FILE.sig");
  if (const auto key = arguments.value("--sign-with")) return *key;
  return own_key();
}

// Through links: what is replaced is the file that is meant, and never a part of the record, nor what is no file.
fs::path place_of(const std::string& path, const fs::path& journal) {
  std::error_code error;
  fs::path place = fs::weakly_canonical(fs::absolute(path), error);
  const fs::path record = fs::weakly_canonical(fs::absolute(journal), error);
  const auto is_beside = [&](const char* ending) { return place == record.string() + ending; };
  const bool is_of_the_record =
      is_beside("") || is_beside("-wal") || is_beside("-shm") || place.string().starts_with(record.string() + ".d/");
  if (is_of_the_record) throw Error(ExitCode::usage, fmt::format("--out: {} is the journal's own", path), "name another file");
  if (fs::exists(place, error) && !fs::is_regular_file(place, error) && !fs::is_directory(place, error))
    throw Error(ExitCode::usage, fmt::format("--out: {} is no file", path), "leave --out out, and redirect standard output");
  return place;
}

void require_folder(const std::string& path) {
  std::error_code error;
  const fs::path folder = fs::absolute(path, error).parent_path();
  if (!fs::is_directory(folder, error))
    throw Error(ExitCode::usage, fmt::format("--out: there is no folder {}", folder.string()), "make it, or name another");
  if (fs::is_directory(path, error))
    throw Error(ExitCode::usage, fmt::format("--out: {} is a folder", path), "name a file in it");
}

}  // namespace

int report_command(const Arguments& arguments) {
  const ReportFormat format = format_given(arguments);
  const AuditScope scope = scope_given(arguments);
  const auto key = key_given(arguments);
  const auto out = arguments.value("--out");
  if (out) require_folder(*out);
  const fs::path place = out ? place_of(*out, journal_path(arguments)) : fs::path();
  JournalFile file(journal_path(arguments), OpenMode::read);
  const RunRow row = file.find_run(arguments.operands().at(0));
  require_nothing_lost(file, row.run);
  const AuditReport report = audit(file, row, scope);
  const ReportMaking making{std::string(version), zone_name()};
  if (!out) {
    write_report(file, report, format, making,
                 [](std::string_view piece) { std::fwrite(piece.data(), 1, piece.size(), stdout); });
    if (std::fflush(stdout) != 0 || std::ferror(stdout))
      throw Error(ExitCode::step_failed, "the report could not be written to its end",
                  "is there room, and is somebody reading?");
    return 0;
  }
  PrivateFile written(place);
  std::string whole;  // to be signed
  write_report(file, report, format, making, [&](std::string_view piece) {
    written.append(piece);
    if (key) whole += piece;
  });
  const std::string signature = key ? ssh_sign(*key, Signed::report, whole) : "";
  written.finish();
  if (key) write_private_file(*out + ".sig", signature);
  fmt::print(stderr, "{}: run {} up to event {}\n", *out, row.run, report.state.seq);
  if (key) fmt::print(stderr, "{}.sig: its signature, by {}\n", *out, key->string());
  fmt::print(stderr, "  check it: runbook verify --report {}{}\n", quoted_for_shell(*out), journal_words(arguments));
  return 0;
}

}  // namespace runbook

#include "cli/report_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/xml.h"
#include "cli/report_maker.h"
#include "cli/session.h"
#include "cli/verdict_text.h"
#include "cli/version.h"
#include "os/files.h"
#include "os/ssh_signature.h"
#include "run/approval.h"

namespace runbook {

namespace {

namespace fs = std::filesystem;

struct FoundProof {
  ReportFormat format = ReportFormat::json;
  Value proof;
};

std::optional<std::string> between(std::string_view text, std::string_view begin, std::string_view end) {
  const std::size_t from = text.find(begin);
  const std::size_t to = from == std::string_view::npos ? from : text.find(end, from + begin.size());
  if (to == std::string_view::npos) return std::nullopt;
  return std::string(text.substr(from + begin.size(), to - from - begin.size()));
}

Value parsed(const std::optional<std::string>& json) { return json ? try_parse_json(*json).value_or(Value()) : Value(); }

Value proof_of_junit(const std::string& text) {
  std::string why;
  const auto root = parse_xml(text, why);
  const XmlElement* suite = root ? root->child("testsuite") : nullptr;
  const XmlElement* properties = suite ? suite->child("properties") : nullptr;
  for (const XmlElement& property : properties ? properties->children : std::vector<XmlElement>()) {
    const auto has = [&](std::string_view name, std::string_view value) {
      return std::any_of(property.attributes.begin(), property.attributes.end(),
                         [&](const auto& each) { return each.first == name && (value.empty() || each.second == value); });
    };
    if (!has("name", "runbook.proof")) continue;
    for (const auto& [name, value] : property.attributes)
      if (name == "value") return parsed(value);
  }
  return {};
}

std::optional<FoundProof> find_proof(const std::string& text) {
  FoundProof found;
  if (text.starts_with("{")) {
    found = {ReportFormat::json, try_parse_json(text).value_or(Value()).get("proof")};
  } else if (text.starts_with("<?xml")) {
    found = {ReportFormat::junit, proof_of_junit(text)};
  } else if (const auto html = between(text, "<script type=\"application/json\" id=\"runbook-proof\">", "</script>")) {
    found = {ReportFormat::html, parsed(html)};
  } else {
    found = {ReportFormat::markdown, parsed(between(text, "<!-- runbook-proof ", " -->"))};
  }
  return scope_of_proof(found.proof) ? std::optional(found) : std::nullopt;
}

constexpr std::uintmax_t largest_report = std::uintmax_t{1} << 30;

std::string read_report(const fs::path& path) {
  std::error_code error;
  if (fs::exists(path, error) && !fs::is_regular_file(path, error))
    throw Error(ExitCode::usage, fmt::format("{} is no file", path.string()), "name a report that `runbook report` wrote");
  if (fs::file_size(path, error) > largest_report && !error)
    throw Error(ExitCode::usage, fmt::format("{} is larger than any report", path.string()),
                "name a report that `runbook report` wrote");
  return read_file(path);
}

// A text that comes piece by piece, against one that is there.
class Comparison {
 public:
  explicit Comparison(std::string_view text) : text_(text) {}
  void take(std::string_view piece) {
    if (is_other_) return;
    const std::string_view there = text_.substr(at_, piece.size());
    const auto same = std::mismatch(there.begin(), there.end(), piece.begin(), piece.end()).first - there.begin();
    is_other_ = there != piece;
    at_ += static_cast<std::size_t>(same);
  }
  bool is_same() const { return !is_other_ && at_ == text_.size(); }
  // Of the first difference.
  std::size_t line() const {
    return static_cast<std::size_t>(std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n')) + 1;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  bool is_other_ = false;
};

class Check {
 public:
  explicit Check(const Arguments& arguments)
      : arguments_(arguments), path_(arguments.value("--report").value_or("")), text_(read_report(path_)) {
    const auto found = find_proof(text_);
    if (!found)
      throw Error(ExitCode::usage, fmt::format("{} is no report of a run, or its proof was cut out of it", path_),
                  "`runbook report RUN --out FILE` makes one");
    found_ = *found;
    run_ = found_.proof.text_or("run", "");
    if (!arguments.operands().empty()) require_that_run(arguments.operands()[0]);
  }

  int finish() {
    check_signature();
    check_record();
    print();
    return is_good_ && !is_unchecked_ ? 0 : static_cast<int>(ExitCode::journal);
  }

 private:
  void require_that_run(const std::string& word) {
    JournalFile file(journal_path(arguments_), OpenMode::read);
    if (file.find_run(word).run != run_)
      throw Error(ExitCode::usage, fmt::format("{} tells of run {}, not of {}", path_, run_, word), "leave RUN out");
  }

  void check_signature() {
    std::error_code error;
    const bool is_wanted = arguments_.has("--signature") || arguments_.has("--allowed-signers");
    const fs::path signature = arguments_.value("--signature").value_or(path_ + ".sig");
    if (!fs::exists(signature, error)) {
      if (is_wanted) tell("signature", false, fmt::format("there is none: no file {}", signature.string()));
      return;
    }
    std::optional<fs::path> signers = allowed_signers();
    if (const auto named = arguments_.value("--allowed-signers")) signers = *named;
    if (!signers) {
      tell("signature", false,
           fmt::format("{} can't be judged: nobody says whose keys count; name a file with --allowed-signers",
                       signature.string()));
      return;
    }
    const SignedBy by = ssh_verify(*signers, Signed::report, read_file(signature), text_);
    signed_by_ = by.principal;
    tell("signature", !by.principal.empty(),
         by.principal.empty() ? fmt::format("{}: {}", signature.string(), by.why) : fmt::format("by {}", by.principal));
  }

  // Where there is no journal at all a signature speaks for itself; one that lacks the run was put back, or is another.
  void check_record() {
    std::error_code error;
    const fs::path journal = journal_path(arguments_);
    if (!signed_by_.empty() && !fs::exists(journal, error)) {
      parts_.emplace_back("record", fmt::format("not looked at: there is no journal {}", journal.string()));
      return;
    }
    JournalFile file(journal, OpenMode::read);
    check_record_in(file);
  }

  void check_record_in(const JournalFile& file) {
    const auto row = file.run(run_);
    if (!row) {
      tell(
          "record", false,
          fmt::format("there is no run {} in the journal {}: it is another one, or an older copy", run_, file.path().string()));
      return;
    }
    const auto witnesses = commits_known_to(read_attempt_log(file.run_folder(run_)));
    const Verdict verdict = verify_run(file, run_, witnesses, found_.proof.text_or("head", ""));
    verdict_ = verdict_json(run_, verdict);
    const bool is_at_its_event = verdict.anchored_at == found_.proof.int_or("events", 0);
    const bool is_kept = verdict.kind == Verdict::Kind::anchored && is_at_its_event;
    tell("record", is_kept,
         verdict.kind != Verdict::Kind::broken && !is_at_its_event
             ? fmt::format("the report says that its head is that of event {}, and it is that of {}",
                           found_.proof.int_or("events", 0), verdict.anchored_at)
             : verdict_text(run_, verdict));
    if (is_kept) check_content(file, *row);
  }

  // A report is a function of the journal: made once more, it is the same.
  void check_content(const JournalFile& file, const RunRow& row) {
    const ReportMaking making{found_.proof.text_or("made_by", ""), found_.proof.text_or("zone", "")};
    if (making.engine != version) {
      is_unchecked_ = signed_by_.empty();
      parts_.emplace_back("content",
                          fmt::format("NOT CHECKED: it says that runbook {} made it, and this is {}", making.engine, version));
      return;
    }
    if (!is_zone_name(making.zone)) return tell("content", false, "the time zone that it names is none");
    use_zone(making.zone);
    Comparison made(text_);
    try {
      write_report(file, audit(file, row, *scope_of_proof(found_.proof)), found_.format, making,
                   [&](std::string_view piece) { made.take(piece); });
    } catch (const Error& problem) {
      return tell("content", false, fmt::format("can't be made from the record as it says: {}", problem.what()));
    }
    if (made.is_same()) return tell("content", true, "byte for byte what the record gives");
    if (const std::int64_t scrubbed = scrubbed_after(file))
      return tell(
          "content", false,
          fmt::format(
              "another than the record gives now; something was scrubbed from the record since, at event {}: make a new report",
              scrubbed));
    tell("content", false, fmt::format("was changed after it was made: line {} is not what the record gives", made.line()));
  }

  std::int64_t scrubbed_after(const JournalFile& file) const {
    std::int64_t seq = 0;
    file.events(run_, found_.proof.int_or("events", 0), [&](const Event& event) {
      if (event.kind == event::scrubbed) seq = event.seq;
    });
    return seq;
  }

  void tell(std::string part, bool is_good, const std::string& what) {
    is_good_ = is_good_ && is_good;
    parts_.emplace_back(std::move(part), (is_good ? "" : "BROKEN: ") + what);
  }

  void print() const {
    if (arguments_.wants_json()) {
      Map parts;
      for (const auto& [part, what] : parts_) parts.emplace_back(part, what);
      fmt::print("{}\n", to_pretty_json(object({{"report", path_},
                                                {"run", run_},
                                                {"events", found_.proof.get("events")},
                                                {"head", found_.proof.get("head")},
                                                {"verdict", !is_good_       ? "broken"
                                                            : is_unchecked_ ? "not checked"
                                                                            : "good"},
                                                {"signed_by", signed_by_.empty() ? Value() : Value(signed_by_)},
                                                {"record", verdict_},
                                                {"parts", Value(std::move(parts))}})));
      return;
    }
    fmt::print("{} tells of run {} up to event {}\n", path_, run_, found_.proof.int_or("events", 0));
    for (const auto& [part, what] : parts_) fmt::print("  {:<10} {}\n", part, what);
    if (signed_by_.empty() && is_good_)
      fmt::print(
          "  note       nobody's signature vouches for it: who can write both the journal and this file could have changed "
          "both\n");
  }

  const Arguments& arguments_;
  const std::string path_, text_;
  FoundProof found_;
  std::string run_, signed_by_;
  Value verdict_;
  std::vector<std::pair<std::string, std::string>> parts_;
  bool is_good_ = true, is_unchecked_ = false;
};

}  // namespace

int check_report(const Arguments& arguments) { return Check(arguments).finish(); }

}  // namespace runbook

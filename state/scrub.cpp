#include "state/scrub.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <iterator>

#include "base/error.h"
#include "base/json.h"
#include "base/redactor.h"
#include "state/journal_file.h"
#include "state/schema.h"

namespace runbook {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds longest_wait_for_readers{10};

// Files of a run's folder that are written by the engine and the supervisor alone, and hold no bytes from outside.
constexpr std::array<std::string_view, 4> bookkeeping{"lock", "head", "log", "sent"};

class Scrubber {
 public:
  explicit Scrubber(const std::string& value) : redactor_({value}, Mask::scrubbed), in_place_({value}, Mask::in_place) {}

  std::string text(std::string_view bytes) { return whole(redactor_, bytes); }
  bool is_in(std::string_view bytes) { return text(bytes) != bytes; }
  std::string of_equal_length(std::string_view bytes) { return whole(in_place_, bytes); }

  // A document stays one: a number or a key that is masked becomes text.
  std::string blob(const std::string& bytes) {
    std::string masked = text(bytes);
    if (masked == bytes || !is_document(bytes) || try_parse_json(masked)) return masked;
    const std::string document = to_json(value(*try_parse_json(bytes)));
    return is_in(document) ? to_json(scrub_mask) : document;
  }

 private:
  static std::string whole(Redactor& redactor, std::string_view bytes) {
    std::string shown = redactor.feed(bytes);
    return shown + redactor.finish();
  }

  static bool is_document(const std::string& bytes) {
    const auto parsed = try_parse_json(bytes);
    return parsed && (parsed->is_map() || parsed->is_list());
  }

  Value value(const Value& of) {
    if (of.is_text()) return text(of.as_text());
    if (of.is_list()) {
      List list;
      for (const Value& each : of.as_list()) list.push_back(value(each));
      return list;
    }
    if (of.is_map()) {
      Map map;
      for (const auto& [key, each] : of.as_map()) map.emplace_back(text(key), value(each));
      return map;
    }
    return is_in(to_json(of)) ? Value(scrub_mask) : of;
  }

  Redactor redactor_, in_place_;
};

struct FoundBlob {
  std::string digest, masked;
};

struct FoundAnswer {
  Answer masked;
  bool goes = false;  // what it answers is not known any more, and it was not taken up yet
};

class Scrub {
 public:
  Scrub(JournalFile& file, const Lease& lease, const std::string& run, const ScrubOrder& order,
        const std::vector<KnownCommit>& witnesses)
      : file_(file),
        database_(*file.db().database),
        lease_(lease),
        run_(run),
        order_(order),
        witnesses_(witnesses),
        scrubber_(order.value) {}

  ScrubResult run() {
    if (scrubber_.is_in(order_.because) || scrubber_.is_in(order_.who))
      throw Error(ExitCode::usage, "the reason holds the value itself, and reasons stay; nothing was scrubbed",
                  "say it in other words");
    database_.execute("PRAGMA secure_delete=ON");
    find();
    if (!blobs_.empty() || !answers_.empty()) replace();
    clean();
    return std::move(result_);
  }

 private:
  void find() {
    file_.stored_events(run_, [&](const StoredEvent& stored) {
      const auto event = read_event(stored.seq, stored.text);
      if (event) state_.apply(*event);
      if (!scrubber_.is_in(stored.text)) return;
      const std::string name = event ? describe(*event) : "unreadable";
      result_.events.push_back(fmt::format("event {}, {}", stored.seq, scrubber_.text(name)));
    });
    Statement select(database_, "SELECT digest, bytes FROM blobs WHERE run = ?");
    select.bind(run_);
    while (select.step()) {
      const std::string bytes = select.text(1);
      if (std::string masked = scrubber_.blob(bytes); masked != bytes) blobs_.push_back({select.text(0), std::move(masked)});
    }
    for (const Answer& answer : file_.answers(run_)) {
      const Answer masked = masked_answer(answer);
      const bool says_the_same = masked.choice == answer.choice && fields_text(masked) == fields_text(answer);
      if (says_the_same && masked.who == answer.who && masked.because == answer.because) continue;
      answers_.push_back({masked, !says_the_same && is_open(answer.question)});
      if (answers_.back().goes) result_.reopened.push_back(state_.questions.at(answer.question).instance);
    }
  }

  bool is_open(const std::string& question) const {
    const auto found = state_.questions.find(question);
    return found != state_.questions.end() && found->second.is_open;
  }

  static std::string fields_text(const Answer& answer) { return answer.fields.is_null() ? "" : to_json(answer.fields); }

  Answer masked_answer(const Answer& answer) {
    Answer masked = answer;
    masked.choice = scrubber_.text(answer.choice);
    masked.who = scrubber_.text(answer.who);
    masked.because = scrubber_.text(answer.because);
    if (!answer.fields.is_null()) masked.fields = parse_json(scrubber_.blob(to_json(answer.fields)));
    return masked;
  }

  // One commit: the event, what it tells of, and what it puts an end to.
  void replace() {
    auto journal = take_up_run(file_, lease_, run_, order_.driven, witnesses_, [this] { settle(); });
    List pairs;
    for (const FoundBlob& blob : blobs_) {
      replacements_.push_back(journal->put(blob.masked));
      pairs.push_back(object({{"from", blob.digest}, {"to", replacements_.back()}}));
    }
    Event scrubbed;
    scrubbed.kind = event::scrubbed;
    scrubbed.at_ms = order_.driven.at_ms;
    scrubbed.body = object({{"who", order_.who},
                            {"because", order_.because},
                            {"blobs", Value(std::move(pairs))},
                            {"answers", static_cast<std::int64_t>(answers_.size())}});
    result_.event = journal->append(std::move(scrubbed)).seq;
    if (!state_.was_left()) journal->append(pause());
    journal->commit();
    result_.blobs = blobs_.size();
    result_.answers = answers_.size();
  }

  // As it was; its engine may have died without a word.
  Event pause() {
    const bool was_running = state_.state == "running";
    Event paused;
    paused.kind = event::paused;
    paused.at_ms = order_.driven.at_ms;
    paused.body = object({{"state", was_running ? "interrupted" : state_.state},
                          {"why", was_running ? "its engine has ended" : scrubber_.text(state_.why)}});
    return paused;
  }

  void settle() {
    Statement insert(database_, "INSERT INTO scrubbed(digest, run, seq, replacement) VALUES(?, ?, ?, ?)");
    Statement remove(database_, "DELETE FROM blobs WHERE digest = ?");
    for (std::size_t i = 0; i < blobs_.size(); ++i) {
      insert.bind(blobs_[i].digest).bind(run_).bind(result_.event).bind(replacements_[i]).run();
      remove.bind(blobs_[i].digest).run();
    }
    Statement update(database_,
                     "UPDATE answers SET choice = ?, who = ?, because = ?, fields = ? WHERE run = ? AND question = ?");
    Statement remove_answer(database_, "DELETE FROM answers WHERE run = ? AND question = ?");
    for (const auto& [answer, goes] : answers_) {
      if (goes) {
        remove_answer.bind(run_).bind(answer.question).run();
        continue;
      }
      const std::string fields = fields_text(answer);
      update.bind(answer.choice).bind(answer.who).bind(answer.because);
      fields.empty() ? update.bind_null() : update.bind(fields);
      update.bind(run_).bind(answer.question).run();
    }
  }

  // What lies in pages that are free, or in the slack of others, goes when all are written anew.
  void clean() {
    scrub_folder();
    try {
      Statement(database_, "VACUUM").run();
      if (database_.empty_wal(longest_wait_for_readers)) return;
      result_.unclean = fmt::format("a process that reads the journal holds {}-wal in use", file_.path().string());
    } catch (const Error& error) {
      result_.unclean = error.what();
    }
  }

  void scrub_folder() {
    std::error_code gone;
    fs::recursive_directory_iterator each(lease_.folder(), gone), end;
    for (; !gone && each != end; each.increment(gone)) {
      const std::string name = each->path().filename();
      const bool is_ours = std::find(bookkeeping.begin(), bookkeeping.end(), name) != bookkeeping.end();
      if (each->is_symlink() || !each->is_regular_file() || is_ours) continue;
      if (overwrite(each->path())) result_.files.push_back(name);
    }
  }

  // What it holds keeps its length, so that a spool can still be read.
  bool overwrite(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    const std::string masked = scrubber_.of_equal_length(bytes);
    if (masked == bytes) return false;
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    const bool is_written =
        fd >= 0 && pwrite(fd, masked.data(), masked.size(), 0) == static_cast<ssize_t>(masked.size()) && fsync(fd) == 0;
    const int number = errno;
    if (fd >= 0) close(fd);
    if (!is_written) throw_system(ExitCode::journal, "overwriting " + path.string(), number, "then scrub again");
    return true;
  }

  JournalFile& file_;
  Database& database_;
  const Lease& lease_;
  const std::string& run_;
  const ScrubOrder& order_;
  const std::vector<KnownCommit>& witnesses_;
  Scrubber scrubber_;
  RunState state_;
  std::vector<FoundBlob> blobs_;
  std::vector<std::string> replacements_;
  std::vector<FoundAnswer> answers_;
  ScrubResult result_;
};

bool holds(const JournalFile& file, const std::string& run, Scrubber& scrubber) {
  bool is_found = false;
  const auto look = [&](std::string_view text) { is_found = is_found || scrubber.is_in(text); };
  file.stored_events(run, [&](const StoredEvent& event) { look(event.text); });
  for (const Answer& answer : file.answers(run)) {
    look(answer.choice + "\n" + answer.who + "\n" + answer.because);
    look(to_json(answer.fields));
  }
  Statement select(*file.db().database, "SELECT bytes FROM blobs WHERE run = ?");
  select.bind(run);
  while (!is_found && select.step()) look(select.text(0));
  return is_found;
}

}  // namespace

std::string why_not_scrubbed(const std::string& value) {
  if (value.size() < shortest_secret)
    return fmt::format("the value has fewer than {} characters: it would be found in ordinary text", shortest_secret);
  Scrubber scrubber(value);
  if (!scrubber.is_in(value)) return "the value has no line of its own that could be looked for";
  if (scrubber.is_in(scrub_mask))
    return fmt::format("the value is a part of {}, which stands in place of what is scrubbed", scrub_mask);
  return {};
}

ScrubResult scrub_run(JournalFile& file, const Lease& lease, const std::string& run, const ScrubOrder& order,
                      const std::vector<KnownCommit>& witnesses) {
  return Scrub(file, lease, run, order, witnesses).run();
}

std::vector<std::string> other_runs_that_hold(const JournalFile& file, const std::string& run, const std::string& value) {
  Scrubber scrubber(value);
  std::vector<std::string> found;
  for (const RunRow& row : file.runs()) {
    if (row.run != run && holds(file, row.run, scrubber)) found.push_back(row.run);
  }
  return found;
}

std::string without_value(const std::string& text, const std::string& value) { return Scrubber(value).text(text); }

// A replacement comes later than what it replaces: there is no way round in a circle.
std::string standing_digest(const JournalFile& file, std::string digest) {
  Database& database = *file.db().database;
  if (schema_version_of(database) < schema_version) return digest;
  Statement select(database, "SELECT replacement, seq FROM scrubbed WHERE digest = ? AND seq > ?");
  std::int64_t seq = 0;
  for (std::string of = digest; select.bind(of).bind(seq).step(); of = digest) {
    digest = select.text(0);
    seq = select.integer(1);
    select.run();
  }
  return digest;
}

std::string ScrubbedParts::text() const {
  std::vector<std::string> parts;
  if (definition) parts.emplace_back("its definition");
  if (inputs) parts.emplace_back("its inputs");
  if (!of_steps.empty()) parts.push_back(fmt::format("what `{}` gave", fmt::join(of_steps, "`, `")));
  return fmt::format("{}", fmt::join(parts, " and "));
}

ScrubbedParts scrubbed_parts(const RunState& state) {
  const auto is_gone = [&](const std::string& digest) { return !digest.empty() && state.scrubbed.contains(digest); };
  ScrubbedParts parts;
  parts.definition = is_gone(state.definition) || is_gone(state.included);
  parts.inputs = is_gone(state.inputs);
  for (const auto& [name, it] : state.instances) {
    if (is_gone(it.outputs) || is_gone(it.before) || is_gone(it.before_first) || is_gone(it.inputs))
      parts.of_steps.push_back(name);
  }
  for (const auto& [name, section] : state.sections) {
    if (is_gone(section.list)) parts.of_steps.push_back(name);
  }
  std::sort(parts.of_steps.begin(), parts.of_steps.end());
  return parts;
}

}  // namespace runbook

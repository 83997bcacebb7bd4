#pragma once
// A journal's file in memory, and engines' hold on it: whoever holds it with an older epoch can't write, and a commit may fail with
// its events in the file or not.
#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "state/journal.h"
#include "state/run_state.h"

namespace runbook::testing {

struct FaultyFile {
  std::vector<std::pair<std::int64_t, Event>> events;  // with the epoch of who wrote them
  std::map<std::string, std::string> blobs;
  std::vector<Answer> answers;
  std::int64_t epoch = 0;
  RunState state;  // folded as the events come: folding anew each time would be most of the work

  void append(std::int64_t by, Event event) {
    state.apply(event);
    events.emplace_back(by, std::move(event));
  }
  // The first per question counts. False: there is one.
  bool add(Answer answer) {
    for (const Answer& other : answers) {
      if (other.question == answer.question) return false;
    }
    answers.push_back(std::move(answer));
    return true;
  }
};

class FaultyJournal : public Journal {
 public:
  enum class Fate { commits, fails_without_trace, fails_but_is_there };
  struct Faults {
    std::function<Fate()> before_commit;  // may throw
    std::function<void()> after_commit;   // the events are seen; may throw
  };
  FaultyJournal(FaultyFile& file, Faults faults) : file_(file), faults_(std::move(faults)), epoch_(++file.epoch) {}

  const std::string& run() const override { return run_; }
  std::int64_t epoch() const override { return epoch_; }
  Event append(Event event) override {
    event.seq = seq() + static_cast<std::int64_t>(buffered_.size()) + 1;
    buffered_.push_back(event);
    return event;
  }
  std::string put(std::string_view bytes) override {
    std::string digest = sha256_hex(bytes);
    file_.blobs[digest] = bytes;
    return digest;
  }
  bool has_uncommitted() const override { return !buffered_.empty(); }
  void commit() override {
    if (buffered_.empty()) return;
    if (has_failed_) throw Error(ExitCode::journal, "nothing more is recorded after a failure");
    const Fate fate = faults_.before_commit();
    if (file_.epoch != epoch_) {
      has_failed_ = true;
      throw Error(ExitCode::driven, "another engine has taken over");
    }
    has_failed_ = fate != Fate::commits;
    if (fate != Fate::fails_without_trace) {
      for (Event& event : buffered_) file_.append(epoch_, std::move(event));
    }
    buffered_.clear();
    faults_.after_commit();
    if (has_failed_) throw Error(ExitCode::journal, "the disk is full");
  }
  std::string blob(const std::string& digest) const override { return file_.blobs.at(digest); }
  std::vector<Answer> answers() override { return file_.answers; }
  bool add_answer(const Answer& answer) override { return file_.add(answer); }
  std::int64_t seq() const override { return static_cast<std::int64_t>(file_.events.size()); }
  std::string hash() const override { return "hash"; }

 private:
  FaultyFile& file_;
  Faults faults_;
  std::int64_t epoch_;
  std::string run_ = "20261120-2355-k3f9";
  std::vector<Event> buffered_;
  bool has_failed_ = false;
};

}  // namespace runbook::testing

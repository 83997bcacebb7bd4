#pragma once
// A tiny world for the journal's tests: a folder that goes unless a REQUIRE failed, a run, and children that die as told.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "state/journal.h"

namespace runbook::testing {

namespace fs = std::filesystem;

// For tests of hundreds of journals, whose syncs prove nothing.
inline fs::path memory_folder() { return fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path(); }

class TestFolder {
 public:
  explicit TestFolder(const fs::path& parent = fs::temp_directory_path()) {
    std::string pattern = (parent / "runbook-state-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TestFolder() {
    if (std::uncaught_exceptions() > 0) {
      std::fprintf(stderr, "kept: %s\n", path_.c_str());
      return;
    }
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

inline std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline void write_text(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

// The exit code of what it throws, 0 if it throws nothing; the message is what + hint.
struct Outcome {
  int code = 0;
  std::string what, hint;
  bool says(const std::string& part) const {
    return what.find(part) != std::string::npos || hint.find(part) != std::string::npos;
  }
};
inline Outcome outcome_of(const std::function<void()>& action) {
  try {
    action();
    return {};
  } catch (const Error& error) {
    return {static_cast<int>(error.code()), error.what(), error.hint()};
  }
}

// A process of our own. It never returns into the test: it exits with what `body` gives, or 99 if that throws.
class Child {
 public:
  explicit Child(const std::function<int()>& body) : pid_(fork()) {
    if (pid_ != 0) return;
    int code = 99;
    try {
      code = body();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
    }
    _exit(code);
  }
  ~Child() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    wait();
  }
  Child(const Child&) = delete;
  pid_t pid() const { return pid_; }
  void kill_now() const { kill(pid_, SIGKILL); }
  // Its exit code, or minus the signal that ended it.
  int wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

class Pipe {
 public:
  Pipe() { REQUIRE(pipe(ends_) == 0); }
  ~Pipe() {
    close(ends_[0]);
    close_writing();
  }
  Pipe(const Pipe&) = delete;
  void tell(char c) const { std::ignore = ::write(ends_[1], &c, 1); }
  void tell_number(std::int64_t number) const { std::ignore = ::write(ends_[1], &number, sizeof number); }
  char hear() const {
    char c = 0;
    std::ignore = ::read(ends_[0], &c, 1);
    return c;
  }
  bool hear_number(std::int64_t& number) const {
    return ::read(ends_[0], &number, sizeof number) == static_cast<ssize_t>(sizeof number);
  }
  void close_writing() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  int ends_[2] = {-1, -1};
};

inline const std::string example_run = "20261120-2355-k3f9";

inline Event fact(std::string_view kind, std::string instance = {}, Value body = {}) {
  Event event;
  event.kind = kind;
  event.instance = std::move(instance);
  event.at_ms = 1'795'000'000'000;
  event.body = std::move(body);
  return event;
}

inline Event began() {
  return fact(event::run_began, "", object({{"runbook", "imrt"}, {"title", "Move the gateway"}, {"file", "imrt.yaml"}}));
}

// A run that is driven: the file, the lease and the journal in the order of their lives.
class Drive {
 public:
  explicit Drive(const fs::path& journal_path, const std::string& run = example_run)
      : file(journal_path, OpenMode::write), lease(Lease::take(file.run_folder(run), Lease::Mode::polite)) {
    if (file.run(run)) {
      journal = drive_run(file, lease, run, fact(event::driven, "", object({{"how", "resume"}})));
    } else {
      journal = begin_run(file, lease, run);
      journal->append(began());
      journal->commit();
    }
  }

  // An intent and its outcome with output, each committed; two events.
  void step(const std::string& name) {
    journal->append(fact(event::intent, name, object({{"effect", "once"}})));
    journal->commit();
    const std::string output = "output of " + name;
    const std::string digest = journal->put(output);
    journal->append(
        fact(event::ended, name, object({{"result", "succeeded"}, {"output", blob_reference(digest, output.size())}})));
    journal->commit();
  }

  JournalFile file;
  Lease lease;
  std::unique_ptr<Journal> journal;
};

inline std::vector<Event> events_of(const JournalFile& file, const std::string& run = example_run) {
  std::vector<Event> found;
  file.events(run, 0, [&](const Event& event) { found.push_back(event); });
  return found;
}

}  // namespace runbook::testing

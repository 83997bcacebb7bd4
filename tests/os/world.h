#pragma once
// A tiny world for the tests of engine/os: a folder that goes unless a REQUIRE failed, bells that steps ring, and stories that run in a
// process of their own, because a supervisor is forked before any thread exists.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/error.h"
#include "os/fd.h"
#include "os/process_id.h"

namespace runbook::testing {

namespace fs = std::filesystem;

// The run, and the mark of its attempts, of this executable alone: others run at the same time, and processes are found by it in all of /proc.
inline const std::string run_name = "R" + std::to_string(::getpid());
inline std::string mark_of(std::int64_t n) { return run_name + "/" + std::to_string(n); }

class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (fs::temp_directory_path() / "runbook-os-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TestFolder() {
    if (std::uncaught_exceptions() > 0) {
      std::fprintf(stderr, "kept: %s\n", path_.c_str());
      return;
    }
    std::error_code ignored;
    // A supervisor that is just going may still take up its socket.
    for (int tries = 0; tries < 100 && fs::exists(path_, ignored); ++tries) fs::remove_all(path_, ignored);
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

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// What must hold within a story; the first that does not ends it.
inline void must(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error("not so: " + what);
}

// Looks again until it holds. Nothing hangs on how long that takes.
inline void until(const std::string& what, const std::function<bool()>& holds) {
  for (int looks = 0; looks < 60'000; ++looks) {
    if (holds()) return;
    ::usleep(2'000);
  }
  throw std::runtime_error("never: " + what);
}

// A FIFO that one side writes a line to and the other waits for.
class Bell {
 public:
  explicit Bell(fs::path path) : path_(std::move(path)) {
    must(::mkfifo(path_.c_str(), 0600) == 0, "a FIFO could be made");
    fd_ = Fd(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  }
  void ring() const { must(::write(fd_.get(), "\n", 1) == 1, "the bell rings"); }
  void wait() const {
    char c = 0;
    must(::read(fd_.get(), &c, 1) == 1, "the bell was heard");
  }

 private:
  fs::path path_;
  Fd fd_;
};

// Ends and collects whatever a story left behind; the test process adopts it.
inline void end_children() {
  while (true) {
    for (const auto& child : children_of(::getpid())) ::kill(child.pid, SIGKILL);
    if (::waitpid(-1, nullptr, 0) < 0 && errno == ECHILD) return;
  }
}

// Runs it in a process of its own, with an alarm against hanging. Gives "" or what went wrong.
inline std::string told(const std::function<void()>& story) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  std::cout.flush();
  Fd hears(ends[0]), tells(ends[1]);
  pid_t pid = ::fork();
  if (pid == 0) {
    ::alarm(600);
    std::string problem;
    try {
      story();
    } catch (const std::exception& error) {
      problem = std::string(error.what()).substr(0, 4'000);
    }
    bool is_told = ::write(tells.get(), problem.data(), problem.size()) == static_cast<ssize_t>(problem.size());
    ::_exit(is_told && problem.empty() ? 0 : 1);
  }
  tells.reset();
  int status = 0;
  ::waitpid(pid, &status, 0);
  end_children();
  if (WIFSIGNALED(status)) return "the story was ended by signal " + std::to_string(WTERMSIG(status));
  char problem[4096];
  ssize_t size = ::read(hears.get(), problem, sizeof problem);
  if (size > 0) return {problem, static_cast<std::size_t>(size)};
  return WEXITSTATUS(status) == 0 ? "" : "the story ended with " + std::to_string(WEXITSTATUS(status));
}

}  // namespace runbook::testing

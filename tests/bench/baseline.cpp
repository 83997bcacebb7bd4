// What steps cost at the least. Usage: baseline FILE STEPS              spawn `sh -c true`, wait for it, make one durable commit
//                                       baseline FILE STEPS WIDTH COMMAND...   WIDTH at a time, one durable commit at the end of each;
//                                                                              FILE is "-": none
#include <spawn.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace {

class Commits {
 public:
  explicit Commits(const std::string& path) {
    if (path == "-") return;
    const char* schema =
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE events(seq INTEGER PRIMARY KEY, text TEXT)";
    const char* row =
        "INSERT INTO events(text) VALUES('{\"kind\":\"ended\",\"instance\":\"s1\",\"body\":{\"result\":\"succeeded\"}}')";
    const bool is_ready = sqlite3_open(path.c_str(), &db_) == SQLITE_OK &&
                          sqlite3_exec(db_, schema, nullptr, nullptr, nullptr) == SQLITE_OK &&
                          sqlite3_prepare_v2(db_, row, -1, &insert_, nullptr) == SQLITE_OK;
    if (!is_ready) std::exit(1);
  }
  ~Commits() {
    sqlite3_finalize(insert_);
    sqlite3_close(db_);
  }
  Commits(const Commits&) = delete;
  Commits& operator=(const Commits&) = delete;
  void make() {
    if (insert_ && (sqlite3_step(insert_) != SQLITE_DONE || sqlite3_reset(insert_) != SQLITE_OK)) std::exit(1);
  }

 private:
  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
};

void spawn(const std::vector<char*>& arguments) {
  pid_t child = 0;
  if (posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0) std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc < 5) return 2;
  const int steps = std::atoi(argv[2]), width = argc > 3 ? std::atoi(argv[3]) : 1;
  std::string words[] = {"sh", "-c", "true"};
  std::vector<char*> arguments = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  if (argc > 4) arguments.assign(argv + 4, argv + argc + 1);
  Commits commits(argv[1]);
  int begun = 0;
  for (; begun < width && begun < steps; ++begun) spawn(arguments);
  for (int ended = 0; ended < steps; ++ended) {
    if (wait(nullptr) < 0) return 1;
    commits.make();
    if (begun < steps) ++begun, spawn(arguments);
  }
  return 0;
}

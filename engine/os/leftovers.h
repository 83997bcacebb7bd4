#pragma once
// What steps left behind because they are meant to (`leaves:`): children of the supervisor that live on beside the steps that follow,
// until the run is left.
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "os/fd.h"
#include "os/process_id.h"

namespace runbook {

class Leftovers {
 public:
  // What one attempt left. Nobody wants what it still writes, but it must be able to.
  struct Group {
    std::int64_t n = 0;
    std::string marker;
    std::int64_t grace_ms = 0;
    Fd out, err;
    std::vector<Child> members;
    std::vector<std::string> secrets;        // masked in what is told of them
    bool has_unknown_secrets = false;        // then their arguments are not told
    std::optional<std::int64_t> kill_at_ms;  // it is being ended
  };
  void take(Group group) { groups_.push_back(std::move(group)); }
  // A FIFO of what an earlier supervisor's step left behind: not ours to end, but to be read.
  void read_on(Fd fifo) { orphaned_fifos_.push_back(std::move(fifo)); }

  bool empty() const { return groups_.empty(); }
  bool has(std::int64_t n) const;
  // By its number, its group or its attempt's marker.
  bool owns(const Child& child, const std::string& marker) const;

  std::vector<int> fifos() const;
  void drain() const;

  // The number may be given away now.
  void forget(pid_t pid);
  // Looks who lives. Gives the attempts of which nothing does any more.
  std::vector<std::int64_t> look();

  // TERM, and KILL when the grace is over; `press` goes on with it.
  void end(std::int64_t now_ms);
  void press(std::int64_t now_ms);
  bool is_ending() const { return is_ending_ && !empty(); }
  // What was ended, or could not be, as a person is told of it. Once.
  std::vector<std::string> take_ended() { return std::exchange(ended_, {}); }

 private:
  void signal(const Group& group, const Child& child, int number);

  std::vector<Group> groups_;
  std::vector<Fd> orphaned_fifos_;
  std::set<pid_t> told_, beyond_;  // that were told to end; that may not be
  std::vector<std::string> ended_;
  bool is_ending_ = false;
};

}  // namespace runbook

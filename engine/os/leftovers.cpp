#include "os/leftovers.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "os/process_texts.h"

namespace runbook {

namespace {

bool owns_one(const Leftovers::Group& group, const Child& child, const std::string& marker) {
  if (marker == group.marker) return true;
  return std::any_of(group.members.begin(), group.members.end(),
                     [&](const Child& member) { return member.pid == child.pid || member.group == child.group; });
}

void drop_what_is_there(int fd) {
  char buffer[1 << 16];
  constexpr int most_reads = 16;  // others want to be served too
  for (int reads = 0; reads < most_reads; ++reads) {
    ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
  }
}

}  // namespace

bool Leftovers::has(std::int64_t n) const {
  return std::any_of(groups_.begin(), groups_.end(), [&](const Group& group) { return group.n == n; });
}

bool Leftovers::owns(const Child& child, const std::string& marker) const {
  return std::any_of(groups_.begin(), groups_.end(), [&](const Group& group) { return owns_one(group, child, marker); });
}

std::vector<int> Leftovers::fifos() const {
  std::vector<int> all;
  for (const Group& group : groups_) all.insert(all.end(), {group.out.get(), group.err.get()});
  for (const Fd& fifo : orphaned_fifos_) all.push_back(fifo.get());
  return all;
}

void Leftovers::drain() const {
  for (int fd : fifos()) drop_what_is_there(fd);
}

void Leftovers::forget(pid_t pid) {
  for (Group& group : groups_) std::erase_if(group.members, [&](const Child& member) { return member.pid == pid; });
  told_.erase(pid);
  beyond_.erase(pid);
}

std::vector<std::int64_t> Leftovers::look() {
  if (empty()) return {};
  std::vector<std::vector<Child>> alive(groups_.size());
  for (const Child& child : living_children([this](pid_t pid) { return beyond_.count(pid) != 0; })) {
    std::string marker = marker_of(child.pid);
    auto owner =
        std::find_if(groups_.begin(), groups_.end(), [&](const Group& group) { return owns_one(group, child, marker); });
    if (owner != groups_.end()) alive[static_cast<std::size_t>(owner - groups_.begin())].push_back(child);
  }
  std::vector<std::int64_t> gone;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    groups_[i].members = std::move(alive[i]);
    if (groups_[i].members.empty()) gone.push_back(groups_[i].n);
  }
  std::erase_if(groups_, [](const Group& group) { return group.members.empty(); });
  return gone;
}

void Leftovers::end(std::int64_t now_ms) {
  is_ending_ = true;
  for (Group& group : groups_) {
    if (!group.kill_at_ms) group.kill_at_ms = now_ms + group.grace_ms;
  }
  press(now_ms);
}

void Leftovers::press(std::int64_t now_ms) {
  for (const Group& group : groups_) {
    bool is_late = group.kill_at_ms && *group.kill_at_ms <= now_ms;
    for (const Child& member : group.members) {
      if (told_.insert(member.pid).second) signal(group, member, SIGTERM);
      if (is_late) ::kill(member.pid, SIGKILL);
    }
  }
}

void Leftovers::signal(const Group& group, const Child& child, int number) {
  bool is_permitted = ::kill(child.pid, number) == 0 || errno != EPERM;
  if (!is_permitted) beyond_.insert(child.pid);
  const std::string whole = group.has_unknown_secrets ? named(child) : shown(child);
  const std::string told = masked_processes({whole}, group.secrets).front();
  ended_.push_back(is_permitted ? told : not_to_be_ended(told));
}

}  // namespace runbook

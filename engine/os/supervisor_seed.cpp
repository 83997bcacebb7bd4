#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/error.h"
#include "os/files.h"
#include "os/protocol.h"
#include "os/supervisor.h"
#include "os/supervisor_loop.h"
#include "os/wire.h"

namespace runbook {

namespace {

constexpr std::int64_t holder_patience_ms = 10'000;
constexpr int served_patience_ms = 1'000;

char* command_line = nullptr;
std::size_t command_line_size = 0;

// ps shows the memory in which main got its arguments.
void show_as(const std::string& title) {
  ::prctl(PR_SET_NAME, "runbook-superv");
  if (!command_line) return;
  std::memset(command_line, 0, command_line_size);
  std::memcpy(command_line, title.data(), std::min(title.size(), command_line_size - 1));
}

// A socket that got the number of a closed standard output would be printed into.
void fill_standard_descriptors() {
  int fd = ::open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= 2) fd = ::open("/dev/null", O_RDWR);
  if (fd > 2) ::close(fd);
}

// Terminals, pipes and locks of the engine must not be held open by the one that outlives it, nor by its steps.
void let_go_of_the_terminal(int but) {
  ::setsid();
  ::close_range(3, static_cast<unsigned>(but) - 1, 0);
  ::close_range(static_cast<unsigned>(but) + 1, ~0U, 0);
  int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd : {0, 1, 2}) ::dup2(null, fd);
  if (null > 2) ::close(null);
}

Fd connect_to(const std::filesystem::path& folder) {
  Fd open_folder(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path_in_open_folder(open_folder.get(), "sock").c_str());
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return Fd();
  ::fcntl(socket.get(), F_SETFL, 0);
  return socket;
}

// Whether somebody serves the folder. One that was killed keeps its socket until all of it is gone; a hello of epoch 0, which is no engine's,
// is answered with a refusal. Who is only slow, or stopped, counts as somebody: who greets it will see.
bool is_served(const std::filesystem::path& folder) {
  const Fd connection = connect_to(folder);
  if (!connection) return errno == EAGAIN;  // more wait there than it has heard
  if (!send_message(connection.get(), protocol::hello({0, {}}), {}, SendMode::wait)) return false;
  if (!has_answer(connection.get(), served_patience_ms)) return true;
  Message answer;
  return receive_message(connection.get(), answer) == Received::message;
}

// The lock; or, while another supervisor holds it, a connection to that one, which also keeps it from going away; or why neither.
struct Place {
  Fd lock, holder;
  std::string why;
};

Place find_place(const std::filesystem::path& folder) {
  Place place;
  auto path = folder / "sup.lock";
  Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) {
    place.why = system_message("opening " + path.string(), errno);
    return place;
  }
  std::int64_t give_up_at_ms = boot_time_ms() + holder_patience_ms;
  while (boot_time_ms() < give_up_at_ms) {
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
      place.lock = std::move(lock);
      return place;
    }
    place.holder = connect_to(folder);
    if (place.holder && is_served(folder)) return place;
    place.holder.reset();
    ::usleep(2'000);  // the holder is just going
  }
  place.why = "another supervisor of this run is there and can't be reached through " + (folder / "sock").string();
  return place;
}

[[noreturn]] void grow_up(Fd line) {
  Message message;
  if (receive_message(line.get(), message) != Received::message) ::_exit(0);
  WireReader reader(message.bytes);
  const std::int64_t known = reader.number();
  const std::filesystem::path folder = reader.text();
  Place place = find_place(folder);
  if (place.holder) {
    send_message(line.get(), "held", {place.holder.get()}, SendMode::wait);
    ::_exit(0);
  }
  if (!place.lock) {
    send_message(line.get(), place.why, {}, SendMode::wait);
    ::_exit(1);
  }
  show_as("runbook: supervisor of " + folder.filename().string());
  try {
    SupervisorLoop loop(folder, known);
    send_message(line.get(), "serves", {}, SendMode::wait);
    loop.run(std::move(line));
  } catch (const std::exception& error) {
    send_message(line.get(), error.what(), {}, SendMode::if_room);
    ::_exit(1);
  }
  ::_exit(0);
}

}  // namespace

void remember_command_line(int argc, char** argv) {
  command_line = argv[0];
  command_line_size = static_cast<std::size_t>(argv[argc - 1] + std::strlen(argv[argc - 1]) + 1 - argv[0]);
}

SupervisorSeed SupervisorSeed::plant() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  fill_standard_descriptors();
  ::signal(SIGCHLD, SIG_DFL);  // who started us may have ignored it, and then no status would ever be seen
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    throw_system(ExitCode::step_failed, "making a line to the supervisor", errno);
  Fd ours(ends[0]), theirs(ends[1]);
  pid_t pid = ::fork();
  if (pid < 0) throw_system(ExitCode::step_failed, "starting the supervisor", errno);
  if (pid == 0) {
    ours.reset();
    let_go_of_the_terminal(theirs.get());
    grow_up(std::move(theirs));
  }
  return {pid, std::move(ours)};
}

SupervisorSeed::~SupervisorSeed() {
  if (!line_) return;
  line_.reset();
  ::waitpid(pid_, nullptr, 0);
}

Fd SupervisorSeed::grow(const std::filesystem::path& run_folder, std::int64_t known) {
  std::filesystem::path folder = std::filesystem::absolute(run_folder);
  WireWriter place;
  place.number(known);
  place.text(folder.string());
  send_message(line_.get(), place.bytes(), {}, SendMode::wait);
  Message answer;
  bool has_answered = receive_message(line_.get(), answer) == Received::message;
  if (has_answered && answer.bytes == "serves") return std::move(line_);  // goes on as the connection
  line_.reset();
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
  if (has_answered && answer.bytes == "held" && !answer.fds.empty()) return std::move(answer.fds[0]);
  if (!has_answered)
    throw Error(ExitCode::interrupted, "the supervisor died before it could begin; nothing was started",
                "go on with `runbook run --resume`");
  throw Error(ExitCode::journal, "the supervisor could not begin: " + answer.bytes,
              "see that " + folder.string() + " is whole and its disk has room, then go on with `runbook run --resume`");
}

}  // namespace runbook

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
#include "os/supervisor.h"
#include "os/supervisor_loop.h"
#include "os/wire.h"

namespace runbook {

namespace {

char* command_line = nullptr;
std::size_t command_line_size = 0;

// ps shows the memory in which main got its arguments.
void show_as(const std::string& title) {
  ::prctl(PR_SET_NAME, "runbook-superv");
  if (!command_line) return;
  std::memset(command_line, 0, command_line_size);
  std::memcpy(command_line, title.data(), std::min(title.size(), command_line_size - 1));
}

// Terminals and pipes of the engine must not be held open by the one that outlives it.
void let_go_of_the_terminal() {
  ::setsid();
  int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd : {0, 1, 2}) ::dup2(null, fd);
  if (null > 2) ::close(null);
}

Fd connect_to(const std::filesystem::path& folder) {
  Fd open_folder(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path_in_open_folder(open_folder.get(), "sock").c_str());
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return Fd();
  return socket;
}

// The lock; or, while another supervisor holds it, a connection that keeps that one from going away.
struct Place {
  Fd lock, holder;
};

Place find_place(const std::filesystem::path& folder) {
  Place place;
  Fd lock(::open((folder / "sup.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) return place;
  while (true) {
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
      place.lock = std::move(lock);
      return place;
    }
    place.holder = connect_to(folder);
    if (place.holder) return place;
    ::usleep(2'000);   // the holder is just going
  }
}

[[noreturn]] void grow_up(Fd line) {
  Message message;
  if (receive_message(line.get(), message) != Received::message) ::_exit(0);
  std::filesystem::path folder = message.bytes;
  Place place = find_place(folder);
  if (!place.lock) {
    send_message(line.get(), place.holder ? "held" : "the run's folder can't be written", {}, SendMode::wait);
    receive_message(line.get(), message);   // until the engine has connected
    ::_exit(0);
  }
  show_as("runbook: supervisor of " + folder.filename().string());
  try {
    SupervisorLoop loop(folder);
    send_message(line.get(), "serves", {}, SendMode::wait);
    line.reset();
    loop.run();
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
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    throw_system(ExitCode::step_failed, "making a line to the supervisor", errno);
  Fd ours(ends[0]), theirs(ends[1]);
  pid_t pid = ::fork();
  if (pid < 0) throw_system(ExitCode::step_failed, "starting the supervisor", errno);
  if (pid == 0) {
    ours.reset();
    let_go_of_the_terminal();
    grow_up(std::move(theirs));
  }
  return {pid, std::move(ours)};
}

SupervisorSeed::~SupervisorSeed() {
  if (!line_) return;
  line_.reset();
  ::waitpid(pid_, nullptr, 0);
}

Fd SupervisorSeed::grow(const std::filesystem::path& run_folder) {
  std::filesystem::path folder = std::filesystem::absolute(run_folder);
  send_message(line_.get(), folder.string(), {}, SendMode::wait);
  Message answer;
  bool has_answered = receive_message(line_.get(), answer) == Received::message;
  bool serves = has_answered && answer.bytes == "serves";
  Fd connection;
  if (serves || (has_answered && answer.bytes == "held")) connection = connect_to(folder);
  line_.reset();
  if (!serves) {
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  if (connection) return connection;
  throw Error(ExitCode::step_failed, "the supervisor could not begin: " + (has_answered ? answer.bytes : std::string("it died")));
}

}  // namespace runbook

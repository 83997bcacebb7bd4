// A disk that fails as told, for the real binary: loaded before libc (LD_PRELOAD), it counts the calls to a class of files and makes
// the n-th one fail, or cuts the power there: kills engine and supervisor before the call happens. What it is told stands in
// variables, which it takes out of the environment at once: no step ever sees it.
//
//   FAULTS_STATE    a file of `sizeof(State)`, shared with the supervisor and looked at by the test
//   FAULTS_FILES    patterns of paths (fnmatch), separated by colons
//   FAULTS_CALLS    of write sync open truncate allocate rename fifo folder
//   FAULTS_AT       the n-th of them all, from 1; 0 only counts
//   FAULTS_ERROR    errno
//   FAULTS_LASTING  once, always, cut, torn (half of what is written, then nothing more)
//   FAULTS_WHO      engine, supervisor, or both
//   FAULTS_IMAGES   a folder that gets each file of the journal as it was at its last sync, `/` written as `%`
//   FAULTS_BOOT_ID  a file to read in place of the kernel's boot id
//   FAULTS_NETWORK  below this folder statfs says NFS
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>

namespace {

// As tests/e2e/faults.py reads it.
struct State {
  std::atomic<std::int64_t> met, hits, engine, supervisor;
  char last[480];  // the last call that was hit: name and path
};

struct Plan {
  State* state = nullptr;
  std::string files, calls, images, boot_id, network;
  std::int64_t at = 0;
  int error = 0;
  bool is_for_good = false, is_cut = false, is_torn = false, spares_engine = false, spares_supervisor = false;
};

// Made by the constructor, never destroyed: threads run to the end of the process.
Plan* plan = nullptr;

std::string taken(const char* name) {
  const char* value = std::getenv(name);
  std::string text = value != nullptr ? value : "";
  unsetenv(name);
  return text;
}

std::int64_t number(const std::string& text) { return std::strtoll(text.c_str(), nullptr, 10); }

State* mapped(const std::string& path) {
  const long fd = syscall(SYS_openat, AT_FDCWD, path.c_str(), O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) return nullptr;
  void* memory = mmap(nullptr, sizeof(State), PROT_READ | PROT_WRITE, MAP_SHARED, static_cast<int>(fd), 0);
  syscall(SYS_close, fd);
  return memory == MAP_FAILED ? nullptr : static_cast<State*>(memory);
}

__attribute__((constructor)) void read_plan() {
  unsetenv("LD_PRELOAD");
  const std::string state = taken("FAULTS_STATE"), lasting = taken("FAULTS_LASTING"), who = taken("FAULTS_WHO");
  auto* made = new Plan();
  made->state = state.empty() ? nullptr : mapped(state);
  made->files = taken("FAULTS_FILES");
  made->calls = " " + taken("FAULTS_CALLS") + " ";
  made->images = taken("FAULTS_IMAGES");
  made->boot_id = taken("FAULTS_BOOT_ID");
  made->network = taken("FAULTS_NETWORK");
  made->at = number(taken("FAULTS_AT"));
  made->error = static_cast<int>(number(taken("FAULTS_ERROR")));
  made->is_torn = lasting == "torn";
  made->is_for_good = lasting == "always" || made->is_torn;
  made->is_cut = lasting == "cut";
  made->spares_engine = who == "supervisor";
  made->spares_supervisor = who == "engine";
  if (made->state != nullptr) made->state->engine = getpid();
  plan = made;
}

bool is_engine() { return plan->state->engine == getpid(); }

// In pieces, as the patterns stand between colons.
bool is_named(const std::string& path) {
  for (std::size_t at = 0; at <= plan->files.size();) {
    const std::size_t end = std::min(plan->files.find(':', at), plan->files.size());
    if (fnmatch(plan->files.substr(at, end - at).c_str(), path.c_str(), 0) == 0) return true;
    at = end + 1;
  }
  return false;
}

std::string path_of(int fd) {
  char target[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const long size = syscall(SYS_readlink, link.c_str(), target, sizeof target);
  return size > 0 ? std::string(target, static_cast<std::size_t>(size)) : "";
}

// The supervisor names its files as they are called in its folder.
std::string rooted(const char* path) { return path[0] == '/' ? path : std::string("/") + path; }

[[noreturn]] void cut_the_power() {
  const auto engine = static_cast<pid_t>(plan->state->engine), supervisor = static_cast<pid_t>(plan->state->supervisor);
  for (const pid_t pid : {engine, supervisor}) {
    if (pid > 0 && pid != getpid()) kill(pid, SIGKILL);
  }
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// 0, or the errno with which this call fails.
int meet(const char* call, const std::string& path) {
  if (plan == nullptr || plan->state == nullptr || plan->calls.find(" " + std::string(call) + " ") == std::string::npos)
    return 0;
  if (!is_named(path)) return 0;
  if (!is_engine() && getppid() == static_cast<pid_t>(plan->state->engine)) plan->state->supervisor = getpid();
  if (is_engine() ? plan->spares_engine : plan->spares_supervisor) return 0;
  const std::int64_t met = ++plan->state->met;
  if (plan->at == 0 || (plan->is_for_good ? met < plan->at : met != plan->at)) return 0;
  if (plan->state->hits++ == 0)
    std::snprintf(plan->state->last, sizeof plan->state->last, "%s %s %s", is_engine() ? "engine" : "supervisor", call,
                  path.c_str());
  if (plan->is_cut) cut_the_power();
  return plan->error;
}

int failed(int error) {
  errno = error;
  return -1;
}

int result(long code) { return static_cast<int>(code); }

// With calls of the kernel alone: this must not be counted.
void keep_image(int fd) {
  if (plan == nullptr || plan->images.empty()) return;
  std::string name = path_of(fd);
  if (name.find("/journal.db") == std::string::npos) return;
  for (char& c : name) {
    if (c == '/') c = '%';
  }
  const std::string path = plan->images + "/" + name, beside = path + ".new";
  const int to = result(syscall(SYS_openat, AT_FDCWD, beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (to < 0) return;
  const int from = result(syscall(SYS_openat, AT_FDCWD, path_of(fd).c_str(), O_RDONLY | O_CLOEXEC, 0));
  if (from >= 0) {
    while (syscall(SYS_sendfile, to, from, nullptr, 1 << 20) > 0) {
    }
    syscall(SYS_close, from);
  }
  syscall(SYS_close, to);
  syscall(SYS_rename, beside.c_str(), path.c_str());
}

int open_at(int folder, const char* path, int flags, mode_t mode) {
  if (plan != nullptr && !plan->boot_id.empty() && std::strcmp(path, "/proc/sys/kernel/random/boot_id") == 0)
    path = plan->boot_id.c_str();
  if (const int error = meet("open", rooted(path)); error != 0) return failed(error);
  return result(syscall(SYS_openat, folder, path, flags, mode));
}

int sync_file(long call, int fd) {
  if (const int error = meet("sync", path_of(fd)); error != 0) return failed(error);
  const int code = result(syscall(call, fd));
  if (code == 0) keep_image(fd);
  return code;
}

// How much of it goes to the disk: all, or half of what meets the fault first.
size_t written_size(int error, size_t size) { return error != 0 && plan->is_torn && plan->state->hits == 1 ? size / 2 : size; }

mode_t mode_of(int flags, va_list rest) {
  const bool is_given = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return is_given ? static_cast<mode_t>(va_arg(rest, unsigned)) : 0;
}

void say_network(const std::string& path, struct statfs* found) {
  if (plan != nullptr && !plan->network.empty() && path.starts_with(plan->network)) found->f_type = 0x6969;
}

}  // namespace

extern "C" {

// By other names than libc declares them.
int faulty_open64(const char* path, int flags, ...) asm("open64");
int faulty_open(const char* path, int flags, ...) asm("open");
ssize_t faulty_write(int fd, const void* bytes, size_t size) asm("write");
ssize_t faulty_pwrite64(int fd, const void* bytes, size_t size, off_t offset) asm("pwrite64");
ssize_t faulty_pwrite(int fd, const void* bytes, size_t size, off_t offset) asm("pwrite");
int faulty_fsync(int fd) asm("fsync");
int faulty_fdatasync(int fd) asm("fdatasync");
int faulty_ftruncate64(int fd, off_t size) asm("ftruncate64");
int faulty_ftruncate(int fd, off_t size) asm("ftruncate");
int faulty_fallocate64(int fd, int mode, off_t offset, off_t size) asm("fallocate64");
int faulty_fallocate(int fd, int mode, off_t offset, off_t size) asm("fallocate");
int faulty_posix_fallocate64(int fd, off_t offset, off_t size) asm("posix_fallocate64");
int faulty_posix_fallocate(int fd, off_t offset, off_t size) asm("posix_fallocate");
int faulty_rename(const char* from, const char* to) asm("rename");
int faulty_mkfifo(const char* path, mode_t mode) asm("mkfifo");
int faulty_mkdir(const char* path, mode_t mode) asm("mkdir");
int faulty_statfs64(const char* path, struct statfs64* found) asm("statfs64");
int faulty_statfs(const char* path, struct statfs* found) asm("statfs");

int faulty_open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_at(AT_FDCWD, path, flags, mode);
}

int faulty_open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_at(AT_FDCWD, path, flags, mode);
}

ssize_t faulty_write(int fd, const void* bytes, size_t size) {
  const int error = meet("write", path_of(fd));
  const size_t kept = written_size(error, size);
  if (error != 0 && kept == size) return failed(error);
  return syscall(SYS_write, fd, bytes, kept);
}

ssize_t faulty_pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  const int error = meet("write", path_of(fd));
  const size_t kept = written_size(error, size);
  if (error != 0 && kept == size) return failed(error);
  return syscall(SYS_pwrite64, fd, bytes, kept, offset);
}
ssize_t faulty_pwrite64(int fd, const void* bytes, size_t size, off_t offset) { return faulty_pwrite(fd, bytes, size, offset); }

int faulty_fsync(int fd) { return sync_file(SYS_fsync, fd); }
int faulty_fdatasync(int fd) { return sync_file(SYS_fdatasync, fd); }

int faulty_ftruncate(int fd, off_t size) {
  if (const int error = meet("truncate", path_of(fd)); error != 0) return failed(error);
  return result(syscall(SYS_ftruncate, fd, size));
}
int faulty_ftruncate64(int fd, off_t size) { return faulty_ftruncate(fd, size); }

int faulty_fallocate(int fd, int mode, off_t offset, off_t size) {
  if (const int error = meet("allocate", path_of(fd)); error != 0) return failed(error);
  return result(syscall(SYS_fallocate, fd, mode, offset, size));
}
int faulty_fallocate64(int fd, int mode, off_t offset, off_t size) { return faulty_fallocate(fd, mode, offset, size); }

int faulty_posix_fallocate(int fd, off_t offset, off_t size) {
  if (const int error = meet("allocate", path_of(fd)); error != 0) return error;
  return syscall(SYS_fallocate, fd, 0, offset, size) == 0 ? 0 : errno;
}
int faulty_posix_fallocate64(int fd, off_t offset, off_t size) { return faulty_posix_fallocate(fd, offset, size); }

int faulty_rename(const char* from, const char* to) {
  if (const int error = meet("rename", rooted(to)); error != 0) return failed(error);
  return result(syscall(SYS_rename, from, to));
}

int faulty_mkfifo(const char* path, mode_t mode) {
  if (const int error = meet("fifo", rooted(path)); error != 0) return failed(error);
  return result(syscall(SYS_mknod, path, S_IFIFO | mode, 0));
}

int faulty_mkdir(const char* path, mode_t mode) {
  if (const int error = meet("folder", rooted(path)); error != 0) return failed(error);
  return result(syscall(SYS_mkdir, path, mode));
}

int faulty_statfs(const char* path, struct statfs* found) {
  const int code = result(syscall(SYS_statfs, path, found));
  if (code == 0) say_network(path, found);
  return code;
}
int faulty_statfs64(const char* path, struct statfs64* found) {
  return faulty_statfs(path, reinterpret_cast<struct statfs*>(found));
}

}  // extern "C"

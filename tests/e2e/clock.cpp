// Preloaded into runbook: clocks that a test sets while it runs. The file that RUNBOOK_TEST_CLOCK names holds three numbers of 64 bits,
// milliseconds that are added to CLOCK_REALTIME, CLOCK_BOOTTIME and CLOCK_MONOTONIC. Steps see the true ones.
//
// Who waits is woken every 20 ms, so that a time that was set is seen at once.
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

struct Offsets {
  volatile std::int64_t wall_ms, boot_ms, monotonic_ms;
};
const Offsets* offsets = nullptr;

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

std::int64_t offset_ms(clockid_t clock) {
  if (!offsets) return 0;
  switch (clock) {
    case CLOCK_REALTIME: return offsets->wall_ms;
    case CLOCK_BOOTTIME: return offsets->boot_ms;
    case CLOCK_MONOTONIC: return offsets->monotonic_ms;
    default: return 0;
  }
}

std::int64_t in_ms(const timespec& time) { return time.tv_sec * 1'000 + time.tv_nsec / 1'000'000; }

std::int64_t monotonic_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return in_ms(now);
}

__attribute__((constructor)) void begin() {
  const char* path = std::getenv("RUNBOOK_TEST_CLOCK");
  const int fd = path ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void* map = ::mmap(nullptr, sizeof(Offsets), PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  if (map != MAP_FAILED) offsets = static_cast<const Offsets*>(map);
  ::unsetenv("LD_PRELOAD");
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static auto* next = real<int(clockid_t, timespec*)>("clock_gettime");
  const int result = next(clock, time);
  if (result != 0) return result;
  const std::int64_t by = offset_ms(clock);
  if (by == 0) return 0;
  const std::int64_t nanoseconds = time->tv_nsec + by % 1'000 * 1'000'000;
  const std::int64_t carry = nanoseconds < 0 ? -1 : nanoseconds / 1'000'000'000;
  time->tv_sec += by / 1'000 + carry;
  time->tv_nsec = nanoseconds - carry * 1'000'000'000;
  return 0;
}

extern "C" int poll(pollfd* fds, nfds_t count, int timeout_ms) {
  static auto* next = real<int(pollfd*, nfds_t, int)>("poll");
  if (timeout_ms <= 0) return next(fds, count, timeout_ms);
  const std::int64_t end_ms = monotonic_ms() + timeout_ms;
  while (true) {
    const std::int64_t left_ms = std::max<std::int64_t>(0, end_ms - monotonic_ms());
    const int ready = next(fds, count, static_cast<int>(std::min<std::int64_t>(left_ms, 20)));
    if (ready != 0 || left_ms == 0) return ready;
  }
}

// Early, which its caller takes for a time that has not passed: it looks at the clock and waits on.
extern "C" int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                                      const timespec* until) {
  using Wait = int(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*);
  static auto* next = real<Wait>("pthread_cond_clockwait");
  timespec soon{};
  ::clock_gettime(clock, &soon);
  const std::int64_t wanted_ms = std::min(in_ms(soon) + 20, in_ms(*until)) - offset_ms(clock);
  const timespec true_time{wanted_ms / 1'000, wanted_ms % 1'000 * 1'000'000};
  return next(condition, mutex, clock, &true_time);
}

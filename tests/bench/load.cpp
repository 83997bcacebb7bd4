// What it costs to load and check a runbook, as a ratio to yaml-cpp's event parser with nothing behind it, and in memory.
//
// Prints a table of what was measured beside its bound; exits with 1 when a bound is missed. Both sides take turns, and the
// fastest turn of each counts: what else the machine does only ever adds.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <sstream>
#include <string>

#include "book/loader.h"
#include "plugins/all.h"

using namespace runbook;

namespace {

constexpr double most_time = 1.8;  // of the bare parser's
constexpr double most_memory_mb = 250;

// As people write them: short scripts, and on every other step something more. About 130 bytes each.
std::string step_text(int number) {
  switch (number % 8) {
    case 0:
      return fmt::format(
          "  - id: make_folder_{0}\n    title: Make the folder of service {0}\n    shell: mkdir -p \"/srv/service{0}\"\n    "
          "effect: "
          "idempotent\n",
          number);
    case 1:
      return fmt::format(
          "  - id: fetch_{0}\n    title: Fetch the newest image\n    shell: |\n      docker pull "
          "registry.example.org/service{0}\n"
          "      docker image prune --force\n",
          number);
    case 2:
      return fmt::format("  - id: restart_{0}\n    title: Restart service {0}\n    exec: [systemctl, restart, service{0}]\n",
                         number);
    case 3:
      return fmt::format(
          "  - id: version_{0}\n    title: Ask service {0} for its version\n    shell: curl -s localhost:8080/version\n    "
          "outputs: "
          "{{version: stdout}}\n",
          number);
    case 4:
      return fmt::format(
          "  - id: tell_{0}\n    title: Tell the version\n    when: $steps.version_{1}.version != '1.0'\n    shell: echo "
          "\"$region\" "
          ">> /var/log/changes\n",
          number, number - 1);
    case 5:
      return fmt::format(
          "  - id: copy_{0}\n    title: Copy the settings of {0}\n    shell: cp settings.ini /etc/service{0}.ini\n    retry: "
          "{{attempts: 3, delay: 2s}}\n",
          number);
    case 6:
      return fmt::format(
          "  - {{id: look_{0}, title: Look after service {0}, exec: [curl, -sf, \"http://${{{{ $inputs.host }}}}/health\"]}}\n",
          number);
    default:
      return fmt::format(
          "  - id: clean_{0}\n    title: Clean up\n    shell: rm -f \"/tmp/service{0}\"\n    done_when: {{shell: test ! -e "
          "/tmp/service{0}}}\n",
          number);
  }
}

SourcePtr runbook_of(int steps) {
  std::string text = "runbook: many\ninputs:\n  region: {default: eu-west-1}\n  host: {default: localhost}\nsteps:\n";
  for (int number = 0; number < steps; ++number) text += step_text(number);
  return std::make_shared<SourceText>("many.yaml", std::move(text));
}

class Nothing : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

void parse_bare(const SourceText& source) {
  std::istringstream stream(source.text());
  YAML::Parser parser(stream);
  Nothing nothing;
  while (parser.HandleNextDocument(nothing)) {
  }
}

void require_steps(const Loaded& loaded, const SourceText& source, int steps) {
  fmt::print(stderr, "{}", render_all(loaded.diagnostics, loaded.errors + loaded.warnings, source));
  if (!loaded.diagnostics.empty() || static_cast<int>(loaded.runbook->steps.size()) != steps) std::exit(1);
}

// Of the processor: what else runs on the machine counts less.
double seconds(const std::function<void()>& work) {
  const std::clock_t begin = std::clock();
  work();
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

// Of a process that does nothing else, the text itself included.
double peak_memory_mb(const std::function<void()>& work) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    work();
    _exit(0);
  }
  int status = 0;
  rusage used{};
  if (child < 0 || wait4(child, &status, 0, &used) != child || status != 0) std::exit(1);
  return static_cast<double>(used.ru_maxrss) / 1024;
}

bool report(const std::string& what, double value, double bound, const char* unit) {
  const bool is_kept = value <= bound;
  fmt::print("{:<62} {:>8.2f}{}  at most {}{}  {}\n", what, value, unit, bound, unit, is_kept ? "ok" : "MISSED");
  std::fflush(stdout);
  return is_kept;
}

bool measure_memory(int steps) {
  const double memory_mb = peak_memory_mb([=] {
    const SourcePtr source = runbook_of(steps);
    require_steps(load_runbook(source, all_declarations()), *source, steps);
  });
  return report(fmt::format("peak memory at {} steps", steps), memory_mb, most_memory_mb, " MB");
}

bool measure_time(int steps, int turns) {
  double bare = 1e9, ours = 1e9;
  const SourcePtr source = runbook_of(steps);
  for (int turn = 0; turn < turns; ++turn) {
    bare = std::min(bare, seconds([&] { parse_bare(*source); }));
    Loaded loaded;  // lives longer than what is measured: giving it back is no part of loading it
    ours = std::min(ours, seconds([&] { loaded = load_runbook(source, all_declarations()); }));
    require_steps(loaded, *source, steps);
  }
  fmt::print("    {} steps, {} bytes each: bare {:.4f} s, load and check {:.4f} s\n", steps, source->text().size() / steps,
             bare, ours);
  return report(fmt::format("load and check of {} steps, in units of the bare parser", steps), ours / bare, most_time, "");
}

}  // namespace

int main() {
  bool is_kept = true;
  // Memory first: what this process has used by then would count for its children too.
  for (const int steps : {1'000, 10'000, 100'000}) is_kept &= measure_memory(steps);
  for (const int steps : {1'000, 10'000, 100'000}) is_kept &= measure_time(steps, std::max(3, 40'000 / steps));
  fmt::print("{}\n", is_kept ? "every bound is kept" : "a bound is missed");
  return is_kept ? 0 : 1;
}

#include "plugins/kubectl_streams.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include "base/lines.h"

namespace runbook {

namespace {

// Channels of the remote command protocol (kubernetes: apimachinery/pkg/util/remotecommand/constants.go).
constexpr std::string_view output = "1", errors = "2", ending = "3";

// By kubectl's own log: "E1130 02:47:05.378129   13479 websocket.go:296] Unknown stream id 1, discarding message".
std::set<std::string_view> lost_streams(std::string_view written) {
  constexpr std::string_view before = "] Unknown stream id ", behind = ", discarding message";
  std::set<std::string_view> lost;
  for (std::string_view line : lines_of(written)) {
    const std::size_t at = line.find(before);
    const bool is_it =
        line.starts_with("E") && line.find(" websocket.go:") < at && at != std::string_view::npos && line.ends_with(behind);
    if (!is_it) continue;
    line.remove_suffix(behind.size());
    lost.insert(line.substr(at + before.size()));
  }
  return lost;
}

bool has_streams(const KubectlWords& words) {
  constexpr std::array verbs = {"exec", "attach", "run", "cp", "debug"};
  return std::find(verbs.begin(), verbs.end(), words.verb_text()) != verbs.end();
}

std::string discarded(const char* what) {
  return fmt::format(
      "kubectl discarded {} (kubernetes/kubernetes#131189): take a newer one, or give the step "
      "`env: {{KUBECTL_REMOTE_COMMAND_WEBSOCKETS: \"false\"}}`",
      what);
}

}  // namespace

Outcome without_lost_streams(Outcome outcome, const KubectlWords& words) {
  if (!has_exited(outcome) || !has_streams(words)) return outcome;
  const std::string err = outcome.result.text_or("stderr", "");
  const std::set<std::string_view> lost = lost_streams(err.empty() ? outcome.output : err);
  if (lost.count(output) || lost.count(errors)) outcome.why_no_result = discarded("a part of what the container wrote");
  if (lost.count(ending)) {
    outcome.kind = Outcome::Kind::unknown;
    outcome.reason = discarded("the container's word of how it ended");
  }
  return outcome;
}

}  // namespace runbook

#include "plugins/kubectl_streams.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/lines.h"

namespace runbook {

namespace {

// Channels of the remote command protocol (kubernetes: apimachinery/pkg/util/remotecommand/constants.go).
constexpr const char *output = "1", *errors = "2", *ending = "3";

// A line of kubectl's own log: "E1130 02:47:05.378129   13479 websocket.go:296] Unknown stream id 1, discarding message".
bool has_lost(std::string_view written, const char* stream) {
  const std::string end = fmt::format("] Unknown stream id {}, discarding message", stream);
  const std::vector<std::string_view> lines = lines_of(written);
  return std::any_of(lines.begin(), lines.end(), [&](std::string_view line) {
    return line.starts_with("E") && line.find(" websocket.go:") != std::string_view::npos && line.ends_with(end);
  });
}

bool has_streams(const KubectlWords& words) {
  constexpr std::array verbs = {"exec", "attach", "run", "cp", "debug"};
  return std::find(verbs.begin(), verbs.end(), words.verb_text()) != verbs.end();
}

std::string lost(const char* what) {
  return fmt::format(
      "kubectl discarded {} (kubernetes/kubernetes#131189): take a newer one, or give the step "
      "`env: {{KUBECTL_REMOTE_COMMAND_WEBSOCKETS: \"false\"}}`",
      what);
}

}  // namespace

Outcome without_lost_streams(Outcome outcome, const KubectlWords& words) {
  const bool has_exited = outcome.kind == Outcome::Kind::succeeded || outcome.kind == Outcome::Kind::failed;
  if (!has_exited || !has_streams(words)) return outcome;
  const std::string err = outcome.result.text_or("stderr", "");
  const std::string& written = err.empty() ? outcome.output : err;
  if (has_lost(written, output) || has_lost(written, errors))
    outcome.why_no_result = lost("a part of what the container wrote");
  if (has_lost(written, ending)) {
    outcome.kind = Outcome::Kind::unknown;
    outcome.reason = lost("the container's word of how it ended");
  }
  return outcome;
}

}  // namespace runbook

#pragma once
// What kubectl tells of what it lost on the way from a container. Until kubernetes/kubernetes#131203 it reads from the connection before it
// has made all its streams, writes one line for each message that it then discards, and exits with 0 when that was the exit code.
#include "plugins/kubectl_words.h"
#include "step/outcome.h"

namespace runbook {

// `exec`, `attach` and what else has such streams: without how it ended nobody knows it; without output it has no result.
Outcome without_lost_streams(Outcome outcome, const KubectlWords& words);

}  // namespace runbook

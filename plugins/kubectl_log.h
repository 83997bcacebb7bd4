#pragma once
// `kubectl logs -f` as a stream that can be taken up where it was cut. The server tells the time of each line, and begins at a time that it
// is asked for, but only to the second (metav1.Time): what was read before comes again, and is told by the times of the lines.
#include <string>
#include <string_view>
#include <vector>

#include "plugins/followed_stream.h"
#include "plugins/kubectl_words.h"

namespace runbook {

// A place in the log of one container, as text: "" for what can't be taken up, like the logs of several.
// Before the first line of a look: where an earlier one stopped, or "".
std::string log_position(const KubectlWords& words, const std::string& stopped_at);

// The words with which the log is read from there; those of the person where there is no place.
std::vector<std::string> log_words_from(const KubectlWords& read, std::vector<std::string> words, const std::string& position);

// Without its time, unless the person asked for it.
FollowedLine line_of_log(std::string_view line, const std::string& position);

}  // namespace runbook

#include "os/tool_version.h"

#include "os/inquiry.h"
#include "os/program.h"

namespace runbook {
namespace {

constexpr std::int64_t longest_answer_ms = 10'000;

// kubectl's plain `version` asks the cluster.
std::vector<std::vector<std::string>> questions_for(const std::string& tool) {
  if (tool == "kubectl") return {{tool, "version", "--client"}};
  return {{tool, "--version"}, {tool, "version"}};
}

std::string in_words(const std::vector<std::string>& argv) {
  std::string words;
  for (const std::string& word : argv) words += (words.empty() ? "" : " ") + word;
  return words;
}

}  // namespace

ToolVersion ask_version(const std::string& tool) {
  ToolVersion answer;
  answer.is_there = is_program(tool);
  if (!answer.is_there) return answer;
  for (const std::vector<std::string>& argv : questions_for(tool)) {
    answer.asked.push_back(in_words(argv));
    const Reply reply = inquire({argv, "/", longest_answer_ms, Inquiry::Errors::kept});
    if (!reply.is_good()) continue;
    answer.version = find_version(reply.out);
    if (!answer.version) answer.version = find_version(reply.err);
    if (answer.version) break;
  }
  return answer;
}

}  // namespace runbook

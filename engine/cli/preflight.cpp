#include "cli/preflight.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "base/error.h"
#include "os/program.h"
#include "os/tool_version.h"

namespace runbook {
namespace {

using Fit = VersionRange::Fit;

class ToolLook {
 public:
  explicit ToolLook(Acceptance acceptance) : acceptance_(acceptance) {}

  Preflight look(const Runbook& runbook) {
    for (const ToolRequirement& requirement : runbook.tools) require(requirement);
    if (!problems_.empty()) refuse();
    for (const TestedTool& tested : runbook.tested_with) compare_with(tested);
    return std::move(found_);
  }

 private:
  const ToolVersion& answer_of(const std::string& tool) {
    const auto known = answers_.find(tool);
    return known != answers_.end() ? known->second : answers_.emplace(tool, ask_version(tool)).first->second;
  }

  void require(const ToolRequirement& requirement) {
    const std::string& tool = requirement.tool;
    const std::string& wanted = requirement.wanted.text();
    if (!is_program(tool)) {
      is_one_missing_ = true;
      problems_.push_back(fmt::format("`{}` is not there: no folder of PATH has it{}", tool,
                                      requirement.wanted.is_any() ? "" : fmt::format(" ({} is required)", wanted)));
      return;
    }
    if (requirement.wanted.is_any()) return;
    const ToolVersion& answer = answer_of(tool);
    if (!answer.version)
      return deviate(fmt::format("`{}` does not say which version it is (asked: {}), and {} is required", tool,
                                 fmt::join(answer.asked, ", "), wanted),
                     fmt::format("accepted {} of unknown version (required: {})", tool, wanted));
    const Fit fit = requirement.wanted.fit(*answer.version);
    if (fit == Fit::fits) return;
    deviate(fmt::format("`{}` is too {}: it is {}, and {} is required", tool, fit == Fit::too_old ? "old" : "new",
                        answer.version->text, wanted),
            fmt::format("accepted {} {} (required: {})", tool, answer.version->text, wanted));
  }

  void deviate(std::string problem, std::string accepted) {
    if (acceptance_ == Acceptance::given) found_.accepted.push_back(std::move(accepted));
    else problems_.push_back(std::move(problem));
  }

  [[noreturn]] void refuse() const {
    const std::string hint = is_one_missing_
                                 ? "install what is missing, or add its folder to PATH"
                                 : "install that version, or take this one with --accept, which stands in the record";
    if (problems_.size() == 1) throw Error(ExitCode::usage, problems_.front() + "; nothing was run", hint);
    throw Error(
        ExitCode::usage,
        fmt::format("{} tools are not as required; nothing was run:\n  {}", problems_.size(), fmt::join(problems_, "\n  ")),
        hint);
  }

  void compare_with(const TestedTool& tested) {
    const ToolVersion& answer = answer_of(tested.tool);
    if (answer.version && compare(*answer.version, tested.version) == 0) return;
    const std::string found = !answer.is_there ? "is not there"
                              : answer.version ? fmt::format("is {}", answer.version->text)
                                               : "does not say which version it is";
    found_.warnings.push_back(fmt::format("`{}` {}; this runbook was tested with {}", tested.tool, found, tested.version.text));
  }

  Acceptance acceptance_;
  std::map<std::string, ToolVersion> answers_;
  std::vector<std::string> problems_;
  bool is_one_missing_ = false;
  Preflight found_;
};

}  // namespace

Preflight look_at_tools(const Runbook& runbook, Acceptance acceptance) { return ToolLook(acceptance).look(runbook); }

}  // namespace runbook

// aws: one call of an operation, from the shell.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "base/environment.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/json.h"
#include "cli/commands.h"
#include "os/files.h"
#include "os/terminal.h"
#include "plugins/all.h"
#include "plugins/aws/check_params.h"
#include "plugins/aws/find_call.h"
#include "plugins/aws/prepared_call.h"

namespace runbook {

namespace {

// JSON, `-` for standard input, or @FILE.
Value params_of(const Arguments& arguments) {
  const std::string text = arguments.value("--params").value_or("{}");
  Value params = parse_json(text == "-" ? read_stream(STDIN_FILENO) : text.starts_with('@') ? read_file(text.substr(1)) : text);
  if (params.is_map()) return params;
  throw Error(ExitCode::usage, "--params takes a JSON object", "--params '{\"Name\": \"value\"}'");
}

aws::Configuration configuration_of(const Arguments& arguments) {
  std::vector<std::string> env = own_environment();
  const auto set = [&](const char* option, const char* variable) {
    if (const auto value = arguments.value(option)) set_variable(env, variable, *value);
  };
  set("--region", "AWS_REGION");
  set("--endpoint-url", "AWS_ENDPOINT_URL");
  set("--profile", "AWS_PROFILE");
  if (arguments.has("--profile"))  // keys in the environment would win over it
    for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}) set_variable(env, name, "");
  return aws::Configuration(std::move(env));
}

std::string place_of(const aws::ParamFault& fault) {
  std::string place;
  for (const auto& step : fault.path) {
    if (const auto* name = std::get_if<std::string>(&step)) place += (place.empty() ? "" : ".") + *name;
    else place += fmt::format("[{}]", std::get<std::size_t>(step));
  }
  return place;
}

void require_right(const aws::Call& call) {
  std::string problems, hint;
  for (const aws::ParamFault& fault :
       aws::check_params(*call.model, *call.operation, call.params, [](const Value&) { return true; })) {
    const std::string place = place_of(fault);
    const std::string line = place.empty() ? fault.message : fmt::format("{}: {}", place, fault.message);
    if (fault.severity == aws::ParamFault::Severity::warning) {
      fmt::print(stderr, "warning: {}{}\n", line, fault.hint.empty() ? "" : " (" + fault.hint + ")");
      continue;
    }
    problems += (problems.empty() ? "" : "\n  ") + line;
    if (hint.empty()) hint = fault.hint;
  }
  if (!problems.empty()) throw Error(ExitCode::usage, problems, hint);
}

int tell(const aws::CallAnswer& answer, const std::string& name, bool is_compact) {
  using Kind = aws::CallAnswer::Kind;
  switch (answer.kind) {
    case Kind::done:
      if (!(answer.result == Value(Map())))
        fmt::print("{}\n", is_compact ? to_json(answer.result) : to_pretty_json(answer.result));
      return 0;
    case Kind::refused: throw Error(ExitCode::step_failed, fmt::format("{}: {}", name, answer.why));
    case Kind::not_sent: throw Error(ExitCode::step_failed, fmt::format("{} was not sent: {}", name, answer.why));
    case Kind::unknown:
    case Kind::cancelled:
    case Kind::timed_out: break;
  }
  throw Error(ExitCode::in_doubt, fmt::format("{} was sent, but whether it was done is not known: {}", name, answer.why),
              "look before you call it again");
}

std::string asked_code(const std::string& device) {
  return ask_line(fmt::format("The code that the MFA device {} shows: ", device)).value_or("");
}

}  // namespace

int aws_command(const Arguments& arguments) {
  aws::Session& session = *aws_session();
  if (!session.models()) throw Error(ExitCode::usage, aws::no_models);
  const std::string& name = arguments.operands().front();
  const aws::FoundCall found = aws::find_call(*session.models(), name);
  if (::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1) ask_for_aws_codes(asked_code);
  aws::Call call = aws::prepared_call(found.model, *found.operation, params_of(arguments), uuid_of(random_bytes(16)));
  call.only_reads = call.only_reads && !arguments.has("--one-page");
  call.dir = std::filesystem::current_path().string();
  if (const auto file = arguments.value("--save-to")) call.save_to = std::filesystem::absolute(*file).string();
  require_right(call);
  return tell(aws::answer_of(session, call, configuration_of(arguments), {}), name, arguments.has("--compact"));
}

}  // namespace runbook

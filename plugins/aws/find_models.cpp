#include <string_view>

#include "base/lines.h"
#include "base/trimmed.h"
#include "os/files.h"
#include "os/program.h"
#include "plugins/aws/model_files.h"
#include "plugins/aws/model_store.h"
#include "plugins/aws/python_folders.h"

namespace runbook::aws {
namespace {

namespace fs = std::filesystem;

const char* const debian_packages = "/usr/lib/python3/dist-packages";
const char* const bundle = "/usr/local/aws-cli/v2/current/dist";

bool has_models(const fs::path& folder) {
  if (newest_version(folder, "sts")) return true;
  std::error_code none;
  for (fs::directory_iterator entry(folder, none), end; !none && entry != end; entry.increment(none)) {
    if (newest_version(folder, entry->path().filename().string())) return true;
  }
  return false;
}

// `__version__ = '1.29.27'`, without starting Python.
std::string package_version(const fs::path& package) {
  const std::string text = try_read_file(package / "__init__.py").value_or("");
  for (const std::string_view line : lines_of(text)) {
    if (line.substr(0, 11) != "__version__") continue;
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos) return std::string(trimmed(line.substr(equals + 1), " \t'\""));
  }
  return {};
}

std::optional<ModelFolder> models_in_packages(const fs::path& packages, const char* kind) {
  if (has_models(packages / "botocore/data"))
    return ModelFolder{packages / "botocore/data", kind, package_version(packages / "botocore")};
  // AWS CLI v2 as distributions package it has a botocore of its own.
  const fs::path own = packages / "awscli/botocore/data";
  if (has_models(own)) return ModelFolder{own, "AWS CLI v2", package_version(packages / "awscli")};
  return std::nullopt;
}

// The bundle's folder is named by its version: /usr/local/aws-cli/v2/2.15.30/dist.
std::optional<ModelFolder> models_in_bundle(const fs::path& dist) {
  const fs::path models = dist / "awscli/botocore/data";
  if (!has_models(models)) return std::nullopt;
  std::error_code failed;
  const std::string version = fs::canonical(dist, failed).parent_path().filename().string();
  const bool is_version = !version.empty() && version[0] >= '0' && version[0] <= '9';
  return ModelFolder{models, "AWS CLI v2", is_version ? version : ""};
}

}  // namespace

const char* const no_models =
    "there are no AWS service models: `apt install python3-botocore` or `pip install botocore` brings them, or set "
    "RUNBOOK_AWS_MODELS to a folder that has them";

std::optional<ModelFolder> find_models(const std::vector<std::string>& env) {
  const std::string chosen = variable_in(env, "RUNBOOK_AWS_MODELS");
  if (!chosen.empty()) {
    if (!has_models(chosen)) return std::nullopt;
    return ModelFolder{chosen, "RUNBOOK_AWS_MODELS", package_version(fs::path(chosen).parent_path())};
  }
  if (auto found = models_in_packages(debian_packages, "python3-botocore")) return found;
  std::optional<ModelFolder> found;
  const bool is_found = PythonFolders(env, [&found](const fs::path& packages) {
                          found = models_in_packages(packages, "pip");
                          return found.has_value();
                        }).offer();
  if (is_found) return found;
  if (auto bundled = models_in_bundle(bundle)) return bundled;
  std::error_code failed;
  const fs::path aws = fs::canonical(find_program("aws", env, "/"), failed);
  return failed ? std::nullopt : models_in_bundle(aws.parent_path());
}

}  // namespace runbook::aws

#pragma once
// Where pip installs packages, found without starting Python, which takes longer than a call of AWS.
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runbook::aws {

// The value of "NAME=value", or "".
std::string variable_in(const std::vector<std::string>& env, std::string_view name);

// Offers folders of packages that exist, the likeliest first, until one is taken: of the python3 and the aws in PATH (of virtual
// environments, of pyenv's versions), of the interpreter that an aws script names, of the user.
class PythonFolders {
 public:
  using Take = std::function<bool(const std::filesystem::path& packages)>;
  PythonFolders(const std::vector<std::string>& env, Take take) : env_(env), take_(std::move(take)) {}

  // false: none was taken.
  bool offer();

 private:
  bool offer_of_program(const std::filesystem::path& program);
  bool offer_prefix(const std::filesystem::path& prefix);
  bool offer_versions_of_pyenv(const std::filesystem::path& root);
  bool offer_packages_in(const std::filesystem::path& lib);

  const std::vector<std::string>& env_;
  Take take_;
  std::vector<std::filesystem::path> seen_;  // prefixes
};

}  // namespace runbook::aws

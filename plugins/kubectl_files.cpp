#include "plugins/kubectl_files.h"

#include <algorithm>

namespace runbook {
namespace {

using Kind = NamedPath::Kind;

std::string after_first(const std::string& text, char separator) {
  const std::size_t at = text.find(separator);
  return at == std::string::npos ? text : text.substr(at + 1);
}

// `-f a.yml,b.yml` names two.
void add_each(const std::string& list, Kind kind, std::vector<NamedPath>& files) {
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    const std::string file = list.substr(at, end - at);
    if (!file.empty() && file != "-" && !is_address(file)) files.push_back({file, kind});
    at = end + 1;
  }
}

}  // namespace

bool is_address(std::string_view file) {
  return file.starts_with("http://") || file.starts_with("https://") || file.starts_with("git::") ||
         file.starts_with("ssh://") || file.starts_with("git@") || file.starts_with("github.com/");
}

std::vector<NamedPath> files_of_kubectl(const KubectlWords& words) {
  std::vector<NamedPath> files;
  const bool is_recursive = words.is_on("recursive");
  for (const KubectlFlag& flag : words.flags) {
    if (!flag.value) continue;
    if (flag.name == "filename") add_each(*flag.value, is_recursive ? Kind::manifests_below : Kind::manifests, files);
    if (flag.name == "kustomize") add_each(*flag.value, Kind::kustomization, files);
    if (flag.name == "from-file") add_each(after_first(*flag.value, '='), Kind::folder, files);
    if (flag.name == "from-env-file") add_each(*flag.value, Kind::input, files);
    if (flag.name == "patch-file" || flag.name == "cert" || flag.name == "key") add_each(*flag.value, Kind::input, files);
  }
  if (words.verb_text() == "kustomize") add_each(words.names.empty() ? "." : words.names.front(), Kind::kustomization, files);
  return files;
}

}  // namespace runbook

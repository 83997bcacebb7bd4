#include "cli/file_completion.h"

#include <algorithm>
#include <filesystem>

namespace runbook {

std::vector<std::string> files_meant(const std::string& line) {
  namespace fs = std::filesystem;
  const std::string word = line.substr(line.find_last_of(' ') + 1);  // npos + 1 is 0
  const std::size_t path_at = word.find('=') + 1;
  const std::string folder =
      word.substr(path_at, word.find_last_of('/') == std::string::npos || word.find_last_of('/') < path_at
                               ? 0
                               : word.find_last_of('/') + 1 - path_at);
  const std::string begun = word.substr(path_at + folder.size());
  std::vector<std::string> words;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, none)) {
    const std::string name = entry.path().filename().string();
    const bool is_hidden = name[0] == '.' && begun.empty();
    if (is_hidden || name.compare(0, begun.size(), begun) != 0 || name.find(' ') != std::string::npos) continue;
    words.push_back(word.substr(0, path_at) + folder + name + (entry.is_directory(none) ? "/" : ""));
  }
  std::sort(words.begin(), words.end());
  return words;
}

}  // namespace runbook

#include "run/file_digests.h"

#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "base/digest.h"
#include "os/files.h"

namespace runbook {
namespace {

namespace fs = std::filesystem;
using Kind = NamedPath::Kind;
using Paths = std::vector<fs::path>;

constexpr std::uint64_t largest = std::uint64_t{64} << 20;
constexpr std::uint64_t small = 64 << 10;  // read anew each time
constexpr std::int64_t settled_ns = 2'000'000'000;
constexpr std::size_t most_files = 10'000;  // of a folder

// A word is taken for the path of a script if that can be executed, or says by whom it wants to be read.
bool is_script(const fs::path& path) {
  if (::access(path.c_str(), X_OK) == 0) return true;
  char mark[2] = {};
  return std::ifstream(path, std::ios::binary).read(mark, 2) && mark[0] == '#' && mark[1] == '!';
}

bool is_manifest(const fs::path& path) {
  const std::string extension = path.extension();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

template <class Entries>
Paths files_in(const fs::path& folder, bool (*is_wanted)(const fs::path&)) {
  Paths files;
  std::error_code error;
  for (Entries entry(folder, fs::directory_options::skip_permission_denied, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code unknown;
    if (entry->is_regular_file(unknown) && is_wanted(entry->path()) && files.size() < most_files)
      files.push_back(entry->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool any(const fs::path&) { return true; }

std::int64_t ns_of(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

// Of a kustomization's text all words that could be the name of something: `path`, `KEY=path`. (It is not read as YAML: a word too many
// that leads to a file is a file more that is looked at.)
std::vector<std::string> words_in(std::string text) {
  constexpr std::string_view between = "\"',[]{}=";
  std::replace_if(
      text.begin(), text.end(), [&](char c) { return between.find(c) != std::string_view::npos; }, ' ');
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// The kustomization of a folder with the files that it names, and those of the folders that it names.
void collect_kustomization(const fs::path& folder, std::set<std::string>& seen, Paths& files) {
  for (const char* name : {"kustomization.yaml", "kustomization.yml", "Kustomization"}) {
    const fs::path path = (folder / name).lexically_normal();
    std::error_code error;
    if (!fs::is_regular_file(path, error) || seen.size() > most_files || !seen.insert(path.string()).second) continue;
    files.push_back(path);
    for (const std::string& word : words_in(try_read_file(path).value_or(""))) {
      const fs::path named = (folder / word).lexically_normal();
      if (fs::is_directory(named, error)) collect_kustomization(named, seen, files);
      else if (fs::is_regular_file(named, error) && seen.insert(named.string()).second) files.push_back(named);
    }
  }
}

class Expansion {
 public:
  explicit Expansion(const NamedPath& named) : kind_(named.kind) {}

  Paths files;
  std::vector<std::pair<std::string, std::string>> listings;  // of folders: key, digest

  void run(const fs::path& path) {
    std::error_code error;
    const bool is_folder = fs::is_directory(path, error);
    if (kind_ == Kind::kustomization) return kustomization(path);
    if (!is_folder && is_pattern(path)) return pattern(path);
    if (!is_folder) return files.push_back(path);
    if (kind_ == Kind::folder) list(path, files_in<fs::directory_iterator>(path, any));
    if (kind_ == Kind::manifests) list(path, files_in<fs::directory_iterator>(path, is_manifest));
    if (kind_ == Kind::manifests_below) list(path, files_in<fs::recursive_directory_iterator>(path, is_manifest));
  }

 private:
  void list(const fs::path& folder, const Paths& found) {
    std::string names;
    for (const fs::path& file : found) names += file.lexically_relative(folder).string() + "\n";
    std::string key = folder.lexically_normal().string();
    if (!key.ends_with('/')) key += '/';
    listings.emplace_back(key, sha256_hex(names));
    files.insert(files.end(), found.begin(), found.end());
  }

  bool is_pattern(const fs::path& path) const {
    const bool may_be = kind_ == Kind::manifests || kind_ == Kind::manifests_below;
    std::error_code error;
    return may_be && !fs::exists(path, error) && path.filename().string().find_first_of("*?[") != std::string::npos;
  }

  // Of kubectl's, those whose last part alone has signs.
  void pattern(const fs::path& path) {
    Paths found;
    for (const fs::path& file : files_in<fs::directory_iterator>(path.parent_path(), any))
      if (::fnmatch(path.filename().c_str(), file.filename().c_str(), 0) == 0) found.push_back(file);
    list(path, found);
  }

  void kustomization(const fs::path& path) {
    std::error_code error;
    std::set<std::string> seen;
    if (fs::is_directory(path, error)) collect_kustomization(path, seen, files);
    else files.push_back(path);
  }

  const Kind kind_;
};

}  // namespace

std::optional<std::string> FileDigests::digest_of(const fs::path& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return std::nullopt;
  const auto size = static_cast<std::uint64_t>(found.st_size);
  if (size > largest) return std::nullopt;
  Seen now{size, found.st_ino, found.st_dev, ns_of(found.st_mtim), ns_of(found.st_ctim), ""};
  if (size > small) {
    std::lock_guard lock(mutex_);
    const auto seen = large_.find(path.string());
    const bool is_same = seen != large_.end() && seen->second.size == now.size && seen->second.inode == now.inode &&
                         seen->second.device == now.device && seen->second.written_ns == now.written_ns &&
                         seen->second.changed_ns == now.changed_ns;
    if (is_same) return seen->second.sha256;
  }
  const std::optional<std::string> bytes = try_read_file(path);
  if (!bytes) return std::nullopt;
  now.sha256 = sha256_hex(*bytes);
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  // One that has just been written may be written again within the same tick of its clock.
  const bool has_settled = ns_of(time) - now.changed_ns > settled_ns;
  std::lock_guard lock(mutex_);
  if (size > small && has_settled) large_[path.string()] = now;
  return now.sha256;
}

std::vector<std::string> FileDigests::add(const fs::path& dir, const NamedPath& named, Digests& into) {
  const bool is_word = named.kind == Kind::word;
  const fs::path path = (dir / named.path).lexically_normal();
  if (is_word && (fs::path(named.path).is_absolute() || !is_script(path))) return {};
  Expansion expansion(named);
  expansion.run(path);
  std::vector<std::string> keys;
  for (auto& [key, digest] : expansion.listings) {
    into[key] = digest;
    keys.push_back(key);
  }
  for (const fs::path& file : expansion.files) {
    const std::optional<std::string> digest = into.count(file.string()) ? into[file.string()] : digest_of(file);
    if (!digest) continue;
    into[file.string()] = *digest;
    keys.push_back(file.string());
  }
  return keys;
}

}  // namespace runbook

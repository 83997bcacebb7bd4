#include "run/named_files.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/digest.h"
#include "base/error.h"
#include "os/files.h"
#include "run/instances.h"
#include "run/request.h"

namespace runbook {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t largest = std::uintmax_t{64} << 20;

// A word is taken for the path of a script if that can be executed, or says by whom it wants to be read.
bool is_script(const fs::path& path) {
  if (::access(path.c_str(), X_OK) == 0) return true;
  char mark[2] = {};
  return std::ifstream(path, std::ios::binary).read(mark, 2) && mark[0] == '#' && mark[1] == '!';
}

std::optional<std::string> digest_of(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) > largest || error) return std::nullopt;
  const std::optional<std::string> bytes = try_read_file(path);
  return bytes ? std::optional(sha256_hex(*bytes)) : std::nullopt;
}

class Collection {
 public:
  Collection(const RunFacts& facts, const RunState& state, StoredValues& values)
      : facts_(facts), state_(state), values_(values) {}

  void add_step(const Instance& step) {
    if (step->kind == Step::Kind::act) add(step, step->type, step->params);
    for (const Probe* probe : {step->before.get(), step->done_when.get(), step->verify.get(), step->probe.get()}) {
      if (probe && !probe->type.empty()) add(step, probe->type, probe->params);
    }
  }

  NamedFiles files;

 private:
  void add(const Instance& step, const std::string& type, const ParamTree& params) {
    const Declaration* declaration = find_declaration(*facts_.types, type);
    if (!declaration || !declaration->files) return;
    try {
      const RunScope scope(facts_, state_, values_, step.frame);
      const fs::path dir = working_folder(facts_, step, scope);
      for (const NamedPath& named : declaration->files(params.evaluate(scope))) add_file(step, dir, named);
    } catch (const std::exception&) {
      // Not known yet, or never: then the step says so when its turn comes.
    }
  }

  void add_file(const Instance& step, const fs::path& dir, const NamedPath& named) {
    const bool is_word = named.kind == NamedPath::Kind::word;
    const fs::path path = (dir / named.path).lexically_normal();
    if (is_word && (fs::path(named.path).is_absolute() || !is_script(path))) return;
    const auto known = files.find(path.string());
    const std::optional<std::string> digest = known != files.end() ? known->second.sha256 : digest_of(path);
    if (!digest) return;
    NamedFile& file = files[path.string()];
    file.sha256 = *digest;
    if (file.steps.empty() || file.steps.back() != step.id) file.steps.push_back(step.id);
  }

  const RunFacts& facts_;
  const RunState& state_;
  StoredValues& values_;
};

}  // namespace

NamedFiles named_files(const RunFacts& facts, const RunState& state, StoredValues& values) {
  Collection collection(facts, state, values);
  for (const Instance& step : Instances(facts, state, values).all()) {
    if (!is_done(state.of(step.id).state)) collection.add_step(step);
  }
  return std::move(collection.files);
}

Value digests_of(const NamedFiles& files) {
  Map digests;
  for (const auto& [path, file] : files) digests.emplace_back(path, file.sha256);
  return Value(std::move(digests));
}

Value files_in(const RunState& state) {
  Map digests;
  for (const auto& [path, digest] : state.files) digests.emplace_back(path, digest);
  return Value(std::move(digests));
}

}  // namespace runbook

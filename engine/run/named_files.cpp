#include "run/named_files.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/json.h"
#include "book/param_check.h"
#include "run/file_digests.h"
#include "run/instances.h"
#include "run/request.h"

namespace runbook {
namespace {

namespace fs = std::filesystem;

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
    for (const std::string& path : digests_.add(dir, named, found_)) {
      NamedFile& file = files[path];
      file.sha256 = found_[path];
      if (file.steps.empty() || file.steps.back() != step.id) file.steps.push_back(step.id);
    }
  }

  const RunFacts& facts_;
  const RunState& state_;
  StoredValues& values_;
  FileDigests digests_;
  Digests found_;
};

// Of a folder, `/srv/app/`: app.
std::string last_part(const std::string& path) {
  const std::size_t end = path.find_last_not_of('/') + 1;
  return path.substr(0, end).substr(path.rfind('/', end - 1) + 1);
}

// A step that reads a file names it, too.
bool reads(const Step& step, const fs::path& dir, const std::string& path, const Declarations& types) {
  const Declaration* type = find_declaration(types, step.type);
  if (!type || !type->files) return false;
  const std::vector<NamedPath> named = type->files(as_written(step.params));
  return std::any_of(named.begin(), named.end(),
                     [&](const NamedPath& each) { return path.starts_with((dir / each.path).lexically_normal().string()); });
}

}  // namespace

std::vector<NamedPath> pinned_paths(const RunFacts& facts, const RunState& state, const Instance& step, const Scope& scope) {
  const Declaration* type = find_declaration(*facts.types, step->type);
  if (!type || !type->files || state.files.empty()) return {};
  const fs::path dir = working_folder(facts, step, scope);
  std::vector<NamedPath> named = type->files(step->params.evaluate(scope));
  std::erase_if(named, [&](const NamedPath& each) {
    const bool is_single = each.kind == NamedPath::Kind::word || each.kind == NamedPath::Kind::input;
    return is_single && !state.files.count((dir / each.path).lexically_normal().string());
  });
  return named;
}

FileChanges changes_of(const RunFacts& facts, const RunState& state, StoredValues& values, const std::string& dir,
                       const std::vector<NamedPath>& named, const Value& seen) {
  FileChanges changes;
  for (const auto& [path, digest] : seen.as_map()) {
    const auto known = state.files.find(path);
    if (known != state.files.end() && known->second == digest.as_text()) continue;
    const bool is_new = known == state.files.end() || !writer_of(facts, state, values, path).empty();
    (is_new ? changes.taken : changes.foreign)[path] = digest.as_text();
  }
  for (const NamedPath& each : named) {
    const std::string path = (fs::path(dir) / each.path).lexically_normal().string();
    for (const std::string& key : {path, path + "/"})
      if (state.files.count(key) && !seen.find(key) && writer_of(facts, state, values, key).empty()) changes.foreign[key] = "";
  }
  return changes;
}

std::string writer_of(const RunFacts& facts, const RunState& state, StoredValues& values, const std::string& path) {
  const std::string name = last_part(path);
  for (const Instance& step : Instances(facts, state, values).all()) {
    const bool has_acted = state.of(step.id).acted_seq > 0 && step->effect != Effect::read;
    if (!has_acted || to_json(as_written(step->params)).find(name) == std::string::npos) continue;
    if (!reads(*step, facts.dir, path, *facts.types)) return step.id;
  }
  return {};
}

Value digests_to_record(const RunFacts& facts, const RunState& state, StoredValues& values) {
  Map digests;
  for (const auto& [path, file] : named_files(facts, state, values)) {
    const auto known = state.files.find(path);
    const bool is_foreign =
        known != state.files.end() && known->second != file.sha256 && writer_of(facts, state, values, path).empty();
    digests.emplace_back(path, is_foreign ? known->second : file.sha256);
  }
  return Value(std::move(digests));
}

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

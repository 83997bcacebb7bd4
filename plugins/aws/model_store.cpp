#include "plugins/aws/model_store.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>

#include <fmt/format.h>

#include "base/digest.h"
#include "plugins/aws/model_cache.h"
#include "plugins/aws/model_files.h"
#include "plugins/aws/model_text.h"
#include "plugins/aws/part_cache.h"

namespace runbook::aws {
namespace {

namespace fs = std::filesystem;

std::shared_ptr<const ModelText> text_of(const fs::path& version) {
  const std::optional<fs::path> file = json_file(version / "service-2");
  const fs::path origin = file.value_or(version / "service-2.json");
  return std::make_shared<const ModelText>(origin.string(), read_json_text(origin), sdk_extras(version, "service-2"));
}

// Several installations share a folder of caches: the path is a part of the name.
fs::path cache_file(const fs::path& cache, const std::string& service, const fs::path& version, const std::string& part) {
  const std::string name = version.filename().string();
  return cache / fmt::format("{}-{}-{:08x}.{}", service, name, crc32(version.string()), part);
}

std::shared_ptr<const ModelSource> source_of(const fs::path& version, const std::string& service, const fs::path& cache) {
  if (cache.empty()) return text_of(version);
  const std::string identity = identity_of_part(version, "service-2");
  const fs::path file = cache_file(cache, service, version, "model");
  const ReadAnew read_anew = [version, file, identity] {
    auto text = text_of(version);
    write_model_cache(file, identity, *text);
    return text;
  };
  std::shared_ptr<const ModelSource> cached = open_model_cache(file, identity, read_anew);
  return cached != nullptr ? cached : read_anew();
}

// Only where parsing it takes longer than all else of a call: S3's rules have nearly 1 MB.
Value part_of(const fs::path& version, const std::string& service, const std::string& part, const fs::path& cache) {
  constexpr std::uintmax_t large = 200'000, large_packed = 6'000;
  const std::optional<fs::path> found = json_file(version / part);
  if (!found) return {};
  std::error_code failed;
  const std::uintmax_t size = fs::file_size(*found, failed);
  const bool is_large = !failed && size > (found->extension() == ".gz" ? large_packed : large);
  if (cache.empty() || !is_large) return read_part(version, part);
  const std::string identity = identity_of_part(version, part);
  const fs::path file = cache_file(cache, service, version, part);
  if (std::optional<Value> cached = read_part_cache(file, identity)) return *cached;
  Value value = read_part(version, part);
  write_part_cache(file, identity, value);
  return value;
}

}  // namespace

struct ModelStore::State {
  ModelFolder folder;
  fs::path cache;

  std::mutex mutex;  // of what follows
  std::map<std::string, std::optional<fs::path>> versions;
  std::map<std::string, std::shared_ptr<const ServiceModel>> models;
  std::map<std::string, Value> parts;

  const std::optional<fs::path>& version(const std::string& service) {
    const auto known = versions.find(service);
    if (known != versions.end()) return known->second;
    return versions.emplace(service, newest_version(folder.path, service)).first->second;
  }
};

ModelStore::ModelStore(ModelFolder folder, fs::path cache) : state_(std::make_unique<State>()) {
  state_->folder = std::move(folder);
  state_->cache = std::move(cache);
}
ModelStore::~ModelStore() = default;

const ModelFolder& ModelStore::folder() const { return state_->folder; }

std::vector<std::string> ModelStore::services() const {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator entry(state_->folder.path, failed), end; !failed && entry != end; entry.increment(failed)) {
    std::string name = entry->path().filename().string();
    std::error_code unknown;
    if (name[0] != '.' && name[0] != '_' && entry->is_directory(unknown)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::shared_ptr<const ServiceModel> ModelStore::service(const std::string& name) const {
  const std::lock_guard lock(state_->mutex);
  const auto known = state_->models.find(name);
  if (known != state_->models.end()) return known->second;
  const std::optional<fs::path>& version = state_->version(name);
  if (!version) return nullptr;
  auto model = std::make_shared<const ServiceModel>(name, source_of(*version, name, state_->cache));
  state_->models.emplace(name, model);
  return model;
}

std::shared_ptr<const ModelSource> ModelStore::documented(const std::string& service) const {
  const std::lock_guard lock(state_->mutex);
  const std::optional<fs::path>& version = state_->version(service);
  return version ? text_of(*version) : nullptr;
}

Value ModelStore::part(const std::string& service, const std::string& part) const {
  const std::lock_guard lock(state_->mutex);
  const std::string key = service + "/" + part;
  const auto known = state_->parts.find(key);
  if (known != state_->parts.end()) return known->second;
  const std::optional<fs::path>& version = state_->version(service);
  Value value = version ? part_of(*version, service, part, state_->cache) : Value();
  state_->parts.emplace(key, value);
  return value;
}

Value ModelStore::common(const std::string& name) const {
  const std::lock_guard lock(state_->mutex);
  const auto known = state_->parts.find(name);
  if (known != state_->parts.end()) return known->second;
  const std::optional<fs::path> file = json_file(state_->folder.path / name);
  return state_->parts.emplace(name, file ? read_json_file(*file) : Value()).first->second;
}

Value ModelStore::document(const std::string& service) const {
  const std::lock_guard lock(state_->mutex);
  const std::optional<fs::path>& version = state_->version(service);
  return version ? read_part(*version, "service-2") : Value();
}

}  // namespace runbook::aws

#pragma once
// Where the service models lie: botocore's data, plain or gzipped.
//
// Looked for in this order: RUNBOOK_AWS_MODELS (a folder like botocore/data; where it is set, nothing else counts), Debian's python3-botocore, installations by pip (of the
// python3, aws or aws's interpreter in PATH), the bundle of AWS CLI v2. The first that has a `service-2.json` counts.
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"
#include "plugins/aws/service_model.h"

namespace runbook::aws {

struct ModelFolder {
  std::filesystem::path path;  // the folder that has one folder per service
  std::string kind;            // "RUNBOOK_AWS_MODELS", "python3-botocore", "pip", "AWS CLI v2"
  std::string version;         // of botocore or the CLI; "" if it is not said
};
// env: "NAME=value". nullopt: there are none; `no_models` is the sentence that says what to install.
std::optional<ModelFolder> find_models(const std::vector<std::string>& env);
extern const char* const no_models;

class ModelStore {
 public:
  // cache: a folder for compact caches, made when it is first needed (0700); "": none is kept.
  ModelStore(ModelFolder folder, std::filesystem::path cache);
  ~ModelStore();

  const ModelFolder& folder() const;
  std::vector<std::string> services() const;  // sorted
  // The newest version of a service. nullptr: there is no such service. Error (exit 1): its model is damaged. Kept for the next time.
  std::shared_ptr<const ServiceModel> service(const std::string& name) const;
  // The same from the model itself, whose entries have their documentation. nullptr: there is no such service. Not kept.
  std::shared_ptr<const ModelSource> documented(const std::string& service) const;
  // Other files of a service, as they are: "endpoint-rule-set-1", "paginators-1", "waiters-2". Null: it has none.
  Value part(const std::string& service, const std::string& part) const;
  // Files beside the services: "partitions", "endpoints". Null: there is none.
  Value common(const std::string& name) const;
  // The whole `service-2.json` with its documentation, which caches leave out.
  Value document(const std::string& service) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace runbook::aws

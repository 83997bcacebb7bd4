#pragma once
// Service models of a test's own making, in a folder that goes with it.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "plugins/aws/model_store.h"

namespace runbook::aws::testing {

class TinyModels {
 public:
  TinyModels() {
    std::string pattern = (std::filesystem::temp_directory_path() / "runbook-aws-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()));
    folder_ = pattern;
  }
  ~TinyModels() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  TinyModels(const TinyModels&) = delete;
  TinyModels& operator=(const TinyModels&) = delete;

  // "partitions.json", "widgets/2020-01-01/service-2.json"
  TinyModels& add(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
    return *this;
  }
  // A service that is called in one partition, at https://REGION.example.
  TinyModels& add_service(const std::string& name, const std::string& model) {
    return add("partitions.json",
               R"({"partitions": [{"id": "aws", "regionRegex": "^us\\-\\w+\\-\\d+$", "regions": {"us-east-1": {}},
      "outputs": {"name": "aws", "dnsSuffix": "amazonaws.com", "implicitGlobalRegion": "us-east-1"}}]})")
        .add(name + "/1/service-2.json", model)
        .add(name + "/1/endpoint-rule-set-1.json",
             R"({"version": "1.0", "parameters": {"Region": {"type": "string", "builtIn": "AWS::Region"}},
      "rules": [{"type": "endpoint", "conditions": [], "endpoint": {"url": "https://{Region}.example"}}]})");
  }
  const std::filesystem::path& folder() const { return folder_; }
  ModelStore store() const { return ModelStore({folder_, "RUNBOOK_AWS_MODELS", ""}, ""); }

 private:
  std::filesystem::path folder_;
};

}  // namespace runbook::aws::testing

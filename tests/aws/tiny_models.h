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
  const std::filesystem::path& folder() const { return folder_; }
  ModelStore store() const { return ModelStore({folder_, "RUNBOOK_AWS_MODELS", ""}, ""); }

 private:
  std::filesystem::path folder_;
};

}  // namespace runbook::aws::testing

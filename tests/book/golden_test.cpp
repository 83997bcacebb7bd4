#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/book/world.h"

using namespace runbook;
namespace fs = std::filesystem;

namespace {

fs::path golden_folder() { return fs::path(RUNBOOK_TESTS_FOLDER) / "golden" / "check"; }

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

std::string shown_problems(const fs::path& path) {
  const auto source = std::make_shared<SourceText>(path.filename().string(), content_of(path));
  std::string shown;
  const IncludeReader read = [](const std::string& included) -> SourcePtr {
    if (!fs::exists(golden_folder() / included)) throw Error(ExitCode::usage, "there is no file " + included);
    return std::make_shared<SourceText>(included, content_of(golden_folder() / included));
  };
  for (const Diagnostic& diagnostic : load_runbook(source, test_types(), read).diagnostics)
    shown += render(diagnostic, *source);
  return shown;
}

std::vector<fs::path> mistakes() {
  std::vector<fs::path> paths;
  for (const fs::directory_entry& entry : fs::directory_iterator(golden_folder())) {
    if (entry.path().extension() == ".yaml") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

// RUNBOOK_UPDATE_GOLDEN=1 writes the texts anew; read the difference aloud before it is committed.
TEST_CASE("each_mistake_is_explained_as_written_beside_it") {
  const bool updates = std::getenv("RUNBOOK_UPDATE_GOLDEN") != nullptr;
  REQUIRE(mistakes().size() >= 40);
  for (const fs::path& path : mistakes()) {
    const std::string shown = shown_problems(path);
    const fs::path expected = fs::path(path).replace_extension(".txt");
    if (updates) std::ofstream(expected, std::ios::binary) << shown;
    CAPTURE(path.filename().string());
    CHECK_FALSE(shown.empty());
    CHECK(shown == content_of(expected));
  }
}

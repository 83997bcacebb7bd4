// Runs the cases of AWS's protocols (lists of suites {metadata, shapes, cases: [{given, params, serialized}]} for requests, and
// {given, response, result | error} for answers) through write_request and read_answer.
// Usage: protocols DATA, of which the folder `aws-protocols` is read; RUNBOOK_CONFORMANCE_DATA names another. Exits with 77 where there is
// none: skipped. The cases that the reference implementation leaves out (ignore-list.json) are judged too, but do not count as failed.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <vector>

#include "aws/protocol_case.h"
#include "base/error.h"
#include "base/json.h"
#include "os/files.h"

using namespace runbook;
using namespace runbook::aws;
namespace fs = std::filesystem;

namespace {

// The cases that the reference leaves out, as its list has them: by suite or by case, for all protocols or for one.
class IgnoreList {
 public:
  explicit IgnoreList(Value json) : json_(std::move(json)) {}

  bool holds(const std::string& file, const std::string& direction, const Value& suite, const Value& test) const {
    const Value protocols = json_.get("protocols");
    const bool is_old_json = suite.get("metadata").text_or("jsonVersion", "") == "1.0";
    return names(json_.get("general").get(direction), suite, test) || names(protocols.get(file).get(direction), suite, test) ||
           (file == "json" && is_old_json && names(protocols.get("json_1_0").get(direction), suite, test));
  }

 private:
  static bool names(const Value& lists, const Value& suite, const Value& test) {
    return has(lists.get("suites"), suite.text_or("description", "")) || has(lists.get("cases"), test.text_or("id", ""));
  }

  static bool has(const Value& list, const std::string& name) {
    const std::vector<std::string> texts = texts_in(list);
    return std::find(texts.begin(), texts.end(), name) != texts.end();
  }

  Value json_;
};

struct Count {
  int passed = 0, failed = 0, skipped = 0, skipped_and_passed = 0;
};

std::string complaint(const Value& suite, const Value& test, const std::string& direction) try {
  return direction == "input" ? complaint_about_request(suite, test) : complaint_about_answer(suite, test);
} catch (const Error& error) {
  return fmt::format("failed with: {}", error.what());
}

void judge(const std::string& place, const Value& suite, const Value& test, const std::string& direction, bool is_ignored,
           Count& count) {
  const std::string wrong = complaint(suite, test, direction);
  if (is_ignored) {
    count.skipped += 1;
    count.skipped_and_passed += wrong.empty() ? 1 : 0;
    fmt::print("{}: skipped by the reference, {}\n", place, wrong.empty() ? "passes here" : "differs here: " + wrong);
  } else if (wrong.empty()) {
    count.passed += 1;
  } else {
    count.failed += 1;
    fmt::print("{}: {}\n", place, wrong);
  }
}

void run_file(const fs::path& file, const std::string& direction, const IgnoreList& ignored, Count& count) {
  const Value suites = parse_json(read_file(file));
  for (const Value& suite : suites.as_list()) {
    const Value cases = suite.get("cases");
    for (const Value& test : cases.as_list()) {
      const std::string place = fmt::format("{}/{}: {}", direction, file.filename().string(), test.text_or("id", ""));
      judge(place, suite, test, direction, ignored.holds(file.stem().string(), direction, suite, test), count);
    }
  }
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  const char* named = std::getenv("RUNBOOK_CONFORMANCE_DATA");
  const fs::path folder = fs::path(named ? named : argc > 1 ? argv[1] : ".") / "aws-protocols";
  if (!fs::is_directory(folder)) {
    fmt::print("skipped: the protocols' cases are not there ({})\n", folder.string());
    return 77;
  }
  const auto list = try_read_file(folder / "ignore-list.json");
  const IgnoreList ignored(list ? parse_json(*list) : Value());
  Count count;
  for (const char* direction : {"input", "output"}) {
    for (const fs::path& file : files_in(folder / direction)) run_file(file, direction, ignored, count);
  }
  fmt::print("{} passed, {} failed, {} skipped by the reference (of which {} pass)\n", count.passed, count.failed,
             count.skipped, count.skipped_and_passed);
  return count.failed == 0 && count.passed > 0 ? 0 : 1;
}

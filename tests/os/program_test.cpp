#include "os/program.h"

#include <sys/stat.h>

#include <fstream>

#include "world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

std::string with_program(const TestFolder& folder, const std::string& name, mode_t mode) {
  std::string path = folder / name;
  std::ofstream(path) << "#!/bin/sh\n";
  ::chmod(path.c_str(), mode);
  return path;
}

}  // namespace

TEST_CASE("a program is what PATH has and may be run") {
  CHECK(is_program("sh"));
  CHECK_FALSE(is_program("no-such-program"));
}

TEST_CASE("the first folder of PATH counts that has a program which may be run; relative ones don't") {
  TestFolder first, second;
  with_program(first, "tool", 0644);
  const std::string found = with_program(second, "tool", 0755);
  const std::string folders = first.path().string() + ":" + second.path().string();
  CHECK(find_program("tool", {"A=1", "PATH=" + folders}, "/") == found);
  CHECK(find_program("tool", {"PATH=" + first.path().string()}, "/").empty());
  CHECK(find_program("tool", {"PATH=.::"}, second.path()).empty());
}

TEST_CASE("a program with a slash in its name stands where it says, seen from the folder") {
  TestFolder folder;
  const std::string path = with_program(folder, "tool", 0755);
  CHECK(find_program("./tool", {}, folder.path()) == folder.path().string() + "/./tool");
  CHECK(find_program(path, {}, "/") == path);
  CHECK(find_program("./tool", {}, "/").empty());
}

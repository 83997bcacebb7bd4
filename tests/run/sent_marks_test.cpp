// What is proven not to have been sent.
#include "run/sent_marks.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <fstream>

#include "base/error.h"
#include "os/process_id.h"

using namespace runbook;

namespace {

struct Folder {
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "runbook-marks-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()));
    path = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path;
  std::string boot = this_world().boot_id;
};

}  // namespace

TEST_CASE_FIXTURE(Folder,
                  "an attempt without a mark has sent nothing, one with a mark may have, in the engine that comes after too") {
  CHECK(SentMarks(path).prove_unsent(3, boot));
  SentMarks marks(path);
  marks.add(3);
  marks.add(12);
  const SentMarks later(path);
  CHECK_FALSE(later.prove_unsent(3, boot));
  CHECK_FALSE(later.prove_unsent(12, boot));
  CHECK(later.prove_unsent(1, boot));
  CHECK(later.prove_unsent(2, boot));
}

TEST_CASE_FIXTURE(Folder, "of another boot, and where it is not known, nothing is proven") {
  const SentMarks marks(path);
  CHECK_FALSE(marks.prove_unsent(3, "another"));
  CHECK_FALSE(marks.prove_unsent(3, ""));
  CHECK_FALSE(SentMarks("").prove_unsent(3, boot));
}

TEST_CASE_FIXTURE(Folder, "a mark that a full disk has cut swallows none of those behind it") {
  std::ofstream(path / "sent") << "\n1";  // of attempt 12
  SentMarks(path).add(13);
  CHECK_FALSE(SentMarks(path).prove_unsent(13, boot));
}

TEST_CASE_FIXTURE(Folder, "a mark that can't be written is an error, and where marks can't be read nothing is proven") {
  std::filesystem::create_directory(path / "sent");
  CHECK_THROWS_AS(SentMarks(path).add(3), Error);
  CHECK_FALSE(SentMarks(path).prove_unsent(3, boot));
}

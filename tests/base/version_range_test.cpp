#include "base/version_range.h"

#include <doctest/doctest.h>

using namespace runbook;

namespace {

std::string fit(const char* wanted, const char* version) {
  std::string why;
  const std::optional<VersionRange> range = VersionRange::parse(wanted, why);
  REQUIRE_MESSAGE(range.has_value(), why);
  switch (range->fit(*parse_version(version))) {
    case VersionRange::Fit::fits: return "fits";
    case VersionRange::Fit::too_old: return "too old";
    case VersionRange::Fit::too_new: return "too new";
  }
  return "";
}

std::string refusal(const char* wanted) {
  std::string why;
  CHECK_FALSE(VersionRange::parse(wanted, why).has_value());
  return why;
}

}  // namespace

TEST_CASE("a version alone means that one") {
  CHECK(fit("1.9.0", "1.9.0") == "fits");
  CHECK(fit("1.9", "v1.9.0+build") == "fits");
  CHECK(fit("1.9.0", "1.8.9") == "too old");
  CHECK(fit("1.9.0", "1.9.1") == "too new");
  CHECK(fit("1.9.0", "1.9.0-alpha.1") == "too old");
}

TEST_CASE("a bound says on which side a version misses") {
  CHECK(fit(">=1.10", "1.10.0") == "fits");
  CHECK(fit(">=1.10", "1.9.9") == "too old");
  CHECK(fit(">=1.10", "1.10.0-rc.1") == "too old");
  CHECK(fit(">1.10", "1.10.0") == "too old");
  CHECK(fit(">1.10", "1.10.1") == "fits");
  CHECK(fit("<=2", "2.0.0") == "fits");
  CHECK(fit("<=2", "2.0.1") == "too new");
  CHECK(fit("<2", "2.0.0") == "too new");
  CHECK(fit("<2", "1.99") == "fits");
}

TEST_CASE("several bounds must all hold") {
  CHECK(fit(">=1.10, <2", "1.32.3") == "fits");
  CHECK(fit(">=1.10,<2", "1.9") == "too old");
  CHECK(fit(">= 1.10 , < 2", "2.0") == "too new");
}

TEST_CASE("a star takes any version") {
  std::string why;
  CHECK(fit("*", "0.0.1-dev") == "fits");
  CHECK(VersionRange::parse(" * ", why)->is_any());
  CHECK_FALSE(VersionRange::parse(">=0", why)->is_any());
}

TEST_CASE("what is no range says which part") {
  CHECK(refusal("") == "a version is missing");
  CHECK(refusal(">=1.10,") == "a version is missing");
  CHECK(refusal("~>1.10") == "`~>1.10` is no version");
  CHECK(refusal(">=1.10, latest") == "`latest` is no version");
  CHECK(refusal("1.x") == "`1.x` is no version");
  CHECK(refusal("==1.9") == "`==1.9` is no version");
}

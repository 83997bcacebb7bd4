#include "base/version.h"

#include <doctest/doctest.h>

using namespace runbook;

namespace {

int order(const char* a, const char* b) {
  const int found = compare(*parse_version(a), *parse_version(b));
  return found < 0 ? -1 : found > 0 ? 1 : 0;
}

std::string found_in(const char* text) {
  const std::optional<Version> version = find_version(text);
  return version ? version->text : "none";
}

}  // namespace

TEST_CASE("what tools and people write as a version is one") {
  for (const char* text : {"1", "v1.2", "1.10.3", "1.9.0-alpha.2+build", "1.0.0+20130313144700", "1.0.0--", "2018.05",
                           "1.2.3.4", "99999999999999999999999.0"}) {
    CAPTURE(std::string(text));
    CHECK(parse_version(text).has_value());
  }
}

TEST_CASE("what is no version is refused") {
  for (const char* text :
       {"", "v", "a", "1.", ".1", "1..2", "1.x", "*", ">=1", " 1", "1 ", "1.0-", "1.0-a..b", "1.0+", "1.0+a_b", "V1", "-1"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse_version(text).has_value());
  }
}

TEST_CASE("versions are ordered as numbers, not as text, and missing parts are 0") {
  CHECK(order("1.9.0", "1.10.0") == -1);
  CHECK(order("v1.2", "1.2.0") == 0);
  CHECK(order("1", "1.0.0.0") == 0);
  CHECK(order("1.2", "1.2.0.1") == -1);
  CHECK(order("2018.05", "2018.5") == 0);
  CHECK(order("2.0.0", "10.0.0") == -1);
  CHECK(order("99999999999999999999999", "99999999999999999999998") == 1);
}

TEST_CASE("precedence is SemVer's own example") {
  const std::vector<const char*> ascending = {"1.0.0-alpha",  "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
                                              "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",       "1.0.0"};
  for (std::size_t a = 0; a < ascending.size(); ++a) {
    for (std::size_t b = 0; b < ascending.size(); ++b) {
      CAPTURE(std::string(ascending[a]) + " and " + ascending[b]);
      CHECK(order(ascending[a], ascending[b]) == (a < b ? -1 : a > b ? 1 : 0));
    }
  }
  CHECK(order("1.0.0+a", "1.0.0+b") == 0);
  CHECK(order("1.0.0-rc.1+a", "1.0.0-rc.1") == 0);
}

TEST_CASE("a version is found in what tools print about themselves") {
  CHECK(found_in("git version 2.39.5\n") == "2.39.5");
  CHECK(found_in("Version 1.9.0 (git-cccd71e67)") == "1.9.0");
  CHECK(found_in("Client Version: v1.32.3\nKustomize Version: v5.5.0\n") == "1.32.3");
  CHECK(found_in("Client Version: version.Info{Major:\"1\", Minor:\"10\", GitVersion:\"v1.10.3\", GitCommit:\"x\"}") ==
        "1.10.3");
  CHECK(found_in("OpenSSH_9.2p1 Debian-2+deb12u5, OpenSSL 3.0.15") == "9.2");
  CHECK(found_in("aws-cli/2.4.1 Python/3.8.8 Linux/5.4") == "2.4.1");
  CHECK(found_in("Terraform v1.9.0-alpha20240516\non linux_amd64") == "1.9.0-alpha20240516");
  CHECK(found_in("tool 3.11-1") == "3.11-1");
  CHECK(found_in("this is 4.2. Enjoy") == "4.2");
  CHECK(found_in("jq-1.6") == "1.6");
  CHECK(found_in("released 2024, no number") == "none");
  CHECK(found_in("usage: tool [-h]") == "none");
  CHECK(found_in("") == "none");
}

#include "base/percent.h"

#include <doctest/doctest.h>

using namespace runbook;

TEST_CASE("unreserved characters stay, every other byte is encoded") {
  CHECK(percent_encoded("AZaz09-._~") == "AZaz09-._~");
  CHECK(percent_encoded("a b/c+d%&=") == "a%20b%2Fc%2Bd%25%26%3D");
  CHECK(percent_encoded("\xC3\xA4") == "%C3%A4");
  CHECK(percent_encoded("a/b/c d", "/") == "a/b/c%20d");
  CHECK(percent_encoded({}).empty());
}

TEST_CASE("every byte comes back") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  CHECK(percent_decoded(percent_encoded(bytes)) == bytes);
}

TEST_CASE("what is no escape stays as it is") {
  CHECK(percent_decoded("a+b%2fc%2F") == "a+b/c/");
  for (const char* plain : {"%", "%4", "100%", "%zz", "%4g", "%%"}) CHECK(percent_decoded(plain) == plain);
  CHECK(percent_decoded("%%41") == "%A");
}

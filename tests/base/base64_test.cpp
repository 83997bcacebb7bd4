#include "base/base64.h"

#include <doctest/doctest.h>

using namespace runbook;

TEST_CASE("bytes of every length come back") {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    CHECK(from_base64(base64(bytes)) == bytes);
    bytes += static_cast<char>(i);
  }
  CHECK(base64("ab") == "YWI=");
}

TEST_CASE("what is no base64 is refused") {
  for (const char* wrong : {"YWI", "YW*=", "Y"}) CHECK(from_base64(wrong) == std::nullopt);
}

#include "base/digest.h"

#include <doctest/doctest.h>

#include <thread>

using namespace runbook;

namespace {

std::string hmac_hex(std::string_view key, std::string_view bytes) { return to_hex(hmac_sha256(key, bytes)); }

}  // namespace

TEST_CASE("HMAC-SHA-256 of RFC 4231") {
  CHECK(hmac_hex(std::string(20, '\x0b'), "Hi There") == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(hmac_hex("Jefe", "what do ya want for nothing?") == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hmac_hex(std::string(20, '\xaa'), std::string(50, '\xdd')) ==
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  CHECK(hmac_hex(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK(hmac_hex(
            std::string(131, '\xaa'),
            "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed "
            "before being used by the HMAC algorithm.") == "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST_CASE("HMAC of nothing, with no key") {
  CHECK(hmac_hex("", "") == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("SHA-1 and MD5 of their RFCs") {
  CHECK(to_hex(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(to_hex(sha1("")) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  CHECK(to_hex(md5("message digest")) == "f96b697d7cb7938d525a2f31aaf161d0");
  CHECK(to_hex(md5("")) == "d41d8cd98f00b204e9800998ecf8427e");
}

TEST_CASE("CRC32C of RFC 3720, B.4") {
  std::string rising, falling;
  for (int i = 0; i < 32; ++i) rising += static_cast<char>(i);
  for (int i = 31; i >= 0; --i) falling += static_cast<char>(i);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAU);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62A8AB43U);
  CHECK(crc32c(rising) == 0x46DD794EU);
  CHECK(crc32c(falling) == 0x113FDB5CU);
  CHECK(crc32c("123456789") == 0xE3069283U);
}

TEST_CASE("CRC-32 and SHA-256 are what they were") {
  CHECK(crc32("123456789") == 0xCBF43926U);
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("threads don't disturb each other") {
  const auto digest_often = [] {
    for (int i = 0; i < 2000; ++i) {
      const std::string text = std::to_string(i);
      CHECK(hmac_sha256("key", text) == hmac_sha256("key", text));
      CHECK(sha1(text) != md5(text));
    }
  };
  std::thread other(digest_often);
  digest_often();
  other.join();
}

#pragma once
// SHA-256 (FIPS 180-4) by libcrypto, CRC-32 (IEEE 802.3) for single lines, and what protocols ask for beside them.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace runbook {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  // 32 raw bytes; then it begins anew.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256(std::string_view bytes);      // 32 raw bytes
std::string sha256_hex(std::string_view bytes);  // 64 lower-case digits
std::string to_hex(std::string_view bytes);
std::uint32_t crc32(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);  // RFC 2104: 32 raw bytes

// Checksums that protocols want, never for safety: 20 and 16 raw bytes. Error (exit 1) where this libcrypto is built or set up without it.
std::string sha1(std::string_view bytes);
std::string md5(std::string_view bytes);
std::uint32_t crc32c(std::string_view bytes);  // Castagnoli: RFC 3720, appendix B.4

}  // namespace runbook

#pragma once
// SHA-256 (FIPS 180-4) by libcrypto, and CRC-32 (IEEE 802.3) for single lines.
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

}  // namespace runbook

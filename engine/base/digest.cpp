#include "base/digest.h"

#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/error.h"

namespace runbook {
namespace {

// Fetched once: looking an algorithm up costs more than digesting a journal event.
const EVP_MD* algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  RUNBOOK_ASSERT(fetched != nullptr);
  return fetched;
}

// Fetched by name with `-fips`: a checksum is allowed also where ciphers are restricted.
const EVP_MD* fetched_checksum(const char* name) { return EVP_MD_fetch(nullptr, name, "-fips"); }

std::string checksum(const EVP_MD* algorithm, const char* name, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (algorithm == nullptr || EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, algorithm, nullptr) != 1) {
    throw Error(ExitCode::step_failed, fmt::format("this system's libcrypto has no {}, which the protocol asks for", name));
  }
  return {digest.begin(), digest.begin() + length};
}

// Polynomials are bit-reversed.
constexpr std::array<std::uint32_t, 256> crc_table(std::uint32_t polynomial) {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t entry = i;
    for (int bit = 0; bit < 8; ++bit) entry = (entry & 1U) != 0 ? polynomial ^ (entry >> 1U) : entry >> 1U;
    table[i] = entry;
  }
  return table;
}

std::uint32_t crc(const std::array<std::uint32_t, 256>& table, std::string_view bytes) {
  std::uint32_t value = 0xFFFFFFFFU;
  for (const char c : bytes) value = table[(value ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (value >> 8U);
  return value ^ 0xFFFFFFFFU;
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();

  State() {
    RUNBOOK_ASSERT(context != nullptr);
    begin();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
  void begin() { RUNBOOK_ASSERT(EVP_DigestInit_ex2(context, algorithm(), nullptr) == 1); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  RUNBOOK_ASSERT(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish() {
  std::array<unsigned char, 32> digest{};
  RUNBOOK_ASSERT(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr) == 1);
  state_->begin();
  return {digest.begin(), digest.end()};
}

// One a thread: making one costs more than digesting a journal event.
std::string sha256(std::string_view bytes) {
  static thread_local Sha256 digest;
  digest.update(bytes);
  return digest.finish();
}

std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes)); }

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += digits[byte >> 4U];
    hex += digits[byte & 15U];
  }
  return hex;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  constexpr std::size_t block = 64;
  static thread_local Sha256 digest;
  std::string inner = key.size() > block ? sha256(key) : std::string(key);
  inner.resize(block);
  std::string outer = inner;
  for (char& c : inner) c ^= 0x36;
  for (char& c : outer) c ^= 0x5C;
  digest.update(inner);
  digest.update(bytes);
  digest.update(outer + digest.finish());
  return digest.finish();
}

std::string sha1(std::string_view bytes) {
  static const EVP_MD* const fetched = fetched_checksum("SHA1");
  return checksum(fetched, "SHA-1", bytes);
}

std::string md5(std::string_view bytes) {
  static const EVP_MD* const fetched = fetched_checksum("MD5");
  return checksum(fetched, "MD5", bytes);
}

std::uint32_t crc32(std::string_view bytes) {
  static constexpr auto table = crc_table(0xEDB88320U);
  return crc(table, bytes);
}

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr auto table = crc_table(0x82F63B78U);
  return crc(table, bytes);
}

}  // namespace runbook

#pragma once
// SSH signatures in the namespace "runbook", made and checked by ssh-keygen.
#include <filesystem>
#include <string>
#include <string_view>

namespace runbook {

// `key`: a private key, or a public one whose private half the agent has. Throws Error (exit 2) with what ssh-keygen says.
std::string ssh_sign(const std::filesystem::path& key, std::string_view text);

struct SignedBy {
  std::string principal;  // "" : not to be relied on, and `why` says why
  std::string why;
};
SignedBy ssh_verify(const std::filesystem::path& allowed_signers, const std::string& signature, std::string_view text);

}  // namespace runbook

#pragma once
// SSH signatures, made and checked by ssh-keygen (the format: PROTOCOL.sshsig of OpenSSH).
#include <filesystem>
#include <string>
#include <string_view>

namespace runbook {

// What is signed: a signature of the one is none of the other.
enum class Signed {
  approval,  // namespace "runbook"
  report,    // "runbook-report"
};

// `key`: a private key, or a public one whose private half the agent has. Throws Error (exit 2) with what ssh-keygen says.
std::string ssh_sign(const std::filesystem::path& key, Signed what, std::string_view text);

struct SignedBy {
  std::string principal;  // "" : not to be relied on, and `why` says why
  std::string why;
};
SignedBy ssh_verify(const std::filesystem::path& allowed_signers, Signed what, const std::string& signature,
                    std::string_view text);

}  // namespace runbook

#include "os/ssh_signature.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/trimmed.h"
#include "os/files.h"
#include "os/inquiry.h"

namespace runbook {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t longest_ms = 60'000;

// A folder of one's own, gone at the end.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "runbook-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw_system(ExitCode::usage, "making a folder for a signature", errno);
    folder_ = name;
  }
  ~Scratch() {
    std::error_code error;
    fs::remove_all(folder_, error);
  }
  Scratch(const Scratch&) = delete;

  std::string write(const char* name, std::string_view bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return (folder_ / name).string();
  }
  Reply ask(std::vector<std::string> argv, std::string_view input = {}) const {
    return inquire({std::move(argv), folder_, longest_ms, Inquiry::Errors::kept, std::string(input)});
  }

 private:
  fs::path folder_;
};

std::string namespace_of(Signed what) { return what == Signed::approval ? "runbook" : "runbook-report"; }

std::string said(const Reply& reply) {
  std::string text = without_line_ends(reply.err.empty() ? reply.out : reply.err);
  return text.empty() ? fmt::format("ssh-keygen {}", why_no_reply(reply)) : text;
}

}  // namespace

std::string ssh_sign(const fs::path& key, Signed what, std::string_view text) {
  const Scratch scratch;
  const std::string file = scratch.write("signed", text);
  const Reply reply =
      scratch.ask({"ssh-keygen", "-Y", "sign", "-f", fs::absolute(key).string(), "-n", namespace_of(what), file});
  const auto signature = try_read_file(file + ".sig");
  if (reply.is_good() && signature) return *signature;
  throw Error(ExitCode::usage, fmt::format("{} can't sign: {}", key.string(), said(reply)),
              "name a private key without a passphrase, or a public one that ssh-agent has");
}

SignedBy ssh_verify(const fs::path& allowed_signers, Signed what, const std::string& signature, std::string_view text) {
  const Scratch scratch;
  const std::string allowed = fs::absolute(allowed_signers).string();
  const std::string file = scratch.write("signature", signature);
  const Reply found = scratch.ask({"ssh-keygen", "-Y", "find-principals", "-s", file, "-f", allowed});
  if (!found.is_good()) return {"", fmt::format("the key is none of {}", allowed_signers.string())};
  SignedBy last{"", "nobody signed it"};
  std::istringstream principals(found.out);
  for (std::string principal; std::getline(principals, principal);) {
    const Reply verified =
        scratch.ask({"ssh-keygen", "-Y", "verify", "-f", allowed, "-I", principal, "-n", namespace_of(what), "-s", file}, text);
    if (verified.is_good()) return {principal, ""};
    last.why = fmt::format("the signature is not of this {}", what == Signed::approval ? "approval" : "report");
  }
  return last;
}

}  // namespace runbook

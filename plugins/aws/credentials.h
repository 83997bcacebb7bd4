#pragma once
// Credentials as the AWS tools find them, in their order: environment; assume-role profiles with source_profile, credential_source and chains;
// web identity; SSO (the token that `aws sso login` has cached); static keys of a profile; credential_process; container metadata; instance
// metadata (IMDSv2). One provider serves a run: what expires is renewed some minutes before, for all threads once.
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/value.h"
#include "os/http_client.h"
#include "plugins/aws/configuration.h"
#include "plugins/aws/signature.h"

namespace runbook::aws {

// Calls an operation of another service (STS, SSO) on behalf of the chain. No credentials: unsigned. Error: its sentence.
using ServiceCall = std::function<Value(const std::string& service, const std::string& operation, const Value& params,
                                        const std::string& region, const Credentials* credentials, std::stop_token stop)>;
// Asks the person for the code of a device: "MFA code for arn:aws:iam::123:mfa/ada". "" where nobody can be asked.
using AskCode = std::function<std::string(const std::string& device)>;
// Nobody could be asked.
struct CodeWanted : Error {
  CodeWanted(std::string of, const std::string& what, const std::string& hint)
      : Error(ExitCode::step_failed, what, hint), device(std::move(of)) {}
  std::string device;
};

// What a target asks for, beyond the surroundings.
struct CredentialWish {
  std::string profile;      // "": that of the environment
  std::string assume_role;  // an ARN: assumed with what the rest gives; "": none
  std::string external_id, session_name, mfa_serial;
  std::int64_t duration_s = 0;  // 0: the default of the service
  friend bool operator==(const CredentialWish&, const CredentialWish&) = default;
};

class CredentialProvider {
 public:
  struct Parts {
    HttpClient* http;
    const Clock* clock;
    ServiceCall call;
    AskCode ask;  // may be empty
  };
  explicit CredentialProvider(Parts parts);
  ~CredentialProvider();

  // Any thread; blocks. Error (exit 1) that names what was looked at and what to do, if there are none, or if they can't be had.
  Credentials credentials(const Configuration& configuration, const CredentialWish& wish, std::stop_token stop);
  // The service has refused them as expired: the next look makes new ones.
  void forget(const Credentials& refused);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace runbook::aws

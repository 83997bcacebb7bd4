#pragma once
// Calls operations: finds the endpoint and the credentials, writes the request, signs, sends, reads the answer; tries again what was turned
// away, or what may be repeated. One Session serves a run: models, connections and credentials are shared by its threads.
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/value.h"
#include "os/http_client.h"
#include "plugins/aws/configuration.h"
#include "plugins/aws/credentials.h"
#include "plugins/aws/model_store.h"
#include "plugins/aws/protocol.h"

namespace runbook::aws {

struct Call {
  std::shared_ptr<const ServiceModel> model;
  const Operation* operation = nullptr;
  Value params;             // checked
  std::string dir;          // where files that they name begin
  std::string save_to;      // a file for the output's stream; "": it stands in the result
  bool only_reads = false;  // its answers in pages can be followed
  bool may_repeat = false;  // sending it twice does no harm: what got no answer is sent again
  std::optional<std::int64_t> timeout_ms;
  std::function<void()> before_sending;      // a request is about to leave; may be empty. What it throws keeps it here
  const Credentials* credentials = nullptr;  // instead of those of the surroundings
  bool is_unsigned = false;
};

struct CallAnswer {
  enum class Kind {
    done,       // answered
    refused,    // answered with an error: nothing was done
    not_sent,   // proven: the service has seen nothing
    unknown,    // sent, and no answer, or one that does not say whether it was done
    cancelled,  // the same, since it was asked to stop
    timed_out,  // the same, by its timeout
  };
  Kind kind = Kind::not_sent;
  Value result;                       // done: a map
  std::optional<ServiceError> error;  // of the last try that was answered with one
  std::string why;                    // one clause, unless done
  std::string request_id;
};

class Session {
 public:
  struct Parts {
    std::unique_ptr<HttpClient> http;
    const Clock* clock;
    AskCode ask;  // may be empty
  };
  explicit Session(Parts parts);
  ~Session();

  // The models of this machine, looked for when they are first needed. nullptr: there are none.
  const ModelStore* models();
  // Any thread; blocks. Never throws for what the service or the network says.
  CallAnswer call(const Call& call, const Configuration& configuration, std::stop_token stop);
  // The credentials that a call would be signed with. Throws Error.
  Credentials credentials(const Configuration& configuration, std::stop_token stop);
  // Those of `wish`, remembered by their access key: surroundings in whose environment that key stands get new ones in time.
  Credentials assumed(const Configuration& configuration, const CredentialWish& wish, std::stop_token stop);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace runbook::aws

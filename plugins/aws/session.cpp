#include "plugins/aws/session.h"

#include <atomic>
#include <cstdlib>
#include <map>

#include "base/environment.h"
#include "base/error.h"
#include "plugins/aws/call_attempt.h"
#include "plugins/aws/retries.h"

namespace runbook::aws {

namespace {

std::filesystem::path cache_folder(const Configuration& surroundings) {
  if (const std::string cache = surroundings.variable("XDG_CACHE_HOME"); cache.starts_with('/')) return cache + "/runbook/aws";
  const std::string home = surroundings.home();
  return home.empty() ? std::filesystem::path() : std::filesystem::path(home) / ".cache/runbook/aws";
}

// What the chain of credentials asks of other services: an answer, or an Error that says why there is none.
Value answered(const CallAnswer& answer, const std::string& call) {
  if (answer.kind == CallAnswer::Kind::done) return answer.result;
  throw Error(ExitCode::step_failed, call + ": " + answer.why);
}

}  // namespace

struct Session::State {
  explicit State(Parts given)
      : parts(std::move(given)),
        provider({parts.http.get(), parts.clock,
                  [this](const std::string& service, const std::string& operation, const Value& params,
                         const std::string& region, const Credentials* credentials, std::stop_token stop) {
                    return call_for_chain(service, operation, params, region, credentials, stop);
                  },
                  parts.ask}) {}

  const ModelStore* models() {
    std::call_once(looked, [this] {
      const Configuration surroundings(own_environment());
      if (auto folder = find_models(surroundings.env()))
        store = std::make_unique<ModelStore>(*folder, cache_folder(surroundings));
    });
    return store.get();
  }

  Value call_for_chain(const std::string& service, const std::string& operation, const Value& params, const std::string& region,
                       const Credentials* credentials, std::stop_token stop) {
    const std::string name = service + "." + operation;
    if (!models()) throw Error(ExitCode::step_failed, no_models);
    Call call;
    call.model = models()->service(service);
    call.operation = call.model ? call.model->operation(operation) : nullptr;
    if (!call.operation) throw Error(ExitCode::step_failed, "the AWS models that are installed don't know " + name);
    call.params = params;
    call.may_repeat = true;
    call.credentials = credentials;
    call.is_unsigned = !credentials;
    std::vector<std::string> env = own_environment();
    set_variable(env, "AWS_REGION", region);
    return answered(this->call(call, Configuration(std::move(env)), stop), name);
  }

  Credentials credentials(const Configuration& configuration, std::stop_token stop) {
    const std::optional<Assumed> known = assumed_by(configuration.variable("AWS_ACCESS_KEY_ID"));
    return known ? provider.credentials(known->base, known->wish, stop) : provider.credentials(configuration, {}, stop);
  }

  CallAnswer call(const Call& call, const Configuration& configuration, std::stop_token stop) {
    const CallAttempt::Parts attempt{*models(),
                                     *parts.http,
                                     *parts.clock,
                                     clock_offset_ms,
                                     [&] { return credentials(configuration, stop); },
                                     [&](const Credentials& refused) { provider.forget(refused); }};
    return call_with_retries(attempt, call, configuration, stop);
  }

  struct Assumed {
    Configuration base;
    CredentialWish wish;
  };
  std::optional<Assumed> assumed_by(const std::string& access_key) {
    std::lock_guard lock(mutex);
    const auto found = assumed.find(access_key);
    return found == assumed.end() ? std::nullopt : std::optional(found->second);
  }

  Parts parts;
  CredentialProvider provider;
  std::once_flag looked;
  std::unique_ptr<ModelStore> store;
  std::atomic<std::int64_t> clock_offset_ms = 0;  // what services have said of our clock
  std::mutex mutex;
  std::map<std::string, Assumed> assumed;  // by access key
};

Session::Session(Parts parts) : state_(std::make_unique<State>(std::move(parts))) {}
Session::~Session() = default;

const ModelStore* Session::models() { return state_->models(); }

CallAnswer Session::call(const Call& call, const Configuration& configuration, std::stop_token stop) {
  return state_->call(call, configuration, stop);
}

Credentials Session::credentials(const Configuration& configuration, std::stop_token stop) {
  return state_->credentials(configuration, stop);
}

Credentials Session::assumed(const Configuration& configuration, const CredentialWish& wish, std::stop_token stop) {
  Credentials credentials = state_->provider.credentials(configuration, wish, stop);
  std::lock_guard lock(state_->mutex);
  state_->assumed.insert_or_assign(credentials.access_key, State::Assumed{configuration, wish});
  return credentials;
}

}  // namespace runbook::aws

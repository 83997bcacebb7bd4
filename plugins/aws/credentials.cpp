#include "plugins/aws/credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <initializer_list>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "base/error.h"
#include "plugins/aws/credential_chain.h"

namespace runbook::aws {
namespace {

constexpr std::int64_t renewed_before_ms = 5 * 60 * 1000;
constexpr std::int64_t good_for_a_while_ms = 60 * 1000;
constexpr std::int64_t tried_again_after_ms = 60 * 1000;

using Maker = std::function<Credentials()>;

// What is known under one key. Changed under the provider's mutex.
struct Entry {
  std::optional<Credentials> credentials;
  std::int64_t next_try_ms = 0;
  bool is_being_renewed = false;
  std::uint64_t round = 0;     // of renewals that ended
  std::exception_ptr failure;  // of the last one
};

// Where parts may hold anything: each with its length.
std::string key_of(std::initializer_list<std::string> parts) {
  std::string key;
  for (const std::string& part : parts) key += fmt::format("{}:{}", part.size(), part);
  return key;
}

std::int64_t left_ms(const Credentials& credentials, std::int64_t now) {
  return credentials.expires_ms ? *credentials.expires_ms - now : INT64_MAX;
}

[[noreturn]] void refuse_stopped() { throw Error(ExitCode::step_failed, "looking for AWS credentials was stopped"); }

// Another region than the person's would do as well, but not one of another partition.
std::string region_for(const std::string& configured, const std::string& role) {
  if (!configured.empty()) return configured;
  if (role.starts_with("arn:aws-cn:")) return "cn-north-1";
  return role.starts_with("arn:aws-us-gov:") ? "us-gov-west-1" : "us-east-1";
}

}  // namespace

struct CredentialProvider::State {
  explicit State(Parts all) : parts(std::move(all)) {}

  // All that one question needs.
  struct Question {
    const Configuration& configuration;
    std::string region;
    std::stop_token stop;
  };

  Credentials chain(const Question& question, const std::string& wanted) {
    const std::string profile = question.configuration.profile_name(wanted);
    const bool is_named = !wanted.empty();
    return kept(key_of({"chain", question.configuration.digest(), profile, is_named ? "named" : ""}), question.stop, [&] {
      CredentialSearch search = search_of(question, profile);
      if (is_named) search.variables = CredentialSearch::Variables::ignored;
      return chain_credentials(search, [&](const std::string& source) { return source_of(question, profile, source); });
    });
  }

  // Kept by itself, so that one session serves all roles that it assumes. A profile that is its own source has keys.
  Credentials source_of(const Question& question, const std::string& of, const std::string& profile) {
    const std::string kind = of == profile ? "keys" : "source";
    return kept(key_of({kind, question.configuration.digest(), profile}), question.stop, [&] {
      CredentialSearch search = search_of(question, profile);
      search.variables = CredentialSearch::Variables::ignored;
      return source_credentials(search, [&](const std::string& source) { return source_of(question, profile, source); });
    });
  }

  Credentials assumed(const Question& question, const CredentialWish& wish) {
    const std::string key = key_of({"role", question.configuration.digest(), question.configuration.profile_name(wish.profile),
                                    wish.profile.empty() ? "" : "named", wish.assume_role, wish.external_id, wish.session_name,
                                    wish.mfa_serial, std::to_string(wish.duration_s)});
    return kept(key, question.stop, [&] {
      const Role role = {wish.assume_role, wish.external_id, wish.session_name,
                         wish.mfa_serial,  wish.duration_s,  "role " + wish.assume_role};
      const CredentialSearch search = search_of(question, question.configuration.profile_name(wish.profile));
      return assume(search, role, chain(question, wish.profile));
    });
  }

  CredentialSearch search_of(const Question& question, const std::string& profile) {
    return {question.configuration, parts, sso_tokens, question.stop, question.region, profile};
  }

  Credentials kept(const std::string& key, const std::stop_token& stop, const Maker& make) {
    std::unique_lock lock(mutex);
    Entry& entry = entries[key];  // never removed
    while (!is_good(entry)) {
      if (!entry.is_being_renewed) return renewed(entry, lock, make, stop);
      const std::uint64_t round = entry.round;
      changed.wait(lock, stop, [&] { return entry.round != round; });
      if (entry.round == round) refuse_stopped();
      if (entry.failure && !has_some_left(entry)) std::rethrow_exception(entry.failure);
    }
    return *entry.credentials;
  }

  bool is_good(const Entry& entry) const {
    if (!entry.credentials) return false;
    const std::int64_t now = parts.clock->now_ms(), left = left_ms(*entry.credentials, now);
    return left > renewed_before_ms || (left > good_for_a_while_ms && now < entry.next_try_ms);
  }

  bool has_some_left(const Entry& entry) const {
    return entry.credentials && left_ms(*entry.credentials, parts.clock->now_ms()) > good_for_a_while_ms;
  }

  // Others wait meanwhile; who asks under another key does not.
  Credentials renewed(Entry& entry, std::unique_lock<std::mutex>& lock, const Maker& make, const std::stop_token& stop) {
    entry.is_being_renewed = true;
    lock.unlock();
    std::optional<Credentials> made;
    std::exception_ptr failure;
    try {
      made = make();
      refuse_if_over(*made);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    entry.is_being_renewed = false;
    entry.next_try_ms = parts.clock->now_ms() + tried_again_after_ms;
    if (!failure) entry.credentials = made;
    entry.failure = stop.stop_requested() ? nullptr : failure;  // who stops does so for nobody else
    ++entry.round;
    changed.notify_all();
    if (failure && !has_some_left(entry)) std::rethrow_exception(failure);
    return *entry.credentials;
  }

  void refuse_if_over(const Credentials& made) const {
    if (left_ms(made, parts.clock->now_ms()) > 0) return;
    throw Error(ExitCode::step_failed,
                fmt::format("the credentials of {} are over since {}", made.source, utc_text(*made.expires_ms)),
                made.source == "environment" ? "set new ones, or remove AWS_ACCESS_KEY_ID" : "renew them there");
  }

  const Parts parts;
  std::mutex sso_tokens;
  std::mutex mutex;
  std::condition_variable_any changed;
  std::map<std::string, Entry> entries;
};

CredentialProvider::CredentialProvider(Parts parts) : state_(std::make_unique<State>(std::move(parts))) {}
CredentialProvider::~CredentialProvider() = default;

Credentials CredentialProvider::credentials(const Configuration& configuration, const CredentialWish& wish,
                                            std::stop_token stop) {
  check_profile(configuration, wish.profile);
  const std::string profile = configuration.profile_name(wish.profile);
  check_role_chain(configuration, profile);
  const std::string role =
      wish.assume_role.empty() ? setting(configuration.profile(profile).value_or(Section()), "role_arn") : wish.assume_role;
  const State::Question question = {configuration, region_for(configuration.region(profile), role), std::move(stop)};
  return wish.assume_role.empty() ? state_->chain(question, wish.profile) : state_->assumed(question, wish);
}

void CredentialProvider::forget(const Credentials& refused) {
  const std::scoped_lock lock(state_->mutex);
  for (auto& [key, entry] : state_->entries) {
    const bool is_it = entry.credentials && entry.credentials->access_key == refused.access_key &&
                       entry.credentials->session_token == refused.session_token;
    if (is_it) entry.credentials.reset();
  }
}

}  // namespace runbook::aws

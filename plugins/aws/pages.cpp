#include "plugins/aws/pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "base/json.h"
#include "plugins/aws/no_scope.h"

namespace runbook::aws {

namespace {

constexpr int most_pages = 10'000;

struct PagesFault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// One text, or a list of them.
std::vector<std::string> names_in(const Value& value) {
  return value.is_text() ? std::vector<std::string>{value.as_text()} : texts_in(value);
}

// "A.B.C"
Value with_at(const Value& map, const std::string& path, Value value) {
  const std::size_t dot = path.find('.');
  if (dot == std::string::npos) return with(map, path, std::move(value));
  const std::string first = path.substr(0, dot);
  const Value inner = map.is_map() ? map.get(first) : Value();
  return with(map, first, with_at(inner, path.substr(dot + 1), std::move(value)));
}

Value together(const Value& one, const Value& more) {
  if (one.is_null() || more.is_null()) return one.is_null() ? more : one;
  if (one.is_int() && more.is_int()) return one.as_int() + more.as_int();
  if (one.is_text() && more.is_text()) return one.as_text() + more.as_text();
  if (!one.is_list() || !more.is_list()) return more;
  List all = one.as_list();
  all.insert(all.end(), more.as_list().begin(), more.as_list().end());
  return Value(std::move(all));
}

class Pages {
 public:
  Pages(const Value& paginator, Value params)
      : input_tokens_(names_in(paginator.get("input_token"))),
        output_tokens_(names_in(paginator.get("output_token"))),
        results_(names_in(paginator.get("result_key"))),
        same_(names_in(paginator.get("non_aggregate_keys"))),
        more_(paginator.text_or("more_results", "")),
        params_(std::move(params)) {}

  const Value& params() const { return params_; }
  const Value& result() const { return result_; }

  // Whether there is another one; then params() asks for it. Throws a clause if it can't be asked for.
  bool take(const Value& page) {
    for (const std::string& key : results_)
      if (const Value part = evaluate_in(page, key); !part.is_null())
        result_ = with_at(result_, key, together(evaluate_in(result_, key), part));
    if (count_++ == 0)
      for (const std::string& key : same_)
        if (const Value part = evaluate_in(page, key); !part.is_null()) result_ = with_at(result_, key, part);
    return asks_for_next(page);
  }

 private:
  bool asks_for_next(const Value& page) {
    if (!more_.empty() && !(evaluate_in(page, more_) == Value(true))) return false;
    List tokens;
    bool has_one = false;
    for (std::size_t i = 0; i < input_tokens_.size() && i < output_tokens_.size(); ++i) {
      const Value token = evaluate_in(page, output_tokens_[i]);
      const bool is_there = !token.is_null() && !(token == Value("")) && !(token == Value(Map()));
      has_one = has_one || is_there;
      params_ = with(params_, input_tokens_[i], is_there ? token : Value());
      tokens.push_back(token);
    }
    if (has_one && Value(tokens) == last_tokens_) throw PagesFault("the service gave the token of the page before once more");
    if (has_one && count_ == most_pages)
      throw PagesFault(fmt::format("there are more than {} pages; ask for less", most_pages));
    last_tokens_ = Value(std::move(tokens));
    return has_one;
  }

  std::vector<std::string> input_tokens_, output_tokens_, results_, same_;
  std::string more_;
  Value params_, result_ = Value(Map()), last_tokens_;
  int count_ = 0;
};

}  // namespace

Value pagination_of(const ModelStore& store, const Call& call) {
  const Value paginator = store.part(call.model->name(), "paginators-1").get("pagination").get(call.operation->name);
  if (!paginator.is_map() || paginator.get("result_key").is_null()) return {};
  for (const std::string& token : names_in(paginator.get("input_token")))
    if (!call.params.get(token).is_null()) return {};
  const std::string limit = paginator.text_or("limit_key", "");
  return !limit.empty() && !call.params.get(limit).is_null() ? Value() : paginator;
}

CallAnswer call_all_pages(Session& session, const Call& call, const Configuration& configuration, std::stop_token stop) {
  const Value paginator = pagination_of(*session.models(), call);
  if (paginator.is_null()) return session.call(call, configuration, stop);
  Pages pages(paginator, call.params.is_map() ? call.params : Value(Map()));
  Call next = call;
  while (true) {
    next.params = pages.params();
    CallAnswer answer = session.call(next, configuration, stop);
    if (answer.kind != CallAnswer::Kind::done) return answer;
    try {
      if (pages.take(answer.result)) continue;
      answer.result = pages.result();
    } catch (const PagesFault& fault) {
      answer.kind = CallAnswer::Kind::refused;
      answer.result = Value();
      answer.why = fault.what();
    }
    return answer;
  }
}

}  // namespace runbook::aws

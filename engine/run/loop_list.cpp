#include "run/loop_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "base/json.h"

namespace runbook {

namespace {

constexpr std::size_t most_items = 100'000;
constexpr std::size_t longest_key = 200;

[[noreturn]] void refuse(const std::string& why, const std::string& hint = "") {
  throw Error(ExitCode::step_failed, why, hint);
}

// Null is told apart, and may be allowed.
Value value_of_list(const Loop& loop, const Scope& scope) {
  const auto* text = std::get_if<PlacedTemplate>(&loop.list.data);
  if (!text || !text->text.is_lone_expression()) return loop.list.evaluate(scope);
  return text->text.expressions().front().evaluate(scope, nullptr);
}

List items_of(const Loop& loop, const Scope& scope) {
  const Value value = value_of_list(loop, scope);
  const bool is_empty = value.is_null() || (value.is_list() && value.as_list().empty());
  if (is_empty && loop.may_be_empty) return {};
  if (is_empty) refuse(value.is_null() ? "the list is null" : "the list is empty", "if that may be, say `empty: ok`");
  if (!value.is_list()) refuse(fmt::format("it gives a {}, not a list", value.type_name()));
  if (value.as_list().size() > most_items)
    refuse(fmt::format("the list has {} items; {} are gone through at most", value.as_list().size(), most_items));
  return value.as_list();
}

std::string key_of(const Loop& loop, std::size_t position, const Value& item, const Scope& inside) {
  const Value key = loop.key ? loop.key->expression.evaluate(inside, nullptr) : item;
  const std::string which = fmt::format("item {}", position + 1);
  if (key.is_null() || key.is_list() || key.is_map())
    refuse(fmt::format("{} has a {} as its key", which, key.is_null() ? "null" : key.type_name()),
           fmt::format("say what tells the items apart, as text: `key: ${}.name`", loop.as));
  std::string text = text_or_json(key);
  if (text.empty() || text.size() > longest_key)
    refuse(fmt::format("the key of {} has {} characters; 1 to {} are allowed", which, text.size(), longest_key));
  return text;
}

std::int64_t size_of(const Share& share, std::size_t count) {
  if (!share.is_percent) return share.number;
  const auto all = static_cast<std::int64_t>(count);
  return std::max<std::int64_t>(1, (all * share.number + 99) / 100);
}

}  // namespace

Value list_of_loop(const Section& section, const Scope& scope, const std::function<RunScope(const Value& item)>& inside) {
  const Loop& loop = *section.loop;
  const List items = items_of(loop, scope);
  std::unordered_map<std::string, std::size_t> known;
  List list;
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::string key = key_of(loop, i, items[i], inside(items[i]));
    const auto [found, is_new] = known.emplace(key, i);
    if (!is_new)
      refuse(fmt::format("items {} and {} have the same key, `{}`", found->second + 1, i + 1, key),
             "keys tell the items apart: `key:` names something that is unique, or `unique(list)` leaves doubles out");
    list.push_back(object({{"key", std::move(key)}, {"item", items[i]}}));
  }
  return Value(std::move(list));
}

Value batches_of_loop(const Loop& loop, std::size_t count) {
  List sizes;
  std::size_t taken = 0;
  for (std::size_t i = 0; taken < count; ++i) {
    const Share whole{static_cast<int>(count), false};
    const Share& share = loop.batches.empty() ? whole : loop.batches[std::min(i, loop.batches.size() - 1)];
    const std::size_t size = std::min(static_cast<std::size_t>(size_of(share, count)), count - taken);
    sizes.emplace_back(static_cast<std::int64_t>(size));
    taken += size;
  }
  return Value(std::move(sizes));
}

}  // namespace runbook

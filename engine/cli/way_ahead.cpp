#include "cli/way_ahead.h"

#include <algorithm>
#include <optional>

namespace runbook {

namespace {

using Child = std::variant<std::unique_ptr<Step>, std::unique_ptr<Section>>;

// Where in the tree: the names of included runbooks around, and of the loops how many items there are.
struct Place {
  std::string prefix;
  std::optional<std::int64_t> items = 1;  // nullopt: not known yet
  int side_by_side = 1;
};

void add(Rest& sum, const Rest& more) {
  sum.ms += more.ms;
  sum.knows_any = sum.knows_any || more.knows_any;
  sum.lacks_some = sum.lacks_some || more.lacks_some;
}

void take_longest(Rest& longest, const Rest& other) {
  longest.ms = std::max(longest.ms, other.ms);
  longest.knows_any = longest.knows_any || other.knows_any;
  longest.lacks_some = longest.lacks_some || other.lacks_some;
}

class Looking {
 public:
  Looking(const PastDurations& past, const Passage& passage, std::int64_t now_ms, std::size_t most)
      : past_(past), passage_(passage), now_ms_(now_ms), most_(most) {}

  Rest rest_of(const Section& section, Place place) const {
    if (section.loop) place = inside(section, place);
    Rest sum;
    for (const Child& child : section.children) {
      const Rest one = rest_of(child, place);
      if (section.is_parallel) take_longest(sum, one);
      else add(sum, one);
    }
    if (section.finally) add(sum, rest_of(*section.finally, place));
    return sum;
  }

  // Whether all of it has ended; what comes next in it is found.
  bool is_behind(const Section& section, Place place) {
    if (section.loop) place = inside(section, place);
    bool is_all = true;
    const std::size_t first = section.loop ? first_to_ask(section, place) : 0;
    for (std::size_t i = 0; i < section.children.size(); ++i) {
      const std::size_t before = next.size();
      const bool is_done = is_behind(section.children[(first + i) % section.children.size()], place);
      is_all = is_all && is_done;
      if (!section.is_parallel && next.size() > before) return false;
    }
    if (section.finally && is_all) is_all = is_behind(*section.finally, place);
    else if (section.finally && next.empty()) is_behind(*section.finally, place);
    return is_all;
  }

  std::vector<const Step*> next;

 private:
  Place inside(const Section& loop, Place place) const {
    const auto items = passage_.items.find(place.prefix + loop.path);
    const bool is_known = items != passage_.items.end() && place.items == 1;
    place.items = is_known ? std::optional(items->second) : std::nullopt;
    place.side_by_side = std::max(1, loop.loop->concurrency);
    return place;
  }

  std::int64_t ended(const std::string& name) const {
    const auto found = passage_.ended.find(name);
    return found == passage_.ended.end() ? 0 : found->second;
  }

  const std::vector<std::int64_t>& at_work(const std::string& name) const {
    static const std::vector<std::int64_t> none;
    const auto found = passage_.at_work_since_ms.find(name);
    return found == passage_.at_work_since_ms.end() ? none : found->second;
  }

  Rest rest_of(const Child& child, const Place& place) const {
    if (const auto* section = std::get_if<std::unique_ptr<Section>>(&child)) return rest_of(**section, place);
    const Step& step = *std::get<std::unique_ptr<Step>>(child);
    return step.include ? rest_of_include(step, place) : rest_of(step, place);
  }

  Rest rest_of_include(const Step& step, Place place) const {
    const std::string name = place.prefix + step.id;
    if (place.items == 1 && ended(name) > 0) return {};
    place.prefix = name + "/";
    return rest_of(step.include->runbook->root, place);
  }

  // Of a loop: the items one after the other, as many side by side as it says.
  Rest rest_of(const Step& step, const Place& place) const {
    const std::string name = place.prefix + step.id;
    const std::vector<std::int64_t>& since = at_work(name);
    const std::int64_t left = place.items ? std::max<std::int64_t>(0, *place.items - ended(name)) : 1;
    if (left == 0) return {};
    if (step.kind == Step::Kind::assertion) return {};
    const auto past = past_.find(name);
    if (past == past_.end() || !place.items) return {0, false, true};
    if (past->second.times == 0) return {};
    std::int64_t sum = std::max<std::int64_t>(0, left - static_cast<std::int64_t>(since.size())) * past->second.typical_ms;
    std::int64_t longest = 0;
    for (const std::int64_t at_ms : since) {
      const std::int64_t still = std::max<std::int64_t>(0, past->second.typical_ms - (now_ms_ - at_ms));
      sum += still;
      longest = std::max(longest, still);
    }
    return {std::max(longest, sum / std::min<std::int64_t>(place.side_by_side, left)), true, false};
  }

  bool is_behind(const Child& child, const Place& place) {
    if (const auto* section = std::get_if<std::unique_ptr<Section>>(&child)) return is_behind(**section, place);
    const Step& step = *std::get<std::unique_ptr<Step>>(child);
    const std::string name = place.prefix + step.id;
    const std::int64_t wanted = place.items.value_or(1);
    if (ended(name) >= wanted) return true;
    if (step.include && !at_work(name).empty()) {
      Place within = place;
      within.prefix = name + "/";
      return is_behind(step.include->runbook->root, within);
    }
    const bool is_begun = ended(name) + static_cast<std::int64_t>(at_work(name).size()) >= wanted;
    if (!is_begun && next.size() < most_) next.push_back(&step);
    return false;
  }

  bool has_work(const Child& child, const Place& place) const {
    if (const auto* step = std::get_if<std::unique_ptr<Step>>(&child)) return !at_work(place.prefix + (*step)->id).empty();
    const Section& section = *std::get<std::unique_ptr<Section>>(child);
    return std::any_of(section.children.begin(), section.children.end(),
                       [&](const Child& inner) { return has_work(inner, place); });
  }

  // An item goes on behind what is at work of it, before another one begins.
  std::size_t first_to_ask(const Section& loop, const Place& place) const {
    for (std::size_t i = loop.children.size(); i > 0; --i)
      if (has_work(loop.children[i - 1], place)) return i;
    return 0;
  }

  const PastDurations& past_;
  const Passage& passage_;
  std::int64_t now_ms_;
  std::size_t most_;
};

}  // namespace

Rest WayAhead::rest(const Passage& passage, std::int64_t now_ms) const {
  return Looking(past_, passage, now_ms, 0).rest_of(runbook_.root, {});
}

std::vector<const Step*> WayAhead::next(const Passage& passage, std::size_t most) const {
  Looking looking(past_, passage, 0, most);
  looking.is_behind(runbook_.root, {});
  return looking.next;
}

}  // namespace runbook

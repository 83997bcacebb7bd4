#include "plugins/kubernetes_findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/json.h"
#include "base/one_line.h"
#include "plugins/kubernetes_waits.h"

namespace runbook {

namespace {

constexpr std::size_t most_pods = 3, most_events = 4, most_log_lines = 8;

std::string name_of(const Value& object) { return object.get("metadata").text_or("name", ""); }

// "app=web,tier=front": what its pods are known by; "" where it has none.
std::string selector_of(const Value& object) {
  const Value spec = object.get("spec"), selector = spec.get("selector");
  const Value labels = selector.find("matchLabels") ? selector.get("matchLabels") : selector;
  std::string text;
  for (const auto& [name, value] : labels.is_map() ? labels.as_map() : Map()) {
    if (value.is_text()) text += fmt::format("{}{}={}", text.empty() ? "" : ",", name, value.as_text());
  }
  return text;
}

class Findings {
 public:
  explicit Findings(const AskKubectl& ask) : ask_(ask) {}

  std::string about(const Value& object) {
    if (object.text_or("kind", "") == "Secret") return {};
    const bool is_list = object.get("items").is_list();
    if (!is_list) add_events(object);
    const std::string selector = is_list ? "" : selector_of(object);
    const Value pods = is_list || selector.empty() ? object : list({"get", "pods", "--selector", selector});
    for (const Value& pod : those_in_trouble(pods)) add_pod(pod);
    return text_;
  }

 private:
  Value list(std::vector<std::string> words) const {
    words.insert(words.end(), {"--output", "json"});
    const std::optional<std::string> printed = ask_(words);
    return printed ? try_parse_json(*printed).value_or(Value()) : Value();
  }

  // Those that fail, and where none does those that are not ready.
  static List those_in_trouble(const Value& pods) {
    List failing, unready;
    const Value items = pods.get("items");
    for (const Value& pod : items.is_list() ? items.as_list() : List()) {
      if (is_pod_leaving(pod)) continue;
      if (!trouble_of_pod(pod).empty()) failing.push_back(pod);
      else if (!is_pod_ready(pod) && pod.get("status").text_or("phase", "") != "Succeeded") unready.push_back(pod);
    }
    List& worst = failing.empty() ? unready : failing;
    if (worst.size() > most_pods) worst.resize(most_pods);
    return worst;
  }

  void add_pod(const Value& pod) {
    const std::string trouble = trouble_of_pod(pod);
    add("",
        "pod " + (trouble.empty() ? name_of(pod) + ": " + pod.get("status").text_or("phase", "?") + ", not ready" : trouble));
    add_events(pod);
    add_log(pod);
  }

  void add_events(const Value& object) {
    const Value events = list({"get", "events", "--field-selector", "involvedObject.name=" + name_of(object)});
    const Value items = events.get("items");
    List all = items.is_list() ? items.as_list() : List();
    std::sort(all.begin(), all.end(), [](const Value& a, const Value& b) { return age_of(a) < age_of(b); });
    const std::size_t first = all.size() > most_events ? all.size() - most_events : 0;
    for (std::size_t i = first; i < all.size(); ++i) add("  ", text_of(all[i]));
  }

  // Of what happened within one second the version tells the order, as far as anything does: longer is later.
  static std::tuple<std::string, std::size_t, std::string> age_of(const Value& event) {
    const std::string version = event.get("metadata").text_or("resourceVersion", "");
    return {time_of(event), version.size(), version};
  }

  static std::string time_of(const Value& event) {
    for (const char* key : {"lastTimestamp", "eventTime", "firstTimestamp"}) {
      if (std::string time = event.text_or(key, ""); !time.empty()) return time;
    }
    return {};
  }

  static std::string text_of(const Value& event) {
    const std::int64_t count = event.int_or("count", 1);
    return fmt::format("{} {}: {}{}", time_of(event), event.text_or("reason", "?"), event.text_or("message", ""),
                       count > 1 ? fmt::format(" ({} times)", count) : "");
  }

  // Of a container that has ended and was begun anew, what it wrote before.
  void add_log(const Value& pod) {
    const Value statuses = pod.get("status").get("containerStatuses");
    for (const Value& status : statuses.is_list() ? statuses.as_list() : List()) {
      if (status.bool_or("ready", false)) continue;
      const bool has_ended_before = status.int_or("restartCount", 0) > 0 && status.get("state").find("running") == nullptr;
      const bool has_written = has_ended_before || status.get("state").find("waiting") == nullptr;
      if (!has_written) continue;
      std::vector<std::string> words = {"logs", name_of(pod), "--container", status.text_or("name", ""),
                                        fmt::format("--tail={}", most_log_lines)};
      if (has_ended_before) words.emplace_back("--previous");
      if (const auto log = ask_(words)) add_lines(*log);
      return;
    }
  }

  void add_lines(const std::string& text) {
    std::size_t at = 0;
    for (std::size_t lines = 0; at < text.size() && lines < most_log_lines; ++lines) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      add("  | ", std::string_view(text).substr(at, end - at));
      at = end + 1;
    }
  }

  void add(std::string_view indent, std::string_view line) { text_ += std::string(indent) + one_line(line) + "\n"; }

  const AskKubectl& ask_;
  std::string text_;
};

}  // namespace

std::string findings_about(const Value& object, const AskKubectl& ask) { return Findings(ask).about(object); }

}  // namespace runbook

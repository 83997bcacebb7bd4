#include "plugins/kubectl_words.h"

#include <algorithm>

namespace runbook {
namespace {

// Whether it is one of the words of a list that begins and ends with a blank.
bool contains(std::string_view list, std::string_view word) {
  return list.find(" " + std::string(word) + " ") != std::string_view::npos;
}

// Of kubectl 1.10 to 1.32: flags that take no word after them. All others do, unless their value stands behind `=`.
constexpr std::string_view alone =
    " add-dir-header all all-containers all-namespaces all-pods allow-missing-template-keys alsologtostderr"
    " append-hash append-server-path arguments-only as-current-user attach cached cascade client command"
    " create-annotation current delete-emptydir-data delete-local-data disable-compression disable-eviction"
    " disable-filter dry-run edit embed-certs enable-alpha-plugins enable-helm exec-provide-cluster-info export expose"
    " flatten follow force force-conflicts global-default helm-debug help ignore-daemonsets ignore-errors"
    " ignore-not-found include-uninitialized insecure-skip-tls-verify insecure-skip-tls-verify-backend interactive"
    " keep-annotations keep-init-containers keep-labels keep-liveness keep-readiness keep-startup leave-stdin-open"
    " list local logtostderr match-server-version merge minify name-only namespaced network no-headers no-preserve now"
    " one-output openapi-patch output-patch output-watch-events overwrite previous privileged prune quiet record"
    " recursive remove-extra-permissions remove-extra-subjects replace resolve rm same-node save-config server-print"
    " server-side set-raw-bytes share-processes short show-all show-capacity show-events show-kind show-labels"
    " show-managed-fields skip-headers skip-log-headers stdin sum timestamps tty use-protocol-buffers validate wait"
    " warnings-as-errors watch watch-only windows-line-endings ";

// Verbs that are nothing without the next word.
constexpr std::string_view groups = " alpha auth certificate config create plugin rollout set ";

struct Short {
  char letter;
  std::string_view name;
};
constexpr Short shorts[] = {{'A', "all-namespaces"}, {'L', "label-columns"}, {'R', "recursive"}, {'a', "show-all"},
                            {'c', "container"},      {'e', "env"},           {'f', "filename"},  {'h', "help"},
                            {'i', "stdin"},          {'k', "kustomize"},     {'l', "selector"},  {'n', "namespace"},
                            {'o', "output"},         {'p', "patch"},         {'q', "quiet"},     {'r', "replicas"},
                            {'s', "server"},         {'t', "tty"},           {'v', "v"},         {'w', "watch"}};

class Reader {
 public:
  explicit Reader(const std::vector<std::string>& words) : words_(words) {}

  KubectlWords read() {
    while (at_ < words_.size()) {
      const std::string& word = words_[at_];
      if (word == "--") break;
      if (word.size() > 2 && word.starts_with("--")) read_long(word);
      else if (word.size() > 1 && word[0] == '-') read_shorts(word);
      else read_name(word);
    }
    return std::move(read_);
  }

 private:
  std::string first_verb() const { return read_.verb.empty() ? "" : read_.verb.front(); }

  bool is_alone(std::string_view flag) const {
    if (flag == "raw") return first_verb() == "config";
    if (flag == "containers") return first_verb() == "top";
    if (flag == "prefix") return first_verb() == "logs";
    return contains(alone, flag);
  }

  std::string_view name_of(char letter) const {
    if (first_verb() == "logs" && letter == 'f') return "follow";
    if (first_verb() == "logs" && letter == 'p') return "previous";
    const auto found =
        std::find_if(std::begin(shorts), std::end(shorts), [&](const Short& row) { return row.letter == letter; });
    return found == std::end(shorts) ? std::string_view() : found->name;
  }

  void read_long(const std::string& word) {
    const std::size_t equals = word.find('=');
    KubectlFlag flag{word.substr(2, equals == std::string::npos ? equals : equals - 2), std::nullopt, at_++};
    if (equals != std::string::npos) flag.value = word.substr(equals + 1);
    else if (!is_alone(flag.name)) take_next(flag);
    read_.flags.push_back(std::move(flag));
  }

  // `-it`, `-n=blue`, `-nblue`, `-n blue`
  void read_shorts(const std::string& word) {
    const std::size_t at = at_++;
    for (std::size_t i = 1; i < word.size(); ++i) {
      const std::string_view name = name_of(word[i]);
      KubectlFlag flag{name.empty() ? std::string(1, word[i]) : std::string(name), std::nullopt, at};
      const bool has_value = i + 1 < word.size() && (word[i + 1] == '=' || !is_alone(flag.name));
      if (has_value) flag.value = word.substr(i + (word[i + 1] == '=' ? 2 : 1));
      else if (!is_alone(flag.name)) take_next(flag);
      read_.flags.push_back(std::move(flag));
      if (has_value) return;
    }
  }

  void take_next(KubectlFlag& flag) {
    if (at_ < words_.size()) flag.value = words_[at_++];
  }

  void read_name(const std::string& word) {
    ++at_;
    const bool is_verb = read_.verb.empty();
    const bool is_second = read_.verb.size() == 1 && read_.names.empty() && belongs_to_verb(word);
    if (!is_verb && !is_second) return read_.names.push_back(word);
    read_.verb.push_back(word);
    read_.end_of_verb = at_;
  }

  bool belongs_to_verb(const std::string& word) const {
    const std::string verb = first_verb();
    if (verb == "cluster-info") return word == "dump";
    if (verb == "apply") return word.ends_with("-last-applied");
    return contains(groups, verb);
  }

  const std::vector<std::string>& words_;
  std::size_t at_ = 0;
  KubectlWords read_;
};

}  // namespace

const KubectlFlag* KubectlWords::find(std::string_view flag) const {
  const auto found = std::find_if(flags.rbegin(), flags.rend(), [&](const KubectlFlag& each) { return each.name == flag; });
  return found == flags.rend() ? nullptr : &*found;
}

bool KubectlWords::is_on(std::string_view flag) const {
  const KubectlFlag* found = find(flag);
  return found && (!found->value || *found->value == "true" || *found->value == "1" || *found->value == "t");
}

bool KubectlWords::is_off(std::string_view flag) const {
  const KubectlFlag* found = find(flag);
  return found && found->value && (*found->value == "false" || *found->value == "0" || *found->value == "f");
}

std::string KubectlWords::value_of(std::string_view flag) const {
  const KubectlFlag* found = find(flag);
  return found ? found->value.value_or("") : "";
}

std::string KubectlWords::verb_text() const {
  std::string text;
  for (const std::string& word : verb) text += (text.empty() ? "" : " ") + word;
  return text;
}

KubectlWords read_kubectl_words(const std::vector<std::string>& words) { return Reader(words).read(); }

}  // namespace runbook

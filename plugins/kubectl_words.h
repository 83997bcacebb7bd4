#pragma once
// The words behind `kubectl`, told apart as kubectl itself does: what it shall do, its flags, and the rest.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runbook {

struct KubectlFlag {
  std::string name;                  // as `kubectl options` lists it, without dashes: `-n` is "namespace"
  std::optional<std::string> value;  // behind `=`, or the next word
  std::size_t at = 0;                // which word it is
};

struct KubectlWords {
  std::vector<std::string> verb;   // {"rollout", "undo"}; empty: there is none
  std::size_t end_of_verb = 0;     // so many words until its end
  std::vector<KubectlFlag> flags;  // before `--`
  std::vector<std::string> names;  // what is neither; without what stands behind `--`

  // The last of this name, which is the one that counts. nullptr: it is not there.
  const KubectlFlag* find(std::string_view flag) const;
  // `--flag`, `--flag=true`
  bool is_on(std::string_view flag) const;
  // `--flag=false`, and not where it is left out
  bool is_off(std::string_view flag) const;
  std::string value_of(std::string_view flag) const;  // "" if it is not there
  std::string verb_text() const;                      // "rollout undo"
};

// A word that holds `${{ }}` is a name, or the value of a flag.
KubectlWords read_kubectl_words(const std::vector<std::string>& words);

// Whether the word, or a part of it, is known only when the step begins.
inline bool is_open_word(std::string_view word) { return word.find("${{") != std::string_view::npos; }

}  // namespace runbook

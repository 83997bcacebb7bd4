#pragma once
// What kubectl does to the world, by its words: a table, each row with its reason.
#include <string>
#include <vector>

#include "book/declaration.h"
#include "plugins/kubectl_words.h"

namespace runbook {

// A row: the verb alone, and what its flags change. The first one that applies counts.
struct KubectlVerb {
  struct If {
    enum class Flag { on, off, given, missing } flag;
    const char* name;
    Effect effect;
    const char* why;
  };
  const char* name;  // "rollout undo"
  Effect effect;
  const char* why;
  std::vector<If> ifs = {};
};
const std::vector<KubectlVerb>& kubectl_verbs();

// What it is not said of, is `once`: see EffectFound::unknown.
EffectFound effect_of_kubectl(const KubectlWords& words);

}  // namespace runbook

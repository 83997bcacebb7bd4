#pragma once
#include "book/fields.h"

namespace runbook {

enum class ProbeUse { before, done_when, verify, wait_until, assertion, watch };

// `probe` is the member `done_when:`, `wait_until:` and so on. nullptr: reported.
ProbePtr load_probe(const Node::Member& probe, ProbeUse use, const Site& site, Loading& loading);

}  // namespace runbook

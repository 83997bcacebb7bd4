#include "book/enclosure.h"

#include <fmt/format.h>

namespace runbook {
namespace {

using Kind = Enclosure::Kind;

bool is_beside_body(Kind kind) { return kind == Kind::watch || kind == Kind::rescue || kind == Kind::finally; }

// Of one that is around the step and not around who looks.
std::string doubt_of(const Enclosure& each, const Enclosure* from) {
  switch (each.kind) {
    case Kind::condition: return "is skipped";
    case Kind::body:
      if (is_beside(from, *each.section)) return "has not run";
      return each.section->rescue ? "has not run or has failed, and its section was rescued" : "";
    case Kind::rescue: return "was not needed: it stands in `rescue`";
    case Kind::watch: return "was not needed: it stands in `on_trip`";
    case Kind::loop:
    case Kind::branch:
    case Kind::finally: break;
  }
  return {};
}

}  // namespace

bool is_inside(const Enclosure* inner, const Enclosure& outer) {
  for (; inner; inner = inner->outer) {
    const bool are_conditions = inner->kind == Kind::condition && outer.kind == Kind::condition;
    if (inner == &outer || (are_conditions && inner->text == outer.text)) return true;
  }
  return false;
}

bool is_beside(const Enclosure* inner, const Section& section) {
  for (; inner; inner = inner->outer) {
    if (is_beside_body(inner->kind) && inner->section == &section) return true;
  }
  return false;
}

const Section* parallel_between(const Enclosure* from, const Enclosure* step) {
  for (; step; step = step->outer) {
    if (step->kind != Kind::branch) continue;
    for (const Enclosure* each = from; each; each = each->outer) {
      if (each->kind == Kind::branch && each->section == step->section && each->branch != step->branch) return step->section;
    }
  }
  return nullptr;
}

const Section* loop_between(const Enclosure* from, const Enclosure* step) {
  const Section* outermost = nullptr;
  for (; step; step = step->outer) {
    if (step->kind == Kind::loop && !is_inside(from, *step)) outermost = step->section;
  }
  return outermost;
}

std::string_view key_beside(const Enclosure* from, const Enclosure* step) {
  for (; step; step = step->outer) {
    if (is_inside(from, *step)) continue;
    if (step->kind == Kind::watch) return "watch";
    if (step->kind == Kind::rescue) return "rescue";
    if (step->kind == Kind::finally) return "finally";
  }
  return {};
}

Doubt doubt_between(const Enclosure* from, const Enclosure* step) {
  for (; step; step = step->outer) {
    if (is_inside(from, *step)) continue;
    if (std::string why = doubt_of(*step, from); !why.empty())
      return {std::move(why), step->kind == Kind::condition ? step : nullptr};
  }
  return {};
}

}  // namespace runbook

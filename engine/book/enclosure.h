#pragma once
// What is around a step or an expression: it decides what can be seen from there, and what is seen of it from elsewhere.
#include <cstddef>
#include <string>
#include <string_view>

#include "book/runbook.h"

namespace runbook {

// One of them; the others are around it.
struct Enclosure {
  enum class Kind {
    condition,  // a `when`
    body,       // the steps of a section that has something beside them: a watch, rescue or finally
    loop,       // for_each
    branch,     // of a parallel section
    watch,      // beside the body: the probe, and on_trip
    rescue,
    finally,
  };
  Kind kind = Kind::condition;
  const Section* section = nullptr;  // whose body, loop ... it is
  std::string text;                  // of a condition
  std::size_t branch = 0;            // its position among its siblings
  const Enclosure* outer = nullptr;
};

// Whether `inner` or one around it is `outer`, or a condition of the same text.
bool is_inside(const Enclosure* inner, const Enclosure& outer);
// Whether one of them is beside the body of `section`.
bool is_beside(const Enclosure* inner, const Section& section);

// The parallel section of which `from` and `step` are in different branches; nullptr: there is none.
const Section* parallel_between(const Enclosure* from, const Enclosure* step);
// The outermost loop around `step` that is not around `from`; nullptr: there is none.
const Section* loop_between(const Enclosure* from, const Enclosure* step);
// The key beside a body, under which `step` stands and `from` does not: "rescue"; "": there is none.
std::string_view key_beside(const Enclosure* from, const Enclosure* step);
// Why `step` may not have run, or not to its end, when `from` sees it: "is skipped", "has failed ..."; "" if it has. `condition`: the
// `when` that may skip it.
struct Doubt {
  std::string why;
  const Enclosure* condition = nullptr;
};
Doubt doubt_between(const Enclosure* from, const Enclosure* step);

}  // namespace runbook

#include "book/key_docs.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/duration.h"
#include "tests/book/world.h"

using namespace runbook;

namespace {

const KeySet* const all_sets[] = {&keys::runbook,     &keys::section,   &keys::step,         &keys::input,
                                  &keys::output_rule, &keys::retry,     &keys::output_sizes, &keys::uncovered,
                                  &keys::before,      &keys::done_when, &keys::verify,       &keys::wait_until,
                                  &keys::assertion,   &keys::manual,    &keys::collected,    &keys::watch};

std::int64_t fallback_ms(const KeySet& set, std::string_view key) {
  return parse_duration_ms(key_doc(set, key).fallback.as_text()).value();
}

std::string input_of_type(const std::string& type) {
  return problems_of("runbook: x\ninputs: {a: {type: " + type + "}}\nsteps: [{id: a, shell: ls}]\n");
}

}  // namespace

// A key that comes to `known` in keys.cpp gets its row in key_docs.cpp.
TEST_CASE("every_key_that_is_read_has_an_entry") {
  for (const KeySet* set : all_sets) {
    CAPTURE(set->owner);
    for (const std::string& key : set->known) {
      CAPTURE(key);
      const KeyDoc* doc = find_key_doc(*set, key);
      REQUIRE(doc);
      CHECK(doc->doc.ends_with('.'));
      CHECK_FALSE(in_words(*doc).empty());
      CHECK((doc->shape == Shape::choice) == !doc->choices.empty());
      const bool has_inside =
          doc->shape == Shape::map || doc->shape == Shape::list || doc->shape == Shape::probe || doc->shape == Shape::watches;
      CHECK(has_inside == (doc->inside != nullptr));
    }
  }
}

TEST_CASE("the_keys_that_come_next_have_theirs_already") {
  for (const char* key :
       {"type", "default", "pattern", "reject", "from", "min", "max", "min_items", "max_items", "enum", "example"}) {
    CAPTURE(key);
    CHECK(find_key_doc(keys::input, key));
  }
  for (const char* key : {"requires", "tested_with", "constraints", "runbook_version"}) {
    CAPTURE(key);
    CHECK(find_key_doc(keys::runbook, key));
  }
  CHECK(find_key_doc(keys::runbook, "nothing") == nullptr);
}

TEST_CASE("what_counts_where_a_key_is_left_out_is_what_the_loader_takes") {
  const Probe probe;
  CHECK(fallback_ms(keys::verify, "every") == probe.every_ms);
  CHECK(fallback_ms(keys::verify, "look_timeout") == probe.look_timeout_ms);
  CHECK(key_doc(keys::verify, "yes").fallback == Value(List{probe.yes.at(0)}));
  CHECK(key_doc(keys::verify, "no").fallback == Value(List{probe.no.at(0)}));
  CHECK(key_doc(keys::done_when, "decides").fallback == Value(probe.decides));
  const Retry retry;
  CHECK(fallback_ms(keys::retry, "delay") == retry.delay_ms);
  CHECK(fallback_ms(keys::retry, "max_delay") == retry.max_delay_ms);
  CHECK(key_doc(keys::retry, "backoff").fallback == Value(retry.backoff));
  const Step step;
  CHECK(step.output_head == 64 << 10);
  CHECK(key_doc(keys::output_sizes, "head").fallback == Value("64KB"));
  CHECK(step.output_tail == 64 << 10);
  CHECK(key_doc(keys::output_sizes, "tail").fallback == Value("64KB"));
  CHECK(key_doc(keys::step, "on_timeout").fallback == Value(step.kills_on_timeout ? "kill" : "ask"));
}

TEST_CASE("a_probe_has_what_all_probes_have_and_its_own") {
  CHECK(&key_doc(keys::before, "every") == &key_doc(keys::wait_until, "every"));
  CHECK(key_doc(keys::done_when, "timeout").needed == Needed::no);
  CHECK(key_doc(keys::wait_until, "timeout").needed == Needed::yes);
  CHECK(find_key_doc(keys::verify, "decides") == nullptr);
  CHECK(find_key_doc(keys::step, "every") == nullptr);
}

// When this version learns a type of inputs, `type` of `an input` in key_docs.cpp names it.
TEST_CASE("the_types_of_inputs_are_those_that_the_loader_reads") {
  const std::vector<std::string>& named = key_doc(keys::input, "type").choices;
  for (const char* type : {"string", "int", "number", "bool", "list", "map", "path", "duration", "secret"}) {
    CAPTURE(type);
    const bool is_named = std::find(named.begin(), named.end(), std::string_view(type)) != named.end();
    CHECK(input_of_type(type).empty() == is_named);
  }
}

TEST_CASE("choices_are_listed_as_people_do") {
  CHECK(listed({}).empty());
  CHECK(listed({"a"}) == "a");
  CHECK(listed({"a", "b"}) == "a or b");
  CHECK(listed({"a", "b", "c"}) == "a, b or c");
  CHECK(in_words(key_doc(keys::step, "effect")) == "read, idempotent, once or irreversible");
}

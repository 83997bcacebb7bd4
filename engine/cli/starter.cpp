#include "cli/starter.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/shell_word.h"
#include "book/names.h"

namespace runbook {

namespace {

// 0: the name of the runbook, 1: the file as one types it.
constexpr const char* text =
    R"(# A runbook that works as it is. It greets in the folder `scratch` beside this file and touches nothing else.
#
#   runbook check {1}       all mistakes, with their places
#   runbook run {1}         runs it; run it again, and what is done already is not done anew
#   runbook types           what a step can be
#
# For completion and checks while you type: `runbook schema > runbook.schema.json`, and as the first line of this file
# `yaml-language-server: $schema=runbook.schema.json` behind a `#`.

runbook: {0}
title: Put a greeting into place

inputs:                                     # asked for: runbook run {1} -i name=ana
  name: {{default: world, pattern: "[A-Za-z ]+", description: Whom to greet}}

steps:
  - section: Write the greeting
    steps:
      - id: write_greeting                  # ids are unique: `runbook why last write_greeting`
        title: Write the greeting
        shell: |                            # inputs come as variables of their own name
          mkdir -p scratch
          echo "hello $name" > scratch/greeting
        done_when:                          # looked at before (then it is not run), after it, and in doubt
          shell: |                          # exit 0: yes, 1: no, anything else: can't tell
            test -e scratch/greeting || exit 1
            grep --line-regexp --fixed-strings "hello $name" scratch/greeting
          outputs: {{greeting: {{regex: ".+"}}}}  # from what it wrote, for the steps below

      - id: greeting_is_there
        title: Wait until the greeting can be read
        wait_until: {{shell: test -s scratch/greeting, every: 1s, timeout: 1m}}

      - id: greeting_is_right
        title: The greeting greets whom it should
        assert:                             # stops the run where the world is not as it must be
          that: $steps.write_greeting.greeting != 'hello '
          because: a greeting without a name is no greeting

outputs:                                    # printed when the run ends
  greeting: $steps.write_greeting.greeting
)";

constexpr const char* unnamed = "first";

}  // namespace

std::string starter_runbook(const std::string& file) {
  const std::string name = name_from(std::filesystem::path(file).stem().string());
  const bool has_name = !name.empty() && name != "runbook";
  const bool can_be_quoted = file != "-" && std::none_of(file.begin(), file.end(), [](unsigned char c) { return c < ' '; });
  return fmt::format(text, has_name ? name : unnamed, can_be_quoted ? quoted_for_shell(file) : "FILE");
}

}  // namespace runbook

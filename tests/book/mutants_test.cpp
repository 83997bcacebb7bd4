// Mutants of real runbooks: each is accepted or refused whole, by the loader that `check` and `run` share, and each message has
// its place in the file. That `run` then begins what `check` accepts is told by tests/e2e/test_mutants.py.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>

#include "book/problems.h"
#include "tests/book/world.h"
#include "tests/support/seed.h"

using namespace runbook;
namespace fs = std::filesystem;

namespace {

using Random = std::mt19937;
using Lines = std::vector<std::string>;

std::size_t below(std::size_t bound, Random& random) {
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
}

std::string content_of(const fs::path& path) {
  std::stringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

Lines lines_of(const std::string& text) {
  Lines lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// A word of the text: where it begins and how long it is.
std::pair<std::size_t, std::size_t> any_word(const std::string& text, Random& random) {
  const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  std::size_t at = below(text.size(), random);
  while (at < text.size() && !is_part(text[at])) ++at;
  std::size_t begin = at, end = at;
  while (begin > 0 && is_part(text[begin - 1])) --begin;
  while (end < text.size() && is_part(text[end])) ++end;
  return {begin, end - begin};
}

using Mutation = std::function<std::string(const std::string&, Random&)>;

std::string without_a_line(const std::string& text, Random& random) {
  Lines lines = lines_of(text);
  lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(below(lines.size(), random)));
  return joined(lines);
}

std::string with_a_line_twice(const std::string& text, Random& random) {
  Lines lines = lines_of(text);
  const std::size_t at = below(lines.size(), random);
  lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), std::string(lines[at]));
  return joined(lines);
}

std::string indented_otherwise(const std::string& text, Random& random) {
  Lines lines = lines_of(text);
  std::string& line = lines[below(lines.size(), random)];
  if (below(2, random) == 0) line.insert(0, below(2, random) == 0 ? "  " : " ");
  else if (line.starts_with(' ')) line.erase(0, 1 + below(2, random));
  return joined(lines);
}

std::string with_lines_swapped(const std::string& text, Random& random) {
  Lines lines = lines_of(text);
  std::swap(lines[below(lines.size(), random)], lines[below(lines.size(), random)]);
  return joined(lines);
}

std::string misspelt(const std::string& text, Random& random) {
  std::string mutant = text;
  const auto [begin, length] = any_word(text, random);
  if (length > 1) std::swap(mutant[begin + below(length - 1, random)], mutant[begin + length - 1]);
  return mutant;
}

std::string with_a_word_elsewhere(const std::string& text, Random& random) {
  const auto [from, from_length] = any_word(text, random);
  const auto [to, to_length] = any_word(text, random);
  return text.substr(0, to) + text.substr(from, from_length) + text.substr(to + to_length);
}

std::string of_another_kind(const std::string& text, Random& random) {
  static const std::vector<std::string> values = {"[]",  "{}", "~",     "[a, b]", "{a: b}", "yes",  "-1",
                                                  "1.5", "''", "\"x\"", "10m",    "|",      "&a b", "*a"};
  Lines lines = lines_of(text);
  std::string& line = lines[below(lines.size(), random)];
  const std::size_t colon = line.find(": ");
  if (colon != std::string::npos) line = line.substr(0, colon + 2) + values[below(values.size(), random)];
  return joined(lines);
}

std::string cut_off(const std::string& text, Random& random) { return text.substr(0, below(text.size(), random)); }

std::string without_a_character(const std::string& text, Random& random) {
  std::string mutant = text;
  mutant.erase(below(text.size(), random), 1);
  return mutant;
}

const std::vector<Mutation>& mutations() {
  static const std::vector<Mutation> all = {without_a_line,     with_a_line_twice, indented_otherwise,
                                            with_lines_swapped, misspelt,          with_a_word_elsewhere,
                                            of_another_kind,    cut_off,           without_a_character};
  return all;
}

// The runbooks of this repository, and some that use every key.
std::vector<std::string> originals() {
  std::vector<std::string> texts;
  const fs::path root = fs::path(RUNBOOK_TESTS_FOLDER).parent_path();
  for (const char* folder : {"runbooks", "tests/book/valid"}) {
    for (const fs::directory_entry& entry : fs::directory_iterator(root / folder)) {
      if (entry.path().extension() == ".yaml") texts.push_back(content_of(entry.path()));
    }
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

// What those of the repository use: types with parameters that exclude each other, one of words and one of a tree, and targets.
const Declarations& types_of_originals() {
  static const Declarations all = [] {
    Declarations types = test_types();
    Declaration kubectl;
    kubectl.name = "kubectl";
    kubectl.main_param = "args";
    kubectl.has_process = true;
    kubectl.params = {{"args", Param::Type::words, "words", false, {}, {}},
                      {"rollout", Param::Type::value, "what", false, {}, {}},
                      {"loadbalancer", Param::Type::value, "which", false, {}, {}}};
    for (Param& param : kubectl.params) param.is_one_of = true;
    for (const char* name : {"namespace", "output"})
      kubectl.params.push_back({name, Param::Type::value, "a value", false, {}, {}});
    kubectl.params.push_back({"stdin", Param::Type::input, "standard input", false, {}, {}});
    kubectl.params.back().beside = "args";
    types.push_back(kubectl);
    Declaration kubernetes;
    kubernetes.of = Declaration::Of::target;
    kubernetes.name = "kubernetes";
    kubernetes.main_param = "context";
    kubernetes.params = {{"context", Param::Type::value, "its name", false, {}, {}}};
    types.push_back(kubernetes);
    Declaration aws;
    aws.name = "aws";
    aws.main_param = "call";
    aws.params = {{"call", Param::Type::name, "an operation", false, {}, {}},
                  {"wait", Param::Type::name, "a waiter", false, {}, {}}};
    for (Param& param : aws.params) param.is_one_of = true;
    aws.params.push_back({"params", Param::Type::tree, "its parameters", false, {}, {}});
    types.push_back(aws);
    Declaration account;
    account.of = Declaration::Of::target;
    account.name = "aws";
    account.main_param = "account";
    for (const char* name : {"account", "region", "profile", "assume_role"})
      account.params.push_back({name, Param::Type::value, "a value", false, {}, {}});
    types.push_back(account);
    return types;
  }();
  return all;
}

void check_places(const Loaded& loaded, const SourceText& source) {
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    const Place place = diagnostic.place;
    CAPTURE(diagnostic.message);
    CHECK(diagnostic.length >= 1);
    if (place.line == 0) continue;
    CHECK(place.line <= source.line_count());
    CHECK(place.column >= 1);
    CHECK(place.column <= length_of(source.line(place.line)) + 1);
    CHECK_FALSE(render(diagnostic, source).empty());
  }
}

}  // namespace

TEST_CASE("the_originals_of_the_mutants_are_accepted") {
  REQUIRE(originals().size() >= 3);
  for (const std::string& text : originals())
    for (const Diagnostic& said : load_runbook(source_of(text), types_of_originals()).diagnostics) FAIL_CHECK(said.message);
}

TEST_CASE("a_mutant_is_a_runbook_or_has_an_error_with_its_place") {
  Random random(static_cast<unsigned>(testing::seed()));
  const std::vector<std::string> texts = originals();
  int accepted = 0, refused = 0;
  for (int i = 0; i < 600; ++i) {
    const std::string& original = texts[static_cast<std::size_t>(i) % texts.size()];
    const std::string mutant = mutations()[below(mutations().size(), random)](original, random);
    const SourcePtr source = source_of(mutant);
    const Loaded loaded = load_runbook(source, types_of_originals());
    INFO("seed ", testing::seed(), ", mutant ", i);
    check_places(loaded, *source);
    CHECK((loaded.runbook != nullptr) == !has_errors(loaded.diagnostics));
    CHECK((loaded.runbook != nullptr) == (loaded.errors == 0));
    ++(loaded.runbook ? accepted : refused);
  }
  // Neither side is empty, or this would tell nothing.
  CHECK(accepted > 50);
  CHECK(refused > 50);
}

#include "base/source_text.h"

#include <doctest/doctest.h>

using namespace runbook;

TEST_CASE("lines are given without their ends") {
  const SourceText source("a.yaml", "one\ntwo\r\n\nfour");
  CHECK(source.name() == "a.yaml");
  CHECK(source.line_count() == 4);
  CHECK(source.line(1) == "one");
  CHECK(source.line(2) == "two");
  CHECK(source.line(3) == "");
  CHECK(source.line(4) == "four");
  CHECK(source.line(0) == "");
  CHECK(source.line(5) == "");
}

TEST_CASE("a newline at the end begins no further line") {
  const SourceText source("a.yaml", "one\n");
  CHECK(source.line_count() == 1);
  CHECK(source.place_at(4) == Place{1, 4});
  CHECK(SourceText("empty", "").line_count() == 1);
  CHECK(SourceText("empty", "").place_at(0) == Place{1, 1});
}

TEST_CASE("columns count code points") {
  const SourceText source("a.yaml",
                          "k: gr\xC3\xBC\xC3\x9F"
                          "e # \xF0\x9F\x94\x91!\nnext");
  CHECK(source.place_at(0) == Place{1, 1});
  CHECK(source.place_at(5) == Place{1, 6});    // ü
  CHECK(source.place_at(6) == Place{1, 6});    // its second byte
  CHECK(source.place_at(7) == Place{1, 7});    // ß
  CHECK(source.place_at(17) == Place{1, 13});  // !
  CHECK(source.place_at(19) == Place{2, 1});
  CHECK(source.offset_of({1, 7}) == 7);
  CHECK(source.offset_of({1, 13}) == 17);
  CHECK(source.offset_of({2, 3}) == 21);
}

TEST_CASE("bytes that are not UTF-8 count one column each") {
  const SourceText source("a.yaml", "a\xFF\xC3(\xE2\x82z");
  CHECK(source.place_at(6) == Place{1, 7});
  CHECK(source.offset_of({1, 7}) == 6);
}

TEST_CASE("places outside the text are clamped to it") {
  const SourceText source("a.yaml", "one\r\ntwo");
  CHECK(source.place_at(4) == Place{1, 4});  // within the line's end
  CHECK(source.place_at(999) == Place{2, 4});
  CHECK(source.offset_of({1, 99}) == 3);
  CHECK(source.offset_of({9, 1}) == 8);
  CHECK(source.offset_of({0, 0}) == 0);
  CHECK(source.offset_of({2, 0}) == 5);
}

TEST_CASE("each place leads back to its offset") {
  const SourceText source("a.yaml", "steps:\n  - id: \xC3\xA4\n\n    run: x\n");
  for (std::size_t offset = 0; offset < source.text().size(); ++offset) {
    if ((static_cast<unsigned char>(source.text()[offset]) & 0xC0U) == 0x80U) continue;
    CHECK(source.offset_of(source.place_at(offset)) == offset);
  }
}

TEST_CASE("places in a long line are found, too") {
  std::string text = "first\n";
  for (int i = 0; i < 5'000; ++i) text += "ab\xC3\xA4";
  text += "\r\nlast " + std::string(10'000, 'x') + "\n";
  const SourceText source("a.yaml", text);
  for (const std::size_t ab : {0, 1, 1'023, 1'024, 1'025, 4'999}) {
    const Place place{2, static_cast<int>(3 * ab) + 3};
    CHECK(source.place_at(6 + 4 * ab + 2) == place);
    CHECK(source.place_at(6 + 4 * ab + 3) == place);  // within the letter
    CHECK(source.offset_of(place) == 6 + 4 * ab + 2);
  }
  CHECK(source.offset_of({2, 99'999}) == 6 + 20'000);
  CHECK(source.place_at(source.offset_of({3, 10'000})) == Place{3, 10'000});
  CHECK(source.line(3).size() == 10'005);
}

#include "base/gzip.h"

#include <doctest/doctest.h>
#include <zlib.h>

using namespace runbook;

namespace {

std::string gzipped(std::string bytes) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string numbers() {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + ",";
  return text;
}

}  // namespace

TEST_CASE("what was packed comes back") {
  for (const std::string& text : {std::string(), std::string("a"), numbers()}) {
    CHECK(is_gzip(gzipped(text)));
    CHECK(gunzip(gzipped(text)) == text);
  }
}

TEST_CASE("several members are one text") { CHECK(gunzip(gzipped("one ") + gzipped("") + gzipped("two")) == "one two"); }

TEST_CASE("a cut one is refused, wherever it is cut") {
  const std::string packed = gzipped("a text that is worth the trouble") + gzipped("and a second member");
  const std::size_t first = gzipped("a text that is worth the trouble").size();
  for (std::size_t length = 0; length < packed.size(); ++length) {
    CHECK(gunzip(packed.substr(0, length)).has_value() == (length == first));
  }
}

TEST_CASE("a damaged one is refused") {
  std::string packed = gzipped(numbers());
  packed[packed.size() / 2] ^= 1;
  CHECK_FALSE(gunzip(packed));
  std::string sum = gzipped("text");
  sum[sum.size() - 6] ^= 1;
  CHECK_FALSE(gunzip(sum));
  CHECK_FALSE(gunzip(gzipped("text") + "rest"));
  CHECK_FALSE(gunzip("no gzip at all"));
  CHECK_FALSE(is_gzip("{}"));
}

TEST_CASE("one that grows beyond the bound is refused, one that just fits is not") {
  const std::string bomb = gzipped(std::string(8'000'000, '0'));
  CHECK_FALSE(gunzip(bomb, 7'999'999));
  CHECK(gunzip(bomb, 8'000'000)->size() == 8'000'000);
  CHECK_FALSE(gunzip(gzipped("one") + gzipped("two"), 5));
}

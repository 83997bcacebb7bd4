#include "base/json.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "base/digest.h"
#include "base/error.h"

using namespace runbook;

namespace {

std::string problem(std::string_view text) {
  try {
    parse_json(text);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    CHECK_FALSE(try_parse_json(text).has_value());
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a document comes back as it was written, members in order") {
  const std::string text = R"({"z":1,"a":[true,false,null,-3,0.5,"x"],"m":{},"l":[]})";
  CHECK(to_json(parse_json(text)) == text);
  CHECK(try_parse_json(text) == parse_json(text));
}

TEST_CASE("numbers keep their kind and their value") {
  CHECK(parse_json("1").is_int());
  CHECK(parse_json("1.0").is_double());
  CHECK(parse_json("1e2").is_double());
  CHECK(to_json(Value(1.0)) == "1.0");
  CHECK(to_json(Value(-0.0)) == "-0.0");
  CHECK(to_json(Value(0.1)) == "0.1");
  CHECK(parse_json("9223372036854775807").as_int() == std::numeric_limits<std::int64_t>::max());
  CHECK(parse_json("-9223372036854775808").as_int() == std::numeric_limits<std::int64_t>::min());
  CHECK(parse_json("9223372036854775808").is_double());
  CHECK(parse_json("123456789012345678901234567890").as_number() == 123456789012345678901234567890.0);
  for (const double number : {1.0 / 3, 1e300, 5e-324, 1e16, 123456789.0, 1.7976931348623157e308}) {
    const Value back = parse_json(to_json(Value(number)));
    CHECK(back.is_double());
    CHECK(back.as_number() == number);
  }
}

TEST_CASE("within a sentence text stands without quotes, and all else as JSON") {
  CHECK(text_or_json("a \"b\"") == "a \"b\"");
  CHECK(text_or_json(List{1, "x"}) == "[1,\"x\"]");
  CHECK(text_or_json(Value()) == "null");
}

TEST_CASE("a number that JSON can't write becomes null") {
  CHECK(to_json(Value(std::numeric_limits<double>::infinity())) == "null");
  CHECK(to_json(Value(std::nan(""))) == "null");
}

TEST_CASE("of a repeated key the last value counts") {
  CHECK(to_json(parse_json(R"({"a":1,"b":2,"a":3})")) == R"({"a":3,"b":2})");
  std::string large = "{\"key 0\":\"first\"";
  for (int i = 0; i < 100; ++i) large += ",\"key " + std::to_string(i) + "\":" + std::to_string(i);
  const Value value = parse_json(large + "}");
  CHECK(value.as_map().size() == 100);
  CHECK(value.get("key 0") == Value(0));
  CHECK(value.get("key 99") == Value(99));
}

TEST_CASE("texts are escaped only where they must be") {
  CHECK(to_json(Value("a\"b\\c/\n\r\t\b\f\x01\x7F")) == "\"a\\\"b\\\\c/\\n\\r\\t\\b\\f\\u0001\x7F\"");
  CHECK(to_json(Value("gr\xC3\xBC\xC3\x9F"
                      "e \xF0\x9F\x94\x91")) ==
        "\"gr\xC3\xBC\xC3\x9F"
        "e \xF0\x9F\x94\x91\"");
  CHECK(to_json(Value(std::string("\0", 1))) == "\"\\u0000\"");
  CHECK(parse_json(R"("\u00fc\ud83d\udd11\/")").as_text() == "\xC3\xBC\xF0\x9F\x94\x91/");
}

TEST_CASE("bytes that are not UTF-8 are written as replacement characters") {
  const std::string mark = "\xEF\xBF\xBD";
  CHECK(to_json(Value("a\xFFz")) == "\"a" + mark + "z\"");
  CHECK(to_json(Value("\xC3")) == "\"" + mark + "\"");
  CHECK(to_json(Value("\xC0\xAF")) == "\"" + mark + mark + "\"");                        // overlong
  CHECK(to_json(Value("\xED\xA0\x80")) == "\"" + mark + mark + mark + "\"");             // a surrogate
  CHECK(to_json(Value("\xF4\x90\x80\x80")) == "\"" + mark + mark + mark + mark + "\"");  // beyond Unicode
  for (int byte = 0; byte < 256; ++byte) {
    const Value text(std::string{'x', static_cast<char>(byte)});
    CHECK(try_parse_json(to_json(text)).has_value());
    CHECK(try_parse_json(to_json(Value(Map{{text.as_text(), 1}}))).has_value());
  }
}

TEST_CASE("the readable form has two spaces a level") {
  CHECK(to_pretty_json(parse_json(R"({"a":[1,{"b":2}],"c":[],"d":{}})")) ==
        "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2\n    }\n  ],\n  \"c\": [],\n  \"d\": {}\n}");
}

TEST_CASE("what is no JSON is refused, naming the place") {
  CHECK(problem("{\"a\": ]}") == "not valid JSON: line 1, column 7: unexpected ']'; expected '[', '{', or a literal");
  CHECK(problem("{\n  \"a\": 1,\n}") == "not valid JSON: line 3, column 1: unexpected '}'; expected string literal");
  CHECK(problem("").starts_with("not valid JSON: line 1, column 1: unexpected end of input"));
  CHECK(problem("[1, 1e999]") == "not valid JSON: line 1, column 9: number out of range");
  CHECK(problem("{} x").starts_with("not valid JSON: line 1, column 4: "));
  for (const char* text : {"{", "[1,]", "{'a':1}", "01", "nan", "\"a\nb\"", "\"\xFF\"", "[1] // no", "tru"}) {
    CAPTURE(std::string(text));
    CHECK(problem(text) != "");
  }
}

TEST_CASE("the message about broken JSON does not quote it") {
  CHECK(problem("{\"password\": \"hunter2\n\"}").find("hunter2") == std::string::npos);
  CHECK(problem("[hunter2]").find("hunter") == std::string::npos);
  CHECK(problem("{\"a\" \"hunter2\"}").find("hunter2") == std::string::npos);
}

TEST_CASE("nesting that would exhaust the stack is refused") {
  CHECK(try_parse_json(std::string(500, '[') + std::string(500, ']')).has_value());
  CHECK(problem("[\"[\\\"\",\n" + std::string(500, '[') + std::string(500, ']') + "]") ==
        "not valid JSON: line 2, column 500: nested more than 500 levels deep");
  CHECK_FALSE(try_parse_json(std::string(1'000'000, '[')).has_value());
}

TEST_CASE("values are equal by what they mean") {
  CHECK(Value(1) == Value(1.0));
  CHECK_FALSE(Value(1) == Value(1.5));
  CHECK_FALSE(Value(std::int64_t{9007199254740993}) == Value(9007199254740992.0));
  CHECK_FALSE(Value(std::numeric_limits<std::int64_t>::max()) == Value(9223372036854775808.0));
  CHECK_FALSE(Value(1) == Value(true));
  CHECK_FALSE(Value("1") == Value(1));
  CHECK_FALSE(Value() == Value(false));
  CHECK(parse_json(R"({"a":1,"b":[2]})") == parse_json(R"({"b":[2.0],"a":1})"));
  CHECK_FALSE(parse_json(R"({"a":1,"b":2})") == parse_json(R"({"a":1,"c":2})"));
  CHECK_FALSE(parse_json(R"({"a":1})") == parse_json(R"({"a":1,"b":2})"));
  CHECK_FALSE(parse_json("[1,2]") == parse_json("[2,1]"));
}

TEST_CASE("members are read with a fallback, and set in a copy") {
  const Value value = object({{"text", "x"}, {"number", 7}, {"is_set", true}});
  CHECK(value.text_or("text", "-") == "x");
  CHECK(value.text_or("number", "-") == "-");
  CHECK(value.int_or("number", 0) == 7);
  CHECK(value.int_or("none", 3) == 3);
  CHECK(value.bool_or("is_set", false));
  CHECK(value.get("none").is_null());
  CHECK(Value("text").find("text") == nullptr);
  CHECK(to_json(with(value, "number", 8)) == R"({"text":"x","number":8,"is_set":true})");
  CHECK(to_json(with(Value(), "a", 1)) == R"({"a":1})");
  CHECK(value.get("number") == Value(7));
  CHECK(Value(1).type_name() == "int");
  CHECK(Value(1.5).type_name() == "number");
  CHECK(value.type_name() == "map");
}

TEST_CASE("digests agree with the published vectors") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 digest;
  digest.update("a");
  digest.update("bc");
  CHECK(to_hex(digest.finish()) == sha256_hex("abc"));
  CHECK(crc32("123456789") == 0xCBF43926U);
}

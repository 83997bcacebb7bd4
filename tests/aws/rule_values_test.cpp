#include "plugins/aws/rule_values.h"

#include <doctest/doctest.h>

#include <string>

#include "base/json.h"

using namespace runbook;
using namespace runbook::aws;

TEST_CASE("a_host_label_is_letters_digits_and_inner_hyphens") {
  CHECK(is_host_label("a", Dots::refused));
  CHECK(is_host_label("My-Bucket-9", Dots::refused));
  CHECK(is_host_label(std::string(63, 'a'), Dots::refused));
  for (const char* wrong : {"", "-a", "a-", "a_b", "a b", "a.b", "a/b", "\xC3\xA9"}) {
    INFO(wrong);
    CHECK_FALSE(is_host_label(wrong, Dots::refused));
  }
  CHECK_FALSE(is_host_label(std::string(64, 'a'), Dots::refused));
}

TEST_CASE("with_dots_each_label_counts") {
  CHECK(is_host_label("a.b-c.d", Dots::allowed));
  CHECK_FALSE(is_host_label("a..b", Dots::allowed));
  CHECK_FALSE(is_host_label(".a", Dots::allowed));
  CHECK_FALSE(is_host_label("a.", Dots::allowed));
  CHECK_FALSE(is_host_label("a.-b", Dots::allowed));
}

TEST_CASE("a_bucket_can_be_a_host_unless_its_name_is_short_or_capital_or_an_address") {
  CHECK(is_virtual_hostable_bucket("logs-2024", Dots::refused));
  CHECK(is_virtual_hostable_bucket("logs.example.com", Dots::allowed));
  for (const char* wrong : {"ab", "Logs", "logs.example.com", "logs_2024", "192.168.0.1"}) {
    INFO(wrong);
    CHECK_FALSE(is_virtual_hostable_bucket(wrong, Dots::refused));
  }
  CHECK_FALSE(is_virtual_hostable_bucket("192.168.0.1", Dots::allowed));
  CHECK(is_virtual_hostable_bucket("192.168.0.1a", Dots::allowed));
}

TEST_CASE("a_url_is_taken_apart") {
  const Value url = parsed_url("http://example.com:8080/foo/bar");
  CHECK(url.text_or("scheme", "") == "http");
  CHECK(url.text_or("authority", "") == "example.com:8080");
  CHECK(url.text_or("path", "") == "/foo/bar");
  CHECK(url.text_or("normalizedPath", "") == "/foo/bar/");
  CHECK_FALSE(url.bool_or("isIp", true));
  CHECK(parsed_url("https://example.com").text_or("normalizedPath", "") == "/");
  CHECK(parsed_url("https://example.com/a//b/../c/./").text_or("normalizedPath", "") == "/a/c/");
}

TEST_CASE("a_url_may_name_an_address") {
  CHECK(parsed_url("https://127.0.0.1").bool_or("isIp", false));
  CHECK(parsed_url("http://10.0.0.1:9000/x").bool_or("isIp", false));
  CHECK(parsed_url("https://[fe80::1]").bool_or("isIp", false));
  CHECK(parsed_url("https://[fe80::1]:8443").text_or("authority", "") == "[fe80::1]:8443");
  CHECK_FALSE(parsed_url("https://1.2.3").bool_or("isIp", true));
  CHECK_FALSE(parsed_url("https://localhost:5000").bool_or("isIp", true));
}

TEST_CASE("what_is_no_url_of_a_service_is_null") {
  for (const char* wrong :
       {"example.com", "localhost:5000", "ftp://example.com", "https://example.com?foo=bar", "https://example.com/#a",
        "https://", "https://:80", "https://example.com:http", "https://example.com:99999", "https://exa mple.com", ""}) {
    INFO(wrong);
    CHECK(parsed_url(wrong).is_null());
  }
}

TEST_CASE("an_arn_is_taken_apart") {
  const Value arn = parsed_arn("arn:aws:s3:us-west-2:123456789012:accesspoint:mine/sub");
  CHECK(arn.text_or("partition", "") == "aws");
  CHECK(arn.text_or("service", "") == "s3");
  CHECK(arn.text_or("region", "") == "us-west-2");
  CHECK(arn.text_or("accountId", "") == "123456789012");
  CHECK(to_json(arn.get("resourceId")) == R"(["accesspoint","mine","sub"])");
  CHECK(parsed_arn("arn:aws:iam:::x").text_or("region", "-").empty());
}

TEST_CASE("what_is_no_arn_is_null") {
  for (const char* wrong : {"", "bucket", "arn:aws:s3:::", "arn::s3:::x", "arn:aws::::x", "arm:aws:s3:::x", "arn:aws:s3:x"}) {
    INFO(wrong);
    CHECK(parsed_arn(wrong).is_null());
  }
}

TEST_CASE("a_substring_counts_from_either_end_and_is_whole_or_null") {
  CHECK(substring("abcdef", 0, 4, From::begin) == Value("abcd"));
  CHECK(substring("abcdef", 0, 4, From::end) == Value("cdef"));
  CHECK(substring("abcdef", 1, 3, From::end) == Value("de"));
  CHECK(substring("abc", 0, 3, From::begin) == Value("abc"));
  CHECK(substring("abc", 0, 4, From::begin).is_null());
  CHECK(substring("abc", 2, 2, From::begin).is_null());
  CHECK(substring("abc", -1, 2, From::begin).is_null());
  CHECK(substring("ab\xC3\xA9", 0, 1, From::begin).is_null());
}

TEST_CASE("a_text_is_split_into_at_most_so_many_parts") {
  CHECK(to_json(split("a--b--c", "--", 0)) == R"(["a","b","c"])");
  CHECK(to_json(split("a--b--c", "--", 2)) == R"(["a","b--c"])");
  CHECK(to_json(split("a--b--c", "--", 1)) == R"(["a--b--c"])");
  CHECK(to_json(split("", "--", 0)) == R"([""])");
  CHECK(to_json(split("----", "--", 0)) == R"(["","",""])");
  CHECK(to_json(split("abc", "x", 0)) == R"(["abc"])");
  CHECK(split("abc", "", 0).is_null());
}

TEST_CASE("an_attribute_is_found_by_keys_and_indexes") {
  const Value value = parse_json(R"({"a": {"b": ["x", "y", "z"]}, "list": [[1, 2]]})");
  CHECK(attribute(value, "a.b[0]") == Value("x"));
  CHECK(attribute(value, "a.b[-1]") == Value("z"));
  CHECK(attribute(value, "a.b[3]").is_null());
  CHECK(attribute(value, "a.b[-4]").is_null());
  CHECK(attribute(value, "a.c").is_null());
  CHECK(attribute(value, "a.c[0]").is_null());
  CHECK(attribute(value.get("list"), "[0]") == parse_json("[1, 2]"));
  CHECK(attribute(value, "a.b[x]").is_null());
}

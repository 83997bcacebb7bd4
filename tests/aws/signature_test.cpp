#include "plugins/aws/signature.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/digest.h"
#include "base/error.h"
#include "plugins/aws/canonical_request.h"

using namespace runbook;
using namespace runbook::aws;

namespace {

const Credentials keys = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", {}, {}, {}, {}};

SigningScope scope() {
  SigningScope scope;
  scope.region = "us-east-1";
  scope.service = "service";
  scope.at_ms = 1'440'938'160'000;
  return scope;
}

std::string header(const Signed& request, std::string_view name) {
  std::string found;
  for (const auto& [key, value] : request.headers)
    if (is_header(key, name)) found += found.empty() ? value : "|" + value;
  return found;
}

bool signs(const Signed& request, const std::string& line) {
  return request.canonical_request.find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("a path is normalised and encoded once more, and S3's is left as it is sent") {
  CHECK(canonical_path("") == "/");
  CHECK(canonical_path("/a%20b/c") == "/a%2520b/c");
  CHECK(canonical_path("/a//b/./c/../d/") == "/a/b/d/");
  CHECK(canonical_path("/../../a") == "/a");
  WireRequest request;
  request.method = "GET";
  request.path = "/my-object//example//photo%20of.user";
  SigningScope s3 = scope();
  s3.path = SigningScope::Path::as_sent;
  CHECK(sign(request, "h", keys, s3).canonical_request.starts_with("GET\n/my-object//example//photo%20of.user\n"));
  CHECK(sign(request, "h", keys, scope()).canonical_request.starts_with("GET\n/my-object/example/photo%2520of.user\n"));
}

TEST_CASE("a query is sorted by encoded names and values, and a name alone has an equals sign") {
  CHECK(canonical_query({{"b", "2"}, {"a", "x y"}, {"acl", std::nullopt}, {"a", "+"}}) == "a=%2B&a=x%20y&acl=&b=2");
  CHECK(canonical_query({{"a-", "1"}, {"a", "2"}, {"a/", "3"}}) == "a=2&a%2F=3&a-=1");
  CHECK(canonical_query({}).empty());
}

TEST_CASE("headers that proxies change are not signed, and the host is that of the connection") {
  WireRequest request;
  request.headers = {{"User-Agent", "x"},   {"Expect", "100-continue"}, {"X-Amzn-Trace-Id", "1"},
                     {"Host", "elsewhere"}, {"X-A", " one   two "},     {"x-a", "three"}};
  const Signed made = sign(request, "localhost:5000", keys, scope());
  CHECK(signs(made, "host:localhost:5000"));
  CHECK(signs(made, "x-a:one two,three"));
  CHECK(signs(made, "host;x-a;x-amz-date"));
  CHECK(header(made, "user-agent") == "x");  // sent all the same
}

TEST_CASE("what is signed anew replaces what an earlier signature has left") {
  Credentials session = keys;
  session.session_token = "first";
  const Signed first = sign(WireRequest(), "h", session, scope());
  WireRequest again;
  again.headers = first.headers;
  session.session_token = "second";
  const Signed second = sign(again, "h", session, scope());
  CHECK(header(second, "x-amz-security-token") == "second");
  CHECK(signs(second, "x-amz-security-token:second"));
  CHECK(header(second, "authorization").find('|') == std::string::npos);
}

TEST_CASE("the date of the request counts, and without one that of the scope") {
  CHECK(header(sign(WireRequest(), "h", keys, scope()), "x-amz-date") == "20150830T123600Z");
  WireRequest dated;
  dated.headers = {{"X-Amz-Date", "20200102T030405Z"}};
  const Signed made = sign(dated, "h", keys, scope());
  CHECK(header(made, "x-amz-date") == "20200102T030405Z");
  CHECK(header(made, "authorization").find("/20200102/us-east-1/service/aws4_request") != std::string::npos);
}

TEST_CASE("a body in a file is signed like the same body in memory") {
  const auto file = std::filesystem::temp_directory_path() / ("signature_test.body." + std::to_string(::getpid()));
  const std::string body(200'000, 'x');
  std::ofstream(file) << body;
  WireRequest in_memory, in_file;
  in_memory.body = body;
  in_file.body_file = file.string();
  SigningScope named = scope();
  named.names_payload = true;
  const Signed made = sign(in_file, "h", keys, named);
  CHECK(made.canonical_request == sign(in_memory, "h", keys, named).canonical_request);
  CHECK(header(made, "x-amz-content-sha256") == sha256_hex(body));
  CHECK(signs(made, "x-amz-content-sha256:" + sha256_hex(body)));
  std::filesystem::remove(file);
  CHECK_THROWS_AS(sign(in_file, "h", keys, named), Error);
}

TEST_CASE("an unsigned body is named as such") {
  SigningScope open = scope();
  open.payload = SigningScope::Payload::unsigned_body;
  WireRequest request;
  request.body_file = "/nowhere/at/all";
  CHECK(sign(request, "h", keys, open).canonical_request.ends_with("\nUNSIGNED-PAYLOAD"));
}

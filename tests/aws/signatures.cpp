// Runs the cases of AWS's Signature Version 4 test suite: a folder for each, nested ones too, with X.req (a request), X.creq (its canonical
// form), X.sts (what is signed) and X.authz (the header Authorization). Where the token is in the request, in a `context.json`
// ({credentials: {access_key_id, secret_access_key, token}, region, service, timestamp, normalize, sign_body, omit_session_token}) or, if
// X.authz signs one, in X.sreq (the signed request), it is that of the credentials.
// Usage: signatures DATA, of which the folder `sigv4` is read; RUNBOOK_CONFORMANCE_DATA names another. Exits with 77 where there is none.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/json.h"
#include "base/lines.h"
#include "base/percent.h"
#include "base/timestamp.h"
#include "base/trimmed.h"
#include "os/files.h"
#include "plugins/aws/canonical_request.h"
#include "plugins/aws/signature.h"

using namespace runbook;
using namespace runbook::aws;
namespace fs = std::filesystem;

namespace {

struct Case {
  WireRequest request;
  std::string host;
  Credentials credentials;
  SigningScope scope;
};

Query query_of(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) query.emplace_back(percent_decoded(pair), std::nullopt);
    else query.emplace_back(percent_decoded(pair.substr(0, equals)), percent_decoded(pair.substr(equals + 1)));
  }
  return query;
}

// "GET /a b?c=d HTTP/1.1": the suite does not encode what stands between the blanks.
void read_first_line(std::string_view line, WireRequest& request) {
  const std::size_t begin = std::min(line.find(' '), line.size()), end = line.rfind(" HTTP/");
  request.method = line.substr(0, begin);
  const std::string_view target = end == std::string_view::npos || end <= begin ? "/" : line.substr(begin + 1, end - begin - 1);
  const std::size_t mark = std::min(target.find('?'), target.size());
  request.path = target.substr(0, mark);
  if (mark < target.size()) request.query = query_of(target.substr(mark + 1));
}

WireRequest read_request(const std::string& text) {
  WireRequest request;
  std::size_t at = 0;
  for (bool is_first = true; at < text.size(); is_first = false) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = without_line_ends(text.substr(at, end - at));
    at = std::min(end + 1, text.size());
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (is_first) read_first_line(line, request);
    else if (!request.headers.empty() && (line.front() == ' ' || line.front() == '\t' || colon == std::string::npos))
      request.headers.back().second += "\n" + line;
    else request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
  request.body = text.substr(at);
  return request;
}

// The value of a header, which is taken out.
std::string take_header(HttpHeaders& headers, std::string_view lower_case_name) {
  std::string value;
  std::erase_if(headers, [&](const auto& header) {
    if (!is_header(header.first, lower_case_name)) return false;
    value = trimmed(header.second);
    return true;
  });
  return value;
}

std::string text_of(const fs::path& file) { return try_read_file(file).value_or(""); }

void apply_context(const Value& context, Case& test) {
  const Value keys = context.get("credentials");
  test.credentials.access_key = keys.text_or("access_key_id", test.credentials.access_key);
  test.credentials.secret_key = keys.text_or("secret_access_key", test.credentials.secret_key);
  test.credentials.session_token = keys.text_or("token", test.credentials.session_token);
  test.scope.region = context.text_or("region", test.scope.region);
  test.scope.service = context.text_or("service", test.scope.service);
  test.scope.names_payload = context.bool_or("sign_body", false);
  if (const auto at = parse_timestamp(context.text_or("timestamp", ""))) test.scope.at_ms = at->seconds * 1000;
  if (context.bool_or("omit_session_token", false)) test.credentials.session_token.clear();
  if (context.bool_or("normalize", true)) return;
  test.scope.path = SigningScope::Path::as_sent;
  test.request.path = percent_encoded(percent_decoded(test.request.path), "/");
}

Case read_case(const fs::path& stem) {
  Case test;
  test.request = read_request(text_of(stem.string() + ".req"));
  test.host = take_header(test.request.headers, "host");
  test.credentials = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", {}, {}, {}, {}};
  test.scope.region = "us-east-1";
  test.scope.service = "service";
  test.scope.at_ms = 1'440'938'160'000;  // 2015-08-30T12:36:00Z
  test.credentials.session_token = take_header(test.request.headers, "x-amz-security-token");
  const bool signs_token = text_of(stem.string() + ".authz").find("x-amz-security-token") != std::string::npos;
  if (signs_token && test.credentials.session_token.empty()) {
    WireRequest sent = read_request(text_of(stem.string() + ".sreq"));
    test.credentials.session_token = take_header(sent.headers, "x-amz-security-token");
  }
  if (const auto context = try_read_file(stem.parent_path() / "context.json")) apply_context(parse_json(*context), test);
  return test;
}

bool is_same(const fs::path& stem, const char* kind, const std::string& found) {
  std::string wanted = text_of(stem.string() + kind);
  std::erase(wanted, '\r');
  wanted = without_line_ends(std::move(wanted));
  if (wanted == found) return true;
  fmt::print("{}{}:\nwanted {}\nfound  {}\n", stem.filename().string(), kind, wanted, found);
  return false;
}

bool passes(const fs::path& stem) {
  const Case test = read_case(stem);
  Signed made = sign(test.request, test.host, test.credentials, test.scope);
  return is_same(stem, ".creq", made.canonical_request) && is_same(stem, ".sts", made.string_to_sign) &&
         is_same(stem, ".authz", take_header(made.headers, "authorization"));
}

}  // namespace

int main(int argc, char** argv) {
  const char* named = std::getenv("RUNBOOK_CONFORMANCE_DATA");
  const fs::path folder = fs::path(named ? named : argc > 1 ? argv[1] : ".") / "sigv4";
  if (!fs::is_directory(folder)) {
    fmt::print("skipped: the cases of Signature Version 4 are not there ({})\n", folder.string());
    return 77;
  }
  std::vector<fs::path> stems;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".req") stems.push_back(entry.path().parent_path() / entry.path().stem());
  std::sort(stems.begin(), stems.end());
  const auto wrong = std::count_if(stems.begin(), stems.end(), [](const fs::path& stem) { return !passes(stem); });
  fmt::print("{} cases, {} wrong\n", stems.size(), wrong);
  return wrong == 0 && !stems.empty() ? 0 : 1;
}

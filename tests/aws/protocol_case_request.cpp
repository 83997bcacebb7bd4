#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "aws/protocol_case.h"
#include "base/json.h"
#include "base/percent.h"
#include "base/trimmed.h"
#include "base/xml.h"
#include "plugins/aws/protocol.h"

namespace runbook::aws {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

const std::string* header_of(const WireRequest& request, const std::string& name) {
  for (const auto& [own, value] : request.headers) {
    if (lower(own) == lower(name)) return &value;
  }
  return nullptr;
}

// Items of a list are divided by a comma and whatever blanks (RFC 9110, section 5.6.1).
std::string without_blanks_behind_commas(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' || out.empty() || out.back() != ',') out += c;
  }
  return out;
}

using Pairs = std::vector<std::string>;

Pairs form_fields(const std::string& body) {
  Pairs fields;
  for (std::size_t at = 0; at <= body.size();) {
    const std::size_t end = std::min(body.find('&', at), body.size());
    fields.push_back(percent_decoded(body.substr(at, end - at)));
    at = end + 1;
  }
  std::sort(fields.begin(), fields.end());
  return fields;
}

// The same for elements that say the same: blanks between elements and the order of siblings with different names do not count.
std::string canonical(const XmlElement& element) {
  std::vector<std::string> attributes, children;
  for (const auto& [name, value] : element.attributes) attributes.push_back(name + "=" + value);
  std::sort(attributes.begin(), attributes.end());
  std::vector<const XmlElement*> sorted;
  for (const XmlElement& child : element.children) sorted.push_back(&child);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  std::string out = "<" + element.name;
  for (const std::string& attribute : attributes) out += " " + attribute;
  out += ">" + (element.children.empty() ? element.text : std::string(trimmed(element.text)));
  for (const XmlElement* child : sorted) out += canonical(*child);
  return out + "</>";
}

std::string canonical_xml(const std::string& text) {
  std::string why;
  const auto root = parse_xml(text, why);
  return root ? canonical(*root) : text;
}

bool is_same_body(const std::string& type, const std::string& wanted, const std::string& found) {
  if (type == "form") return form_fields(wanted) == form_fields(found);
  if (wanted.empty() || found.empty()) return wanted == found;
  if (type == "xml") return canonical_xml(wanted) == canonical_xml(found);
  const auto wanted_json = try_parse_json(wanted), found_json = try_parse_json(found);
  return wanted_json && found_json ? *wanted_json == *found_json : wanted == found;
}

std::string body_complaint(const std::string& protocol, const Value& wanted, const WireRequest& request) {
  const Value* body = wanted.find("body");
  if (body == nullptr || !body->is_text()) return "";
  const std::string type = protocol == "query" || protocol == "ec2" ? "form" : protocol == "rest-xml" ? "xml" : "json";
  if (is_same_body(type, body->as_text(), request.body)) return "";
  return fmt::format("body: wanted {}, found {}", body->as_text(), request.body);
}

// HTTP adds it where there is a body.
bool is_sent_by_http(const std::string& name, const WireRequest& request) {
  return lower(name) == "content-length" && !request.body.empty();
}

std::string header_complaint(const Value& wanted, const WireRequest& request) {
  const Value headers = wanted.get("headers");
  if (headers.is_map()) {
    for (const auto& [name, value] : headers.as_map()) {
      const std::string* found = header_of(request, name);
      if (found == nullptr) return fmt::format("header {}: wanted {}, found none", name, value.as_text());
      if (without_blanks_behind_commas(*found) != without_blanks_behind_commas(value.as_text()))
        return fmt::format("header {}: wanted {}, found {}", name, value.as_text(), *found);
    }
  }
  for (const std::string& name : texts_in(wanted.get("requireHeaders"))) {
    if (header_of(request, name) == nullptr && !is_sent_by_http(name, request))
      return fmt::format("header {} is missing", name);
  }
  for (const std::string& name : texts_in(wanted.get("forbidHeaders"))) {
    if (header_of(request, name) != nullptr || is_sent_by_http(name, request)) return fmt::format("header {} is sent", name);
  }
  return "";
}

std::string host_complaint(const Value& suite, const Value& wanted, const WireRequest& request) {
  const std::string host = wanted.text_or("resolvedHost", wanted.text_or("host", ""));
  if (host.empty()) return "";
  const std::string endpoint = suite.text_or("clientEndpoint", "https://example.com");
  const std::string found = request.host_prefix + endpoint.substr(endpoint.find("://") + 3);
  return found == host ? "" : fmt::format("host: wanted {}, found {}", host, found);
}

}  // namespace

std::string complaint_about_request(const Value& suite, const Value& test) {
  const ServiceModel model("conformance", source_of_document(suite));
  const Operation operation = read_operation(test.get("given").text_or("name", ""), test.get("given"));
  const WireRequest request = write_request(model, operation, test.get("params"), "/");
  const Value wanted = test.get("serialized");
  const std::string query = query_text(request.query);
  const std::string uri = request.path + (query.empty() ? "" : "?" + query);
  if (wanted.text_or("method", request.method) != request.method) return "method: found " + request.method;
  if (wanted.text_or("uri", uri) != uri) return fmt::format("uri: wanted {}, found {}", wanted.text_or("uri", ""), uri);
  for (const std::string& wrong :
       {header_complaint(wanted, request), body_complaint(model.metadata().protocol, wanted, request),
        host_complaint(suite, wanted, request)}) {
    if (!wrong.empty()) return wrong;
  }
  return "";
}

}  // namespace runbook::aws

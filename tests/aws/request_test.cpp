#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "aws/wire_fixture.h"
#include "base/base64.h"
#include "base/digest.h"

using namespace runbook;
using namespace runbook::aws;

namespace {

const char* const object_shapes = R"({
  "Input": {"type": "structure", "payload": "Body", "members": {
    "Bucket": {"shape": "Text", "location": "uri", "locationName": "Bucket"},
    "Key": {"shape": "Text", "location": "uri", "locationName": "Key"},
    "Version": {"shape": "Text", "location": "querystring", "locationName": "versionId"},
    "Type": {"shape": "Text", "location": "header", "locationName": "Content-Type"},
    "Algorithm": {"shape": "Text", "location": "header", "locationName": "x-amz-sdk-checksum-algorithm"},
    "Md5": {"shape": "Text", "location": "header", "locationName": "Content-MD5"},
    "Sha": {"shape": "Text", "location": "header", "locationName": "x-amz-checksum-sha256"},
    "Tags": {"shape": "Texts", "location": "header", "locationName": "x-tags"},
    "Since": {"shape": "Time", "location": "header", "locationName": "x-since"},
    "Meta": {"shape": "TextMap", "location": "headers", "locationName": "x-amz-meta-"},
    "Body": {"shape": "Stream"}}},
  "Text": {"type": "string"}, "Texts": {"type": "list", "member": {"shape": "Text"}}, "Time": {"type": "timestamp"},
  "TextMap": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
  "Stream": {"type": "blob", "streaming": true}})";

Service put_object() {
  return {
      "rest-xml", object_shapes,
      R"({"name": "Put", "http": {"method": "PUT", "requestUri": "/{Bucket}/{Key+}?x-id=Put&acl"}, "input": {"shape": "Input"},
              "httpChecksum": {"requestAlgorithmMember": "Algorithm"}})"};
}

Service put_checked(bool may_choose) {
  return {"rest-xml", object_shapes,
          std::string(R"({"http": {"method": "PUT", "requestUri": "/"}, "input": {"shape": "Input"}, )") +
              (may_choose ? R"("httpChecksum": {"requestAlgorithmMember": "Algorithm", "requestChecksumRequired": true}})"
                          : R"("httpChecksumRequired": true})")};
}

const char* const value_shapes = R"({
  "Input": {"type": "structure", "members": {
    "Whole": {"shape": "Long"}, "Real": {"shape": "Double"}, "Time": {"shape": "Time"}, "Bytes": {"shape": "Bytes"},
    "Items": {"shape": "List"}, "Flat": {"shape": "List", "flattened": true}, "Any": {"shape": "Document"},
    "Json": {"shape": "Text", "jsonvalue": true}, "Text": {"shape": "Text"}, "Account": {"shape": "Text", "hostLabel": true}}},
  "Long": {"type": "long"}, "Double": {"type": "double"}, "Time": {"type": "timestamp"}, "Bytes": {"type": "blob"},
  "Text": {"type": "string"}, "List": {"type": "list", "member": {"shape": "Text"}},
  "Document": {"type": "structure", "members": {}, "document": true}})";

Service service_of(const std::string& protocol) {
  return {protocol, value_shapes, R"({"http": {"method": "POST", "requestUri": "/"}, "input": {"shape": "Input"}})"};
}

// Of this process alone, and gone with it.
struct FolderOfFiles {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("runbook-aws-request-test." + std::to_string(::getpid()));
  ~FolderOfFiles() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

std::filesystem::path file_with(const std::string& name, const std::string& bytes) {
  static const FolderOfFiles folder{};
  std::filesystem::create_directories(folder.path);
  std::ofstream(folder.path / name, std::ios::binary) << bytes;
  return folder.path;
}

}  // namespace

TEST_CASE("a greedy label keeps its slashes, also double ones, and every other byte is encoded once") {
  const WireRequest request = put_object().request(R"({"Bucket": "a/b", "Key": "x//y z/ü+%2F~"})");
  CHECK(request.path == "/a%2Fb/x//y%20z/%C3%BC%2B%252F~");
}

TEST_CASE("an empty or missing label is refused: the path would name something else") {
  CHECK(put_object().why_not(R"({"Bucket": "b", "Key": ""})") ==
        "`Key` must be given and not be empty: it stands in the path /{Bucket}/{Key+}?x-id=Put&acl");
  CHECK(put_object().why_not(R"({"Key": "k"})").starts_with("`Bucket` must be given"));
  CHECK(put_object().why_not(R"({"Bucket": "..", "Key": "k"})").starts_with("`Bucket` can't be `..`"));
}

TEST_CASE("the query is written once, from decoded pairs, and keeps what has no value") {
  const WireRequest request = put_object().request(R"({"Bucket": "b", "Key": "k", "Version": "a b&c=d/é"})");
  CHECK(query_text(request.query) == "x-id=Put&acl&versionId=a%20b%26c%3Dd%2F%C3%A9");
  CHECK(query_text({{"empty", ""}, {"none", std::nullopt}, {"=", "+"}}) == "empty=&none&%3D=%2B");
  CHECK(query_text({}).empty());
}

TEST_CASE("no value can end a header and begin another") {
  CHECK(put_object().why_not("{\"Bucket\": \"b\", \"Key\": \"k\", \"Meta\": {\"a\": \"x\\r\\nAuthorization: y\"}}") ==
        "the header `x-amz-meta-a` can't hold line breaks or control characters");
  CHECK(
      put_object().why_not("{\"Bucket\": \"b\", \"Key\": \"k\", \"Meta\": {\"a: b\": \"x\"}}").find("is no name of a header") !=
      std::string::npos);
}

TEST_CASE("lists in headers quote what holds a comma, and an empty one is not sent") {
  const Service service = put_object();
  CHECK(header_of(service.request(R"({"Bucket": "b", "Key": "k", "Tags": ["a,b", "c", "d\"e"]})"), "x-tags") ==
        R"("a,b",c,"d\"e")");
  CHECK(header_of(service.request(R"({"Bucket": "b", "Key": "k", "Tags": []})"), "x-tags") == "none");
  CHECK(header_of(service.request(R"({"Bucket": "b", "Key": "k", "Since": "2015-01-01T01:00:00+01:00"})"), "x-since") ==
        "Thu, 01 Jan 2015 00:00:00 GMT");
}

TEST_CASE("a file is sent from where it lies, and one that is not there is said before anything is sent") {
  const auto folder = file_with("body.bin", std::string("\0\xFF", 2));
  const WireRequest request = put_object().request(R"({"Bucket": "b", "Key": "k", "Body": {"file": "body.bin"}})", folder);
  CHECK(request.body_file == (folder / "body.bin").string());
  CHECK(request.body.empty());
  const std::string why = put_object().why_not(R"({"Bucket": "b", "Key": "k", "Body": {"file": "gone.bin"}})", folder);
  CHECK(why == "opening " + (folder / "gone.bin").string() + ": No such file or directory");
  CHECK(put_object().why_not(R"({"Bucket": "b", "Key": "k", "Body": {"file": "."}})", folder).find("is a folder") !=
        std::string::npos);
}

TEST_CASE("a blob within a body is read from its file, or given as text or base64") {
  const auto folder = file_with("blob.bin", std::string("\0\xFF", 2));
  const Service service = service_of("json");
  CHECK(service.request(R"({"Bytes": {"file": "blob.bin"}})", folder).body == R"({"Bytes":"AP8="})");
  CHECK(service.request(R"({"Bytes": "hé"})").body == R"({"Bytes":"aMOp"})");
  CHECK(service.request(R"({"Bytes": {"base64": "AP8="}})").body == R"({"Bytes":"AP8="})");
  CHECK(service.why_not(R"({"Bytes": {"base64": "no base64"}})") ==
        "bytes are given as text, as {base64: text in base64} or as {file: path}");
}

TEST_CASE("a body that says no type has one, and one that the params name counts") {
  const Service service = put_object();
  CHECK(header_of(service.request(R"({"Bucket": "b", "Key": "k", "Body": "x"})"), "Content-Type") ==
        "application/octet-stream");
  CHECK(header_of(service.request(R"({"Bucket": "b", "Key": "k", "Body": "x", "Type": "text/css"})"), "Content-Type") ==
        "text/css");
  CHECK(header_of(service.request(R"({"Bucket": "b", "Key": "k"})"), "Content-Type") == "none");
}

TEST_CASE("a checksum is sent where the model requires one, by the algorithm that was chosen") {
  const WireRequest required = put_checked(true).request(R"({"Body": "123456789"})");
  CHECK(header_of(required, "x-amz-checksum-crc32") == base64("\xCB\xF4\x39\x26"));
  CHECK(header_of(required, "x-amz-sdk-checksum-algorithm") == "CRC32");
  CHECK(header_of(put_checked(true).request(R"({"Body": "abc", "Algorithm": "SHA256"})"), "x-amz-checksum-sha256") ==
        base64(sha256("abc")));
  CHECK(header_of(put_checked(true).request(R"({"Body": "123456789", "Algorithm": "CRC32C"})"), "x-amz-checksum-crc32c") ==
        base64("\xE3\x06\x92\x83"));
  CHECK(header_of(put_checked(false).request(R"({"Body": "abc"})"), "Content-MD5") == "kAFQmDzST7DWlj99KOF/cg==");
  CHECK(put_checked(true).why_not(R"({"Body": "abc", "Algorithm": "CRC64NVME"})") ==
        "checksums by crc64nvme are not made here");
}

TEST_CASE("a checksum that the params give is not made again, and none is made unasked") {
  const WireRequest given = put_checked(true).request(R"({"Body": "abc", "Sha": "mine"})");
  CHECK(header_of(given, "x-amz-checksum-sha256") == "mine");
  CHECK(header_of(given, "x-amz-checksum-crc32") == "none");
  CHECK(put_checked(false).request(R"({"Body": "abc", "Md5": "mine"})").headers.size() == 2);  // and Content-Type
  CHECK(put_object().request(R"({"Bucket": "b", "Key": "k", "Body": "abc"})").headers.size() == 1);
}

TEST_CASE("the checksum of a file is that of its bytes, also of an empty one") {
  const auto folder = file_with("sum.bin", "abc");
  file_with("empty.bin", "");
  CHECK(header_of(put_checked(true).request(R"({"Body": {"file": "sum.bin"}, "Algorithm": "SHA1"})", folder),
                  "x-amz-checksum-sha1") == "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
  CHECK(header_of(put_checked(false).request(R"({"Body": {"file": "empty.bin"}})", folder), "Content-MD5") ==
        "1B2M2Y8AsgTpgAmY7PhCfg==");
}

TEST_CASE("whole numbers of 64 bits are sent exactly in every protocol") {
  const char* const params = R"({"Whole": -9223372036854775808})";
  CHECK(service_of("json").request(params).body == R"({"Whole":-9223372036854775808})");
  CHECK(service_of("query").request(R"({"Whole": 9007199254740993})").body ==
        "Action=Play&Version=2020-01-01&Whole=9007199254740993");
  CHECK(service_of("rest-xml").request(params).body == "<Input><Whole>-9223372036854775808</Whole></Input>");
}

TEST_CASE("what is no number in JSON is sent as its name") {
  Service service = service_of("rest-json");
  const Value params = object({{"Real", std::numeric_limits<double>::infinity()}});
  CHECK(write_request(service.model, service.operation, params, "/").body == R"({"Real":"Infinity"})");
  CHECK(service.request(R"({"Real": "NaN"})").body == R"({"Real":"NaN"})");
}

TEST_CASE("a point in time is taken as text or seconds, and what is none is refused") {
  CHECK(service_of("json").request(R"({"Time": "2015-01-01T00:00:00.5Z"})").body == R"({"Time":1420070400.5})");
  CHECK(service_of("query").request(R"({"Time": 1420070400})").body.ends_with("&Time=2015-01-01T00%3A00%3A00Z"));
  CHECK(service_of("json").why_not(R"({"Time": "soon"})") == "soon is no point in time; write \"2015-01-01T00:00:00Z\"");
}

TEST_CASE("an empty list is said in query and left out in ec2") {
  CHECK(service_of("query").request(R"({"Items": [], "Flat": ["a", null, "b"]})").body ==
        "Action=Play&Version=2020-01-01&Items=&Flat.1=a&Flat.2=b");
  CHECK(service_of("ec2").request(R"({"Items": [], "Flat": ["a"]})").body == "Action=Play&Version=2020-01-01&Flat.1=a");
}

TEST_CASE("null members are left out, null items of a sparse list stay where the protocol can say so") {
  CHECK(service_of("json").request(R"({"Text": null, "Items": ["a", null]})").body == R"({"Items":["a",null]})");
  CHECK(service_of("rest-xml").request(R"({"Text": null, "Items": ["a", null]})").body ==
        "<Input><Items><member>a</member></Items></Input>");
}

TEST_CASE("documents and JSON within JSON go as they are") {
  CHECK(service_of("json").request(R"({"Any": [1, {"x": null}], "Json": {"a": [1]}})").body ==
        R"({"Any":[1,{"x":null}],"Json":"{\"a\":[1]}"})");
}

TEST_CASE("text that XML can't hold as it is arrives as what it says") {
  CHECK(service_of("rest-xml").request(R"({"Text": "<a & \"b\">"})").body.find("&lt;a &amp;") != std::string::npos);
}

TEST_CASE("a label of the host is a host's name and nothing else") {
  Service service = service_of("json");
  service.operation.host_prefix = "{Account}.data-";
  CHECK(service.request(R"({"Account": "012345678901"})").host_prefix == "012345678901.data-");
  CHECK(service.why_not(R"({"Account": ""})").starts_with("`Account` must be given and not be empty"));
  for (const char* bad : {"a/b", "a@b", "a b", "é", "a..b", "-a", "a\\u0000b"})
    CHECK(service.why_not(std::string(R"({"Account": ")") + bad + "\"}").find("stands in the host") != std::string::npos);
}

TEST_CASE("params of a wrong kind are an error and no crash") {
  for (const char* protocol : {"query", "ec2", "json", "rest-json", "rest-xml"}) {
    CHECK(service_of(protocol).why_not(R"({"Items": "text"})").find("takes a list, not string") != std::string::npos);
    CHECK(service_of(protocol).why_not(R"({"Unheard": 1})") == "`Unheard` is no member of Input");
  }
}

TEST_CASE("a protocol that is not spoken, and an event stream, are said before anything is sent") {
  CHECK(service_of("smithy-rpc-v2-cbor").why_not("{}") ==
        "toys.Play is of a service with the protocol smithy-rpc-v2-cbor, which is not spoken here");
  Service service = service_of("json");
  service.operation.has_event_stream = true;
  CHECK(service.why_not("{}") == "toys.Play is an event stream, which is not spoken here");
}

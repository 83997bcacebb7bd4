#include "plugins/aws/checksum.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include <fmt/format.h>

#include "base/base64.h"
#include "base/digest.h"
#include "os/fd.h"
#include "plugins/aws/wire_headers.h"
#include "plugins/aws/wire_values.h"

namespace runbook::aws {
namespace {

constexpr std::string_view checksum_header = "x-amz-checksum-";

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The bytes of a body: in memory, or of a file that is mapped, so that its size costs no memory.
class BodyBytes {
 public:
  explicit BodyBytes(const WireRequest& request) : bytes_(request.body) {
    if (!request.body_file.empty()) map(request.body_file);
  }
  ~BodyBytes() {
    if (mapped_ != nullptr) ::munmap(mapped_, bytes_.size());
  }
  BodyBytes(const BodyBytes&) = delete;
  BodyBytes& operator=(const BodyBytes&) = delete;

  std::string_view bytes() const { return bytes_; }

 private:
  void map(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0) throw_system(ExitCode::step_failed, "reading " + path, errno);
    bytes_ = {};
    if (info.st_size == 0) return;
    const auto size = static_cast<std::size_t>(info.st_size);
    void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (mapped == MAP_FAILED) throw_system(ExitCode::step_failed, "reading " + path, errno);
    mapped_ = mapped;
    bytes_ = {static_cast<const char*>(mapped), size};
  }

  std::string_view bytes_;
  void* mapped_ = nullptr;
};

std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes += static_cast<char>(number >> shift & 0xFFU);
  return bytes;
}

std::string checksum_of(const std::string& algorithm, std::string_view bytes) {
  if (algorithm == "crc32") return big_endian(crc32(bytes));
  if (algorithm == "crc32c") return big_endian(crc32c(bytes));
  if (algorithm == "sha1") return sha1(bytes);
  if (algorithm == "sha256") return sha256(bytes);
  throw Error(ExitCode::step_failed, fmt::format("checksums by {} are not made here", algorithm),
              "name one of CRC32, CRC32C, SHA1 and SHA256, or give the checksum itself");
}

// A header that only says how checksums are made or shown is none.
bool has_checksum(const HttpHeaders& headers) {
  return std::any_of(headers.begin(), headers.end(), [](const auto& header) {
    const std::string name = lower(header.first);
    if (name == "content-md5") return true;
    return name.starts_with(checksum_header) && name != "x-amz-checksum-type" && name != "x-amz-checksum-algorithm" &&
           name != "x-amz-checksum-mode";
  });
}

// Where the member is no header, its value stands elsewhere already.
void tell_algorithm(const ServiceModel& model, const Operation& operation, HttpHeaders& headers) {
  const ShapeRef* ref =
      operation.input.empty() ? nullptr : model.shape(operation.input).find(operation.checksum_algorithm_member);
  if (ref != nullptr && ref->location == Location::header) headers.emplace_back(ref->location_name, "CRC32");
}

}  // namespace

void add_checksum(const ServiceModel& model, const Operation& operation, const Value& params, WireRequest& request) {
  const std::string& member = operation.checksum_algorithm_member;
  const std::string chosen = member.empty() ? "" : lower(params.text_or(member, ""));
  if ((!operation.requires_checksum && chosen.empty()) || has_checksum(request.headers)) return;
  const BodyBytes body(request);
  if (member.empty()) {
    request.headers.emplace_back("Content-MD5", base64(md5(body.bytes())));
    return;
  }
  if (chosen.empty()) tell_algorithm(model, operation, request.headers);
  const std::string algorithm = chosen.empty() ? "crc32" : chosen;
  request.headers.emplace_back(std::string(checksum_header) + algorithm, base64(checksum_of(algorithm, body.bytes())));
}

}  // namespace runbook::aws

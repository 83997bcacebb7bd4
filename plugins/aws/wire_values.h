#pragma once
// Single values between params, results and the wire, and what the protocols share about members.
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/timestamp.h"
#include "base/value.h"
#include "plugins/aws/service_model.h"

namespace runbook::aws {

// What can't be written: Error (exit 1).
[[noreturn]] void throw_unwritable(const std::string& what);

// An answer that is none of the protocol. read_answer makes an Error of it, which names service and operation.
struct AnswerFault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Params that have the wrong type: Error (exit 1).
const List& list_to_write(const Value& value, std::string_view member);
const Map& map_to_write(const Value& value, std::string_view member);

// Calls `use(name, ref, value)` for each member of a structure that is given and not null, in the order in which they are written.
template <typename Use>
void for_each_member(const Shape& shape, const Value& params, Use use) {
  for (const auto& [name, value] : map_to_write(params, shape.name)) {
    if (value.is_null()) continue;
    const ShapeRef* ref = shape.find(name);
    if (ref == nullptr) throw_unwritable("`" + name + "` is no member of " + shape.name);
    use(name, *ref, value);
  }
}

// Results name some identifiers with the path that leads to them ("/hostedzone/Z1"), parameters are their last part: those of the shapes
// ResourceId, DelegationSetId and ChangeId.
std::string without_path(const Shape& shape, const std::string& text);

// The name of a member on the wire: its own, that of what it refers to (not of structures, whose name is that of a document's root), or
// the member's in the model.
std::string wire_name(const ShapeRef& ref, const Shape& shape, std::string_view member);
bool is_flattened(const ShapeRef& ref, const Shape& shape);

// Text, numbers and booleans as text.
std::string scalar_text(const Value& value);
Timestamp timestamp_to_write(const Value& value);
TimestampFormat timestamp_format(const ShapeRef& ref, const Shape& shape, TimestampFormat otherwise);

// Blobs: text, {base64: text} or {file: path}. Error (exit 1): none of these, or a file that can't be read.
std::string blob_bytes(const Value& value, const std::string& dir);
// Absolute; "" if the blob is no file. Error (exit 1): it can't be read.
std::string blob_file(const Value& value, const std::string& dir);

// A value of a simple shape as text; blobs in base64.
std::string wire_text(const ShapeRef& ref, const Shape& shape, const Value& value, TimestampFormat otherwise,
                      const std::string& dir);

// A value of a simple shape from text, as XML and headers have it. AnswerFault: it is none.
Value value_of_text(const Shape& shape, std::string_view text);
// From a number of seconds or text. AnswerFault: it is no point in time.
Value timestamp_result(const Value& wire);
// The body of an answer that is handed on as it is: text if it is UTF-8, else {base64: text}.
Value body_result(const std::string& body);

}  // namespace runbook::aws

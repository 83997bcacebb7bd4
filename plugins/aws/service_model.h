#pragma once
// One service as its model describes it: operations, shapes, protocol. Shapes are read when they are first asked for; a ServiceModel is
// shared by threads.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/value.h"
#include "plugins/aws/shape.h"

namespace runbook::aws {

// The words of "metadata".
struct Metadata {
  std::string service_id;  // "Auto Scaling"
  std::string full_name;
  std::string api_version;
  std::string endpoint_prefix;  // "autoscaling"
  std::string signing_name;     // "": the endpoint prefix
  std::string signature_version;
  std::string protocol;      // the first of "protocols" that is spoken here, else "protocol"
  std::string json_version;  // "1.0", "1.1"
  std::string target_prefix;
  std::string global_endpoint;
  XmlNamespace xml_namespace;
  bool is_query_compatible = false;  // awsQueryCompatible
  std::vector<std::string> auth;     // "aws.auth#sigv4", ...
};

struct Operation {
  std::string name;
  std::string method;               // HTTP
  std::string uri;                  // "/{Bucket}/{Key+}?acl"
  int success_status = 0;           // responseCode; 0: any 2xx
  std::string input, output;        // shapes; "": none
  std::string input_location_name;  // of the body's root in XML
  XmlNamespace input_namespace;
  std::string result_wrapper;       // of the protocol query
  std::vector<std::string> errors;  // shapes
  std::string host_prefix;          // "{AccountId}."
  std::string auth_type;            // "none", "v4-unsigned-body", ...; "": as the service
  std::vector<std::string> auth;    // instead of the service's; empty: as there
  bool is_read_only = false;        // the trait `readonly`
  bool is_idempotent = false;       // the trait `idempotent`
  bool is_deprecated = false;
  bool requires_checksum = false;         // httpChecksumRequired, or httpChecksum.requestChecksumRequired
  std::string checksum_algorithm_member;  // httpChecksum.requestAlgorithmMember
  bool has_unsigned_payload = false;
  bool has_event_stream = false;                                // in its input or output: not spoken here
  Value static_context, operation_context, endpoint_discovery;  // of endpoint rules: maps, or null
};

// Where a model's parts come from: a JSON document in memory, or a cache. Any thread.
class ModelSource {
 public:
  virtual ~ModelSource() = default;
  virtual Value metadata() const = 0;
  virtual std::vector<std::string> operation_names() const = 0;  // sorted
  virtual std::optional<Value> operation(std::string_view name) const = 0;
  virtual std::optional<Value> shape(std::string_view name) const = 0;
};
// Over a whole `service-2.json`; also over a suite of the conformance data, which has no operations.
std::unique_ptr<ModelSource> source_of_document(Value document);

class ServiceModel {
 public:
  // name: the folder of the model, which is what `call:` names ("rds" in rds.CreateDBCluster).
  ServiceModel(std::string name, std::shared_ptr<const ModelSource> source);
  ~ServiceModel();
  ServiceModel(ServiceModel&&) noexcept;

  const std::string& name() const;
  const Metadata& metadata() const;
  std::vector<std::string> operation_names() const;
  // nullptr: there is none. Lives as long as the model.
  const Operation* operation(std::string_view name) const;
  // A model that names a shape it does not have is damaged: Error (exit 1). Lives as long as the model.
  const Shape& shape(const std::string& name) const;
  const Shape& shape(const ShapeRef& ref) const { return shape(ref.shape); }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// From one entry of "operations".
Operation read_operation(std::string name, const Value& json);
Metadata read_metadata(const Value& json);

}  // namespace runbook::aws

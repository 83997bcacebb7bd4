#include "plugins/aws/service_model.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <unordered_map>

#include <fmt/format.h>

#include "base/error.h"

namespace runbook::aws {
namespace {

class DocumentSource : public ModelSource {
 public:
  explicit DocumentSource(Value document) : document_(std::move(document)) {
    index(operations_, "operations");
    index(shapes_, "shapes");
  }

  Value metadata() const override { return document_.get("metadata"); }

  std::vector<std::string> operation_names() const override {
    std::vector<std::string> names;
    names.reserve(operations_.size());
    for (const auto& [name, operation] : operations_) names.emplace_back(name);
    std::sort(names.begin(), names.end());
    return names;
  }

  std::optional<Value> operation(std::string_view name) const override { return entry(operations_, name); }
  std::optional<Value> shape(std::string_view name) const override { return entry(shapes_, name); }

 private:
  using Index = std::unordered_map<std::string_view, const Value*>;  // into the document

  void index(Index& index, std::string_view part) const {
    const Value* entries = document_.find(part);
    if (entries == nullptr || !entries->is_map()) return;
    index.reserve(entries->as_map().size());
    for (const auto& [name, value] : entries->as_map()) index.emplace(name, &value);
  }

  static std::optional<Value> entry(const Index& index, std::string_view name) {
    const auto found = index.find(name);
    if (found == index.end()) return std::nullopt;
    return *found->second;
  }

  Value document_;
  Index operations_, shapes_;
};

// The first that is spoken here of what a service speaks.
std::string protocol_of(const Value& metadata) {
  const std::vector<std::string> offered = texts_in(metadata.get("protocols"));
  for (const char* spoken : {"json", "rest-json", "rest-xml", "query", "ec2"}) {
    if (std::find(offered.begin(), offered.end(), spoken) != offered.end()) return spoken;
  }
  return metadata.text_or("protocol", "");
}

void read_body_traits(Operation& operation, const Value& json) {
  const Value input = json.get("input"), output = json.get("output");
  operation.input = input.text_or("shape", "");
  operation.output = output.text_or("shape", "");
  operation.input_location_name = input.text_or("locationName", "");
  operation.input_namespace = read_xml_namespace(input.get("xmlNamespace"));
  operation.result_wrapper = output.text_or("resultWrapper", "");
  const Value errors = json.get("errors");
  if (!errors.is_list()) return;
  for (const Value& error : errors.as_list()) operation.errors.push_back(error.text_or("shape", ""));
}

void read_signing_traits(Operation& operation, const Value& json) {
  operation.auth_type = json.text_or("authtype", "");
  operation.auth = texts_in(json.get("auth"));
  operation.has_unsigned_payload = json.bool_or("unsignedPayload", false);
  const Value checksum = json.get("httpChecksum");
  operation.requires_checksum =
      json.bool_or("httpChecksumRequired", false) || checksum.bool_or("requestChecksumRequired", false);
  operation.checksum_algorithm_member = checksum.text_or("requestAlgorithmMember", "");
}

}  // namespace

std::unique_ptr<ModelSource> source_of_document(Value document) {
  return std::make_unique<DocumentSource>(std::move(document));
}

Operation read_operation(std::string name, const Value& json) {
  Operation operation;
  operation.name = std::move(name);
  const Value http = json.get("http");
  operation.method = http.text_or("method", "POST");
  operation.uri = http.text_or("requestUri", "/");
  operation.success_status = static_cast<int>(http.int_or("responseCode", 0));
  operation.host_prefix = json.get("endpoint").text_or("hostPrefix", "");
  operation.is_read_only = json.bool_or("readonly", false);
  operation.is_idempotent = json.bool_or("idempotent", false);
  operation.is_deprecated = json.bool_or("deprecated", false);
  operation.static_context = json.get("staticContextParams");
  operation.operation_context = json.get("operationContextParams");
  operation.endpoint_discovery = json.get("endpointdiscovery");
  read_body_traits(operation, json);
  read_signing_traits(operation, json);
  return operation;
}

Metadata read_metadata(const Value& json) {
  Metadata metadata;
  metadata.full_name = json.text_or("serviceFullName", "");
  metadata.service_id = json.text_or("serviceId", metadata.full_name);
  metadata.api_version = json.text_or("apiVersion", "");
  metadata.endpoint_prefix = json.text_or("endpointPrefix", "");
  metadata.signing_name = json.text_or("signingName", "");
  metadata.signature_version = json.text_or("signatureVersion", "");
  metadata.protocol = protocol_of(json);
  metadata.json_version = json.text_or("jsonVersion", "");
  metadata.target_prefix = json.text_or("targetPrefix", "");
  metadata.global_endpoint = json.text_or("globalEndpoint", "");
  metadata.xml_namespace = read_xml_namespace(json.get("xmlNamespace"));
  metadata.is_query_compatible = json.find("awsQueryCompatible") != nullptr;
  metadata.auth = texts_in(json.get("auth"));
  return metadata;
}

struct ServiceModel::State {
  std::string name;
  std::shared_ptr<const ModelSource> source;
  Metadata metadata;

  std::mutex mutex;  // of what follows; entries stay where they are
  std::map<std::string, std::optional<Operation>, std::less<>> operations;
  std::map<std::string, Shape, std::less<>> shapes;
};

ServiceModel::ServiceModel(std::string name, std::shared_ptr<const ModelSource> source) : state_(std::make_unique<State>()) {
  state_->name = std::move(name);
  state_->source = std::move(source);
  state_->metadata = read_metadata(state_->source->metadata());
}
ServiceModel::~ServiceModel() = default;
ServiceModel::ServiceModel(ServiceModel&&) noexcept = default;

const std::string& ServiceModel::name() const { return state_->name; }
const Metadata& ServiceModel::metadata() const { return state_->metadata; }
std::vector<std::string> ServiceModel::operation_names() const { return state_->source->operation_names(); }

const Shape& ServiceModel::shape(const std::string& name) const {
  const std::lock_guard lock(state_->mutex);
  const auto known = state_->shapes.find(name);
  if (known != state_->shapes.end()) return known->second;
  const std::optional<Value> json = state_->source->shape(name);
  if (!json) {
    throw Error(ExitCode::step_failed,
                fmt::format("the service model of {} is damaged: it has no shape `{}`", state_->name, name));
  }
  return state_->shapes.emplace(name, read_shape(name, *json)).first->second;
}

const Operation* ServiceModel::operation(std::string_view name) const {
  {
    const std::lock_guard lock(state_->mutex);
    const auto known = state_->operations.find(name);
    if (known != state_->operations.end()) return known->second ? &*known->second : nullptr;
  }
  const std::optional<Value> json = state_->source->operation(name);
  if (!json) return nullptr;
  Operation operation = read_operation(std::string(name), *json);
  const auto has_event_stream = [&](const std::string& part) {
    if (part.empty()) return false;
    const Shape& body = shape(part);
    return std::any_of(body.members.begin(), body.members.end(),
                       [&](const auto& member) { return shape(member.second).is_event_stream; });
  };
  operation.has_event_stream = has_event_stream(operation.input) || has_event_stream(operation.output);
  const std::lock_guard lock(state_->mutex);
  return &*state_->operations.emplace(operation.name, std::move(operation)).first->second;
}

}  // namespace runbook::aws

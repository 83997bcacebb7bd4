#include "plugins/aws/operation_page.h"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "plugins/aws/documentation.h"
#include "plugins/aws/find_call.h"
#include "plugins/aws/shape_tree.h"

namespace runbook::aws {
namespace {

constexpr std::size_t width = 100;

// Down the columns, as a person reads a list.
std::string in_columns(const std::vector<std::string>& names) {
  std::size_t longest = 0;
  for (const std::string& name : names) longest = std::max(longest, name.size());
  const std::size_t columns = std::max<std::size_t>(1, (width - 2) / (longest + 2));
  const std::size_t rows = (names.size() + columns - 1) / columns;
  std::string out;
  for (std::size_t row = 0; row < rows; ++row) {
    std::string line;
    for (std::size_t at = row; at < names.size(); at += rows) line += fmt::format("  {:{}}", names[at], longest);
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

struct Documented {
  Documented(const ModelStore& store, const std::string& service)
      : source(store.documented(service_named(store, service)->name())), model(service, source) {}

  std::string documentation_of(const std::string& operation) const {
    const std::optional<Value> json = source->operation(operation);
    return json ? json->text_or("documentation", "") : "";
  }

  std::shared_ptr<const ModelSource> source;
  ServiceModel model;
};

std::string errors_text(const ServiceModel& model, const Operation& operation) {
  std::vector<std::string> codes;
  for (const std::string& name : operation.errors) {
    const std::string& code = model.shape(name).error_code;
    codes.push_back(code.empty() ? name : code);
  }
  return wrapped(fmt::format("{}", fmt::join(codes, ", ")), 2);
}

void collect_shapes(const ModelSource& source, const ServiceModel& model, const std::string& name, std::set<std::string>& seen,
                    Map& shapes) {
  std::vector<std::string> open = {name};
  while (!open.empty()) {
    const std::string next = std::move(open.back());
    open.pop_back();
    if (next.empty() || !seen.insert(next).second) continue;
    const Shape& shape = model.shape(next);
    shapes.emplace_back(next, *source.shape(next));
    for (const auto& [member, ref] : shape.members) open.push_back(ref.shape);
    for (const ShapeRef* ref : {&shape.member, &shape.key, &shape.value}) open.push_back(ref->shape);
  }
}

}  // namespace

std::string operation_page(const ModelStore& store, const std::string& service, const std::string& operation_name) {
  const Documented documented(store, service);
  const Operation& operation = operation_named(documented.model, operation_name);
  const std::string summary = first_sentences(plain_text(without_notes(documented.documentation_of(operation.name))));
  std::string page = wrapped(fmt::format("{}.{}{}{}", service, operation.name, summary.empty() ? "" : ": ", summary), 0);
  if (operation.is_deprecated) page += "It is deprecated.\n";
  if (operation.has_event_stream)
    page += "It answers with, or takes, a stream of events: such operations can't be called here.\n";
  const std::string parameters =
      ShapeTree(documented.model, *documented.source, ShapeTree::Detail::parameters).text(operation.input);
  page += parameters.empty() ? "\nNo parameters\n" : "\nParameters\n" + parameters;
  const std::string result = ShapeTree(documented.model, *documented.source, ShapeTree::Detail::result).text(operation.output);
  page += result.empty() ? "\nNo result\n" : "\nResult\n" + result;
  if (!operation.errors.empty()) page += "\nErrors\n" + errors_text(documented.model, operation);
  return page;
}

Value operation_json(const ModelStore& store, const std::string& service, const std::string& operation_name) {
  const Documented documented(store, service);
  const Operation& operation = operation_named(documented.model, operation_name);
  Map shapes;
  std::set<std::string> seen;
  std::vector<std::string> roots = operation.errors;
  roots.insert(roots.begin(), {operation.input, operation.output});
  for (const std::string& root : roots) collect_shapes(*documented.source, documented.model, root, seen, shapes);
  const auto name_or_null = [](const std::string& name) { return name.empty() ? Value() : Value(name); };
  return object({{"service", service},
                 {"operation", operation.name},
                 {"api_version", documented.model.metadata().api_version},
                 {"documentation", plain_text(documented.documentation_of(operation.name))},
                 {"input", name_or_null(operation.input)},
                 {"output", name_or_null(operation.output)},
                 {"errors", list_from(operation.errors)},
                 {"shapes", std::move(shapes)}});
}

std::string service_page(const ModelStore& store, const std::string& service) {
  const std::shared_ptr<const ServiceModel> model = service_named(store, service);
  const Metadata& metadata = model->metadata();
  const std::vector<std::string> names = model->operation_names();
  return fmt::format("{}: {}, API version {}, {} operations (`runbook types aws.{}.OPERATION` describes one)\n\n{}", service,
                     metadata.full_name, metadata.api_version, names.size(), service, in_columns(names));
}

std::string services_page(const ModelStore& store) {
  const ModelFolder& folder = store.folder();
  const std::vector<std::string> names = store.services();
  const std::string origin = folder.version.empty() ? folder.kind : folder.kind + " " + folder.version;
  return fmt::format("{} services in the models of {} (`runbook types aws.SERVICE` lists one's operations)\n\n{}", names.size(),
                     origin, in_columns(names));
}

}  // namespace runbook::aws

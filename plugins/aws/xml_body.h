#pragma once
// Bodies in XML: of rest-xml both ways, of query and ec2 in answers.
#include <string>
#include <string_view>

#include "base/value.h"
#include "base/xml.h"
#include "plugins/aws/service_model.h"

namespace runbook::aws {

// A document whose root is `name`. `members`: what of the structure is to stand in it.
std::string xml_document(const ServiceModel& model, const ShapeRef& ref, const std::string& name, const Value& members,
                         const std::string& dir);

// The root of an answer. AnswerFault: it is no XML, or a page in HTML.
XmlElement xml_of_body(std::string_view body);
// A structure whose members stand in `element`. AnswerFault: something in it is nothing of its shape.
Value xml_structure_result(const ServiceModel& model, const Shape& shape, const XmlElement& element);

// The protocols query and ec2. {} of an empty body.
Value form_result(const ServiceModel& model, const Operation& operation, std::string_view body);

}  // namespace runbook::aws

#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/json.h"
#include "plugins/aws/documentation.h"
#include "plugins/aws/operation_page.h"

using namespace runbook;
using namespace runbook::aws;
namespace fs = std::filesystem;

namespace {

const char* const shop = R"({
  "metadata": {"apiVersion": "2020-01-01", "protocol": "json", "serviceFullName": "Amazon Shop"},
  "operations": {
    "Put": {"name": "Put", "documentation": "<note><p>Old names end soon.</p></note> <p>Puts a thing into the shop. It can be sold then.</p>",
      "input": {"shape": "PutRequest"}, "output": {"shape": "Thing"}, "errors": [{"shape": "Taken"}, {"shape": "Closed"}]},
    "Listen": {"name": "Listen", "output": {"shape": "Feed"}, "deprecated": true}
  },
  "shapes": {
    "PutRequest": {"type": "structure", "required": ["Name", "Token"], "members": {
      "Kind": {"shape": "Kind", "documentation": "<p>The kind of <code>thing</code>, as the warehouse has it; whoever does not know looks into <a href='x'>the list</a> first. More.</p>"},
      "Name": {"shape": "Name", "documentation": "<p>Its name.</p>"},
      "Token": {"shape": "Name", "idempotencyToken": true},
      "Parts": {"shape": "Parts"},
      "Labels": {"shape": "Labels"},
      "Pay": {"shape": "Pay"}}},
    "Kind": {"type": "string", "enum": ["small", "large"]},
    "Name": {"type": "string", "min": 1, "max": 8},
    "Parts": {"type": "list", "member": {"shape": "Part"}, "max": 1},
    "Part": {"type": "structure", "required": ["Count"], "members": {"Count": {"shape": "Count"}, "Parts": {"shape": "Parts"}}},
    "Count": {"type": "integer", "min": 1},
    "Labels": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Count"}},
    "Pay": {"type": "structure", "union": true, "members": {"Cash": {"shape": "Count"}, "Card": {"shape": "Name"}}},
    "Thing": {"type": "structure", "members": {"Id": {"shape": "Name"}, "Parts": {"shape": "Parts"}, "Made": {"shape": "Time"}}},
    "Time": {"type": "timestamp"},
    "Feed": {"type": "structure", "members": {"Events": {"shape": "Events"}}},
    "Events": {"type": "structure", "eventstream": true, "members": {}},
    "Taken": {"type": "structure", "exception": true, "error": {"code": "Shop.Taken"}, "members": {}},
    "Closed": {"type": "structure", "exception": true, "members": {}}
  }})";

const char* const put_page = R"(shop.Put: Puts a thing into the shop. It can be sold then.

Parameters
  Name: text, 1 to 8 characters, required
      Its name.
  Token: text, 1 to 8 characters, filled in if it is left out
  Kind: text
      The kind of `thing`, as the warehouse has it; whoever does not know looks into the list first.
      One of: small, large
  Parts: list of maps, at most 1 item (Part)
    Count: whole number, at least 1, required
    Parts: list of maps, at most 1 item (Part, above)
  Labels: map of names to whole number
  Pay: map with one of these (Pay)
    Cash: whole number, at least 1
    Card: text, 1 to 8 characters

Result
  Id: text
  Parts: list of maps (Part)
    Parts: list of maps (Part, above)
    Count: whole number
  Made: time

Errors
  Shop.Taken, Closed
)";

class Shop {
 public:
  Shop() : folder_(fs::temp_directory_path() / ("pages." + std::to_string(::getpid()))) {
    fs::create_directories(folder_ / "shop/2020-01-01");
    std::ofstream(folder_ / "shop/2020-01-01/service-2.json") << shop;
  }
  ~Shop() { fs::remove_all(folder_); }
  ModelStore store() const { return {{folder_, "botocore", "1.2.3"}, ""}; }

 private:
  fs::path folder_;
};

}  // namespace

TEST_CASE("an operation's page has parameters with what is allowed, the result and the errors; recursion is named") {
  CHECK(operation_page(Shop().store(), "shop", "Put") == put_page);
}

TEST_CASE("an operation that can't be called here says so") {
  CHECK(
      operation_page(Shop().store(), "shop", "Listen") ==
      "shop.Listen\nIt is deprecated.\nIt answers with, or takes, a stream of events: such operations can't be called here.\n\n"
      "No parameters\n\nResult\n  Events: map\n");
}

TEST_CASE("a service's page lists its operations, the page of all lists services") {
  CHECK(service_page(Shop().store(), "shop") ==
        "shop: Amazon Shop, API version 2020-01-01, 2 operations (`runbook types aws.shop.OPERATION` describes one)\n\n  "
        "Listen  Put\n");
  CHECK(services_page(Shop().store()) ==
        "1 services in the models of botocore 1.2.3 (`runbook types aws.SERVICE` lists one's operations)\n\n  shop\n");
}

TEST_CASE("names that are not known are errors with the nearest one") {
  const Shop models;
  CHECK_THROWS_WITH_AS(operation_page(models.store(), "shpo", "Put"), "there is no service `shpo`", Error);
  CHECK_THROWS_WITH_AS(operation_page(models.store(), "shop", "Putt"), "`shop` has no operation `Putt`", Error);
  CHECK_THROWS_AS(service_page(models.store(), "shpo"), Error);
}

TEST_CASE("as data, an operation comes with every shape it reaches") {
  const Value json = operation_json(Shop().store(), "shop", "Put");
  CHECK(json.text_or("input", "") == "PutRequest");
  CHECK(json.text_or("output", "") == "Thing");
  CHECK(texts_in(json.get("errors")) == std::vector<std::string>{"Taken", "Closed"});
  for (const char* name : {"PutRequest", "Kind", "Part", "Count", "Labels", "Thing", "Time", "Taken"})
    CHECK(json.get("shapes").find(name) != nullptr);
  CHECK(json.get("shapes").find("Feed") == nullptr);
}

TEST_CASE("documentation is read as text") {
  CHECK(plain_text("<p>One  <b>two</b>\n three.</p><ul><li>a &lt; b</li><li><code>c</code></li></ul>") ==
        "One two three.\na < b\n`c`");
  CHECK(plain_text("a < b & c") == "a < b & c");
  CHECK(plain_text("") == "");
  CHECK(plain_text("cut <a href='") == "cut <a href='");
  CHECK(without_notes("<important><p>x</p></important><p>y</p><note>z") == "<p>y</p>");
}

TEST_CASE("the first sentence tells what it is, a second one only where the first is short") {
  CHECK(first_sentences("Names, e.g. of things, are kept in version 1.2 of all the lists there are. Second.") ==
        "Names, e.g. of things, are kept in version 1.2 of all the lists there are.");
  CHECK(first_sentences("Short. Second one. Third.") == "Short. Second one.");
  CHECK(first_sentences("Short. For more information, see there.") == "Short.");
  CHECK(first_sentences("Short. For example:\nx") == "Short.");
  CHECK(first_sentences("") == "");
  CHECK(first_sentences(std::string(400, 'x')).size() < 330);
}

TEST_CASE("lines end before the width where words allow") {
  CHECK(wrapped("one two three", 2, 9) == "  one two\n  three\n");
  CHECK(wrapped("aVeryLongWord b", 2, 6) == "  aVeryLongWord\n  b\n");
  CHECK(wrapped("", 2) == "");
}

// An answer in pages, by a scripted service.
#include "plugins/aws/pages.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <deque>

#include "aws/tiny_models.h"
#include "base/json.h"

using namespace runbook;
using namespace runbook::aws;

namespace {

const char* const service = R"({
  "metadata": {"serviceId": "Shop", "endpointPrefix": "shop", "protocol": "json", "jsonVersion": "1.1", "targetPrefix": "Shop", "apiVersion": "1"},
  "operations": {"ListThings": {"name": "ListThings", "http": {"method": "POST", "requestUri": "/"}, "input": {"shape": "Asked"}, "output": {"shape": "Told"}},
                 "Whole": {"name": "Whole", "http": {"method": "POST", "requestUri": "/"}}},
  "shapes": {
    "Asked": {"type": "structure", "members": {"Token": {"shape": "Text"}, "Most": {"shape": "Count"}, "Kind": {"shape": "Text"}}},
    "Told": {"type": "structure", "members": {"Things": {"shape": "Texts"}, "Next": {"shape": "Text"}, "Owner": {"shape": "Text"}, "Total": {"shape": "Count"}}},
    "Texts": {"type": "list", "member": {"shape": "Text"}}, "Text": {"type": "string"}, "Count": {"type": "integer"}}})";
const char* const paginators =
    R"({"pagination": {"ListThings": {"input_token": "Token", "output_token": "Next", "limit_key": "Most",
  "result_key": ["Things", "Total"], "non_aggregate_keys": ["Owner"]}}})";

class Service : public HttpClient {
 public:
  explicit Service(std::vector<std::string>& asked) : asked_(asked) {}
  HttpReply send(const HttpRequest& request, std::stop_token) override {
    asked_.push_back(request.body);
    HttpReply reply;
    reply.kind = HttpReply::Kind::answered;
    reply.status = 200;
    reply.body = pages.front();
    if (pages.size() > 1) pages.pop_front();  // the last one again and again
    return reply;
  }
  std::deque<std::string> pages;

 private:
  std::vector<std::string>& asked_;
};

struct World {
  World() {
    models.add_service("shop", service).add("shop/1/paginators-1.json", paginators);
    ::setenv("RUNBOOK_AWS_MODELS", models.folder().c_str(), 1);
    auto client = std::make_unique<Service>(asked);
    http = client.get();
    session = std::make_unique<Session>(Session::Parts{std::move(client), &clock, {}});
  }
  ~World() { ::unsetenv("RUNBOOK_AWS_MODELS"); }

  CallAnswer all(std::deque<std::string> pages, const char* params = "{}", const char* operation = "ListThings") {
    http->pages = std::move(pages);
    Call call;
    call.model = session->models()->service("shop");
    call.operation = call.model->operation(operation);
    call.params = parse_json(params);
    call.only_reads = true;
    const Configuration configuration({"AWS_REGION=us-east-1", "HOME=/nonexistent", "AWS_ACCESS_KEY_ID=AKIA",
                                       "AWS_SECRET_ACCESS_KEY=secret", "AWS_CONFIG_FILE=/dev/null",
                                       "AWS_SHARED_CREDENTIALS_FILE=/dev/null"});
    return call_all_pages(*session, call, configuration, {});
  }

  testing::TinyModels models;
  SystemClock clock;
  std::vector<std::string> asked;
  Service* http = nullptr;
  std::unique_ptr<Session> session;
};

}  // namespace

TEST_CASE_FIXTURE(World,
                  "pages are put together: lists behind one another, numbers added, and what is the same on all of them once") {
  const CallAnswer answer =
      all({R"({"Things": ["a", "b"], "Next": "2", "Owner": "ada", "Total": 2})",
           R"({"Things": ["c"], "Next": "3", "Owner": "ada", "Total": 1})", R"({"Things": [], "Total": 0})"},
          R"({"Kind": "k"})");
  REQUIRE(answer.kind == CallAnswer::Kind::done);
  CHECK(to_json(answer.result) == R"({"Things":["a","b","c"],"Total":3,"Owner":"ada"})");
  CHECK(asked == std::vector<std::string>{R"({"Kind":"k"})", R"({"Kind":"k","Token":"2"})", R"({"Kind":"k","Token":"3"})"});
}

TEST_CASE_FIXTURE(World, "who asks for a page gets that page") {
  for (const char* params : {R"({"Most": 1})", R"({"Token": "2"})"}) {
    asked.clear();
    CHECK(all({R"({"Things": ["a"], "Next": "2"})"}, params).result.get("Next") == Value("2"));
    CHECK(asked.size() == 1);
  }
  CHECK(all({R"({})"}, "{}", "Whole").kind == CallAnswer::Kind::done);
}

TEST_CASE_FIXTURE(World, "half of an answer is none: a token that comes twice") {
  const CallAnswer answer = all({R"({"Things": ["a"], "Next": "2"})"});
  CHECK(answer.kind == CallAnswer::Kind::refused);
  CHECK(answer.why == "the service gave the token of the page before once more");
  CHECK(answer.result.is_null());
  CHECK(asked.size() == 2);
}

TEST_CASE_FIXTURE(World, "a page that fails in the middle is the answer") {
  http->pages = {};
  const CallAnswer answer = all({R"({"Things": ["a"], "Next": "2"})", R"([)"});
  CHECK(answer.kind != CallAnswer::Kind::done);
}

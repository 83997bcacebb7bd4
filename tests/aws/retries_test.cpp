// What is sent again and what is not, and what is known then: a scripted client in the place of the network.
#include "plugins/aws/retries.h"

#include <doctest/doctest.h>

#include <deque>

#include "aws/tiny_models.h"
#include "base/error.h"
#include "base/json.h"

using namespace runbook;
using namespace runbook::aws;

namespace {

const char* const service_json =
    R"({"metadata": {"serviceId": "W", "endpointPrefix": "w", "protocol": "json", "jsonVersion": "1.1",
  "targetPrefix": "W", "apiVersion": "1"}, "operations": {"Make": {"http": {"method": "POST", "requestUri": "/"}}}, "shapes": {}})";

HttpReply answer(int status, const std::string& code, HttpHeaders headers = {}) {
  HttpReply reply;
  reply.kind = HttpReply::Kind::answered;
  reply.status = status;
  reply.headers = std::move(headers);
  reply.body = code.empty() ? "{}" : to_json(object({{"__type", code}, {"message", "said"}}));
  return reply;
}

HttpReply failure(HttpReply::Kind kind) {
  HttpReply reply;
  reply.kind = kind;
  reply.why = "cut";
  return reply;
}

class ScriptedClient : public HttpClient {
 public:
  HttpReply send(const HttpRequest& request, std::stop_token) override {
    sent.push_back(request);
    HttpReply reply = replies.empty() ? answer(200, "") : replies.front();
    if (!replies.empty()) replies.pop_front();
    return reply;
  }
  std::deque<HttpReply> replies;
  std::vector<HttpRequest> sent;
};

struct World {
  World() : store(tiny.add_service("widgets", service_json).store()) {
    call.model = store.service("widgets");
    call.operation = call.model->operation("Make");
    call.before_sending = [this] { ++marks; };
  }
  CallAnswer after(std::deque<HttpReply> replies) {
    client.replies = std::move(replies);
    const CallAttempt::Parts parts{store,
                                   client,
                                   clock,
                                   offset,
                                   [] { return Credentials{"AKIA", "secret", "", {}, "", ""}; },
                                   [this](const Credentials&) { ++forgotten; }};
    return call_with_retries(parts, call, Configuration({"AWS_REGION=us-east-1", "HOME=/nonexistent"}), {});
  }

  testing::TinyModels tiny;
  ModelStore store;
  ScriptedClient client;
  SystemClock clock;
  std::atomic<std::int64_t> offset = 0;
  Call call;
  int forgotten = 0, marks = 0;
};

using Kind = CallAnswer::Kind;
const HttpReply no_answer = failure(HttpReply::Kind::no_answer), not_sent = failure(HttpReply::Kind::not_sent);

}  // namespace

TEST_CASE_FIXTURE(World, "what got no answer is sent once and is not known to be done") {
  CHECK(after({no_answer}).kind == Kind::unknown);
  CHECK(client.sent.size() == 1);
  CHECK(client.sent.front().connection == HttpRequest::Connection::fresh);
}

TEST_CASE_FIXTURE(World, "what may be repeated is sent again") {
  call.may_repeat = true;
  CHECK(after({no_answer, answer(500, "InternalFailure")}).kind == Kind::done);
  CHECK(client.sent.size() == 3);
}

TEST_CASE_FIXTURE(World, "a server that failed may have begun") {
  CHECK(after({answer(500, "InternalFailure")}).kind == Kind::unknown);
  CHECK(client.sent.size() == 1);
}

TEST_CASE_FIXTURE(World, "what was turned away for its rate or was not sent is sent again") {
  CHECK(after({answer(400, "ThrottlingException"), not_sent}).kind == Kind::done);
  CHECK(client.sent.size() == 3);
  CHECK(marks == 3);
}

TEST_CASE_FIXTURE(World, "what was refused is known not to be done") {
  const CallAnswer refused = after({answer(400, "ValidationException")});
  CHECK(refused.kind == Kind::refused);
  CHECK(refused.why == "ValidationException: said");
  CHECK(client.sent.size() == 1);
}

TEST_CASE_FIXTURE(World, "credentials that have expired are renewed once") {
  CHECK(after({answer(400, "ExpiredTokenException")}).kind == Kind::done);
  CHECK(forgotten == 1);
  CHECK(after({answer(400, "ExpiredTokenException"), answer(400, "ExpiredTokenException")}).kind == Kind::refused);
}

TEST_CASE_FIXTURE(World, "a server that failed is not asked again, whatever else it says") {
  CHECK(after({answer(503, "ExpiredTokenException", {{"x-amz-bucket-region", "us-west-2"}})}).kind == Kind::unknown);
  CHECK(client.sent.size() == 1);
}

TEST_CASE_FIXTURE(World, "after an attempt that may have been carried out nothing says that it was not") {
  call.may_repeat = true;
  CHECK(after({no_answer, answer(400, "ValidationException")}).kind == Kind::unknown);
  CHECK(after({no_answer, not_sent, not_sent}).kind == Kind::unknown);
}

TEST_CASE_FIXTURE(World, "a mark that can't be written keeps it from being sent") {
  call.before_sending = [] { throw Error(ExitCode::step_failed, "no room"); };
  const CallAnswer kept = after({});
  CHECK(kept.kind == Kind::not_sent);
  CHECK(kept.why == "no room");
  CHECK(client.sent.empty());
}

TEST_CASE_FIXTURE(World, "a clock that a service calls wrong is corrected") {
  CHECK(after({answer(403, "RequestTimeTooSkewed", {{"Date", "Thu, 01 Jan 2015 00:00:00 GMT"}})}).kind == Kind::done);
  HttpReply signed_then;
  signed_then.headers = client.sent.back().headers;
  CHECK(std::string(signed_then.header("x-amz-date")).starts_with("20150101T"));
}

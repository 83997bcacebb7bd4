#include "os/http_client.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <thread>

#include "base/error.h"
#include "http_server.h"
#include "world.h"

using namespace runbook;
using namespace runbook::testing;
using namespace std::string_view_literals;

namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.proxy = HttpRequest::Proxy::none;
  return request;
}

HttpReply sent(const HttpRequest& request) { return make_http_client()->send(request, {}); }

// The head of the one request that the server saw.
std::string head_of(HttpRequest request) {
  StoryServer server(ok);
  request.url = server.url("/");
  REQUIRE(sent(request).kind == HttpReply::Kind::answered);
  REQUIRE(server.heads().size() == 1);
  std::string head = server.heads()[0];
  const std::string host = "127.0.0.1:" + std::to_string(server.port());
  if (const std::size_t at = head.find(host); at != std::string::npos) head.replace(at, host.size(), "HOST");
  return head;
}

HttpReply answer_to(const std::string& bytes, HttpRequest request = get("")) {
  StoryServer server([&](Peer& peer) {
    peer.head();
    peer.write(bytes);
  });
  request.url = server.url();
  return sent(request);
}

std::int64_t most_memory_kb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

constexpr std::size_t large = 50u << 20;

// A megabyte of one letter, in place of the one before: what is measured is not the test's own memory.
void make_piece(std::string& into, std::size_t number) { into.assign(1u << 20, static_cast<char>('a' + number % 26)); }

}  // namespace

TEST_CASE("a request is sent as it is given, and nothing is added but Host") {
  HttpRequest request = get("");
  request.headers = {{"x-Last", "1"}, {"X-Amz-Date", "now"}, {"empty", ""}, {"blank", "  "}, {"x-Last", "2"}};
  CHECK(head_of(request) ==
        "GET / HTTP/1.1\r\nHost: HOST\r\nx-Last: 1\r\nX-Amz-Date: now\r\nempty:\r\nblank:\r\nx-Last: 2\r\n\r\n");
}

TEST_CASE("headers that libcurl has a mind of its own about are the caller's") {
  HttpRequest request = get("");
  request.method = "POST";
  request.headers = {{"Host", "other.example"}, {"accept", "a/b"}, {"content-type", ""}, {"user-agent", "runbook"}};
  CHECK(head_of(request) ==
        "POST / HTTP/1.1\r\nHost: other.example\r\naccept: a/b\r\ncontent-type:\r\nuser-agent: runbook\r\nContent-Length: "
        "0\r\n\r\n");
}

TEST_CASE("the path and the query are sent as they are") {
  StoryServer server(ok);
  for (const char* path : {"/a//b/../c%2Fd?x&y=", "/./a/.", "/?a=b%20c&a=/../", "/%7Euser/~/"}) {
    REQUIRE(sent(get(server.url(path))).kind == HttpReply::Kind::answered);
    CHECK(server.heads().back().starts_with("GET " + std::string(path) + " HTTP/1.1\r\n"));
  }
}

TEST_CASE("a body is sent with any method") {
  for (const char* method : {"POST", "PUT", "DELETE", "GET", "PATCH"}) {
    std::string head, body;
    StoryServer server([&](Peer& peer) {
      head = peer.head();
      body = peer.body(5);
      peer.write(ok);
    });
    HttpRequest request = get(server.url());
    request.method = method;
    request.body = std::string("a\0b\nc", 5);
    CHECK(sent(request).body == "ok");
    CHECK(head == fmt::format("{} / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: 5\r\n\r\n", method, server.port()));
    CHECK(body == request.body);
  }
}

TEST_CASE("a header or a method that would begin another line is refused, and its value is not shown") {
  for (const std::string_view value : {"one\r\nX-Other: 2"sv, "one\n"sv, "a\0b"sv}) {
    HttpRequest request = get("http://127.0.0.1:1/");
    request.headers = {{"X-Note", std::string(value)}};
    CHECK_THROWS_WITH_AS(sent(request), "the value of the HTTP header X-Note holds a line break", Error);
  }
  HttpRequest request = get("http://127.0.0.1:1/");
  request.headers = {{"X: y", ""}};
  CHECK_THROWS_AS(sent(request), Error);
  request.headers.clear();
  request.method = "GET / HTTP/1.1\r\nX:";
  CHECK_THROWS_AS(sent(request), Error);
}

TEST_CASE("status, headers in order with repeated ones, and the body are the answer") {
  const HttpReply reply =
      answer_to("HTTP/1.1 404 Not Found\r\nX-b: 1\r\nx-A: two  words \r\nX-b: 2\r\nEmpty:\r\nContent-Length: 4\r\n\r\nnone");
  CHECK(reply.kind == HttpReply::Kind::answered);
  CHECK(reply.status == 404);
  CHECK(reply.headers ==
        HttpHeaders{{"X-b", "1"}, {"x-A", "two  words"}, {"X-b", "2"}, {"Empty", ""}, {"Content-Length", "4"}});
  CHECK(reply.body == "none");
  CHECK(reply.header("x-B") == "1");
  CHECK(reply.header("x-none").empty());
  CHECK(reply.why.empty());
}

TEST_CASE("a chunked body, and one that ends with the connection, are put together") {
  CHECK(answer_to("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n")
            .body == "abcde");
  CHECK(answer_to("HTTP/1.1 200 OK\r\n\r\nto the end").body == "to the end");
}

TEST_CASE("the answer is the last one, not 100 Continue") {
  const HttpReply reply =
      answer_to("HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\nHTTP/1.1 201 Created\r\nX: 2\r\nContent-Length: 1\r\n\r\n!");
  CHECK(reply.status == 201);
  CHECK(reply.headers == HttpHeaders{{"X", "2"}, {"Content-Length", "1"}});
  CHECK(reply.body == "!");
}

TEST_CASE("answers without a body are not waited for") {
  StoryServer server([](Peer& peer) {
    peer.head();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    peer.head();
    peer.write("HTTP/1.1 204 No Content\r\n\r\n");
    peer.head();
    peer.write("HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n");
    peer.until_gone();
  });
  const auto client = make_http_client();
  HttpRequest request = get(server.url());
  request.method = "HEAD";
  const HttpReply head = client->send(request, {});
  CHECK(head.header("content-length") == "1000");
  request.method = "GET";
  CHECK(client->send(request, {}).status == 204);
  CHECK(client->send(request, {}).status == 304);
  CHECK(server.connections() == 1);
}

TEST_CASE("nothing is followed and nothing is unpacked") {
  const HttpReply moved = answer_to("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  CHECK(moved.status == 301);
  CHECK(answer_to("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8bx").body == "\x1f\x8bx");
}

TEST_CASE("a kept connection is used again, a fresh one never is") {
  StoryServer server(ok);
  const auto client = make_http_client();
  HttpRequest request = get(server.url());
  for (int i = 0; i < 3; ++i) CHECK(client->send(request, {}).body == "ok");
  CHECK(server.connections() == 1);
  request.connection = HttpRequest::Connection::fresh;
  for (int i = 0; i < 3; ++i) CHECK(client->send(request, {}).body == "ok");
  CHECK(server.connections() == 4);
  request.connection = HttpRequest::Connection::kept;
  CHECK(client->send(request, {}).body == "ok");
  CHECK(server.connections() == 4);
}

TEST_CASE("each host keeps its connection though requests go back and forth") {
  StoryServer one(ok), other(ok);
  const auto client = make_http_client();
  for (int i = 0; i < 3; ++i) {
    CHECK(client->send(get(one.url()), {}).body == "ok");
    CHECK(client->send(get(other.url()), {}).body == "ok");
  }
  CHECK(one.connections() + other.connections() == 2);
}

TEST_CASE("threads share a client, and each gets its own answer") {
  StoryServer server([](Peer& peer) {
    for (std::string head = peer.head(); !head.empty(); head = peer.head()) {
      const std::string path = head.substr(4, head.find(' ', 4) - 4);
      peer.write(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", path.size(), path));
    }
  });
  const auto client = make_http_client();
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 6; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i) {
        const std::string path = fmt::format("/{}/{}", thread, i);
        right += client->send(get(server.url(path)), {}).body == path ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 300);
  CHECK(server.connections() <= 6);
}

TEST_CASE("a proxy of the environment is asked, unless none is wanted") {
  StoryServer proxy(ok), server(ok);
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  HttpRequest request = get(server.url("/x"));
  CHECK(sent(request).body == "ok");
  CHECK(proxy.connections() == 0);
  request.proxy = HttpRequest::Proxy::by_environment;
  CHECK(sent(request).body == "ok");
  ::unsetenv("http_proxy");
  REQUIRE(proxy.heads().size() == 1);
  CHECK(proxy.heads()[0].starts_with("GET " + server.url("/x") + " HTTP/1.1\r\n"));
}

TEST_CASE("a large body comes from its file, in bounded memory") {
  TestFolder folder;
  Sha256 digest;
  {
    std::ofstream file(folder / "body");
    std::string piece;
    for (std::size_t i = 0; i < large >> 20; ++i) {
      make_piece(piece, i);
      file << piece;
      digest.update(piece);
    }
  }
  std::string head, seen;
  StoryServer server([&](Peer& peer) {
    head = peer.head();
    seen = peer.body_digest(large);
    peer.write(ok);
  });
  HttpRequest request = get(server.url());
  request.method = "PUT";
  request.body_file = folder / "body";
  const std::int64_t before = most_memory_kb();
  CHECK(sent(request).body == "ok");
  CHECK(most_memory_kb() - before < 20'000);
  CHECK(head == fmt::format("PUT / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: {}\r\n\r\n", server.port(), large));
  CHECK(seen == to_hex(digest.finish()));
}

TEST_CASE("a large answer goes to its file, in bounded memory, readable by its owner alone") {
  TestFolder folder;
  StoryServer server([](Peer& peer) {
    peer.head();
    peer.write(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", large));
    std::string piece;
    for (std::size_t i = 0; i < large >> 20; ++i) {
      make_piece(piece, i);
      peer.write(piece);
    }
  });
  HttpRequest request = get(server.url());
  request.answer_file = folder / "answer";
  request.longest_answer = 10;
  const std::int64_t before = most_memory_kb();
  const HttpReply reply = sent(request);
  CHECK(most_memory_kb() - before < 20'000);
  CHECK(reply.kind == HttpReply::Kind::answered);
  CHECK(reply.body.empty());
  CHECK(fs::file_size(folder / "answer") == large);
  CHECK(text_of(folder / "answer").substr((1u << 20) - 1, 2) == "ab");
  CHECK(fs::status(folder / "answer").permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("an empty answer makes an empty file, and replaces what was there") {
  TestFolder folder;
  std::ofstream(folder / "answer") << "old";
  HttpRequest request = get("");
  request.answer_file = folder / "answer";
  CHECK(answer_to("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", request).status == 200);
  CHECK(text_of(folder / "answer").empty());
}

TEST_CASE("the body of an error does not go to the file") {
  TestFolder folder;
  HttpRequest request = get("");
  request.answer_file = folder / "answer";
  const HttpReply reply = answer_to("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", request);
  CHECK(reply.body == "none");
  CHECK(fs::is_empty(folder.path()));
}

// What is proven not to have been sent, and what may have been.
#include <poll.h>
#include <sys/stat.h>

#include <future>
#include <thread>

#include "base/duration.h"
#include "base/error.h"
#include "http_server.h"
#include "os/http_client.h"
#include "world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

using Kind = HttpReply::Kind;

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

HttpRequest post(const std::string& url) {
  HttpRequest request;
  request.method = "POST";
  request.url = url;
  request.proxy = HttpRequest::Proxy::none;
  return request;
}

HttpReply sent(const HttpRequest& request) { return make_http_client()->send(request, {}); }

HttpReply answer_to(const std::string& bytes, HttpRequest request = post("")) {
  StoryServer server([&](Peer& peer) {
    peer.head();
    peer.write(bytes);
  });
  request.url = server.url();
  return sent(request);
}

void is_not_sent(const HttpReply& reply, const std::string& why) {
  CHECK(reply.why == why);
  CHECK(reply.kind == Kind::not_sent);
}

void has_no_answer(const HttpReply& reply, const std::string& why) {
  CHECK(reply.why == why);
  CHECK(reply.kind == Kind::no_answer);
  CHECK(reply.status == 0);
  CHECK(reply.body.empty());
}

}  // namespace

TEST_CASE("where nobody listens nothing was sent") {
  const auto nobody = bound();
  const std::string port = std::to_string(nobody.second);
  is_not_sent(sent(post("http://127.0.0.1:" + port)), "connecting to 127.0.0.1 port " + port + ": Connection refused");
}

TEST_CASE("a name that nobody knows") {
  is_not_sent(sent(post("http://no..such.name/")), "the name no..such.name could not be resolved");
}

TEST_CASE("a URL that can't be asked, and none of it is shown") {
  for (const char* url : {"", "host/path", "ftp://host/", "file:///etc/passwd", "http://user:word@host/", "http://ho st/",
                          "http://host:99999/"}) {
    CAPTURE(url);
    const HttpReply reply = sent(post(url));
    CHECK(reply.kind == Kind::not_sent);
    CHECK(reply.why.starts_with("the URL can't be used: "));
    CHECK(reply.why.find("word") == std::string::npos);
  }
}

TEST_CASE("a connection that does not come about in time") {
  const auto [fd, port] = listening(0);
  std::vector<Fd> filling;  // the queue of those not accepted
  for (int i = 0; i < 3; ++i) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    filling.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    static_cast<void>(::connect(filling.back().get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
  }
  pollfd queue{fd.get(), POLLIN, 0};
  REQUIRE(::poll(&queue, 1, 60'000) == 1);  // from now on it is full
  HttpRequest request = post("http://127.0.0.1:" + std::to_string(port));
  request.connect_timeout_ms = 200;
  is_not_sent(sent(request), "no connection to 127.0.0.1 port " + std::to_string(port) + " within 200ms");
  request.timeout_ms = 100;
  is_not_sent(sent(request), "no connection to 127.0.0.1 port " + std::to_string(port) + " within 100ms");
}

TEST_CASE("where TLS does not come about nothing was sent") {
  StoryServer plain([](Peer& peer) {
    peer.body(1);
    peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  const std::string port = std::to_string(plain.port());
  is_not_sent(sent(post("https://127.0.0.1:" + port)), "127.0.0.1 port " + port + " does not speak TLS");
  HttpRequest request = post("https://127.0.0.1:" + port);
  request.ca_bundle = "/no/such/bundle";
  is_not_sent(sent(request), "the certificates of /no/such/bundle can't be read");
}

TEST_CASE("a proxy that refuses a tunnel, or cuts it, was told nothing of the request") {
  for (const char* answer : {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", ""}) {
    CAPTURE(answer);
    StoryServer proxy([&](Peer& peer) {
      proxy.note(peer.head());
      peer.write(answer);
    });
    ::setenv("https_proxy", proxy.url().c_str(), 1);
    HttpRequest request = post("https://db.example:443/path");
    request.headers = {{"Authorization", "a secret"}};
    request.proxy = HttpRequest::Proxy::by_environment;
    const HttpReply reply = sent(request);
    ::unsetenv("https_proxy");
    CHECK(reply.kind == Kind::not_sent);
    CHECK_FALSE(reply.why.empty());
    REQUIRE(proxy.heads().size() == 1);
    const std::string head = proxy.heads()[0];
    CHECK(head.starts_with("CONNECT db.example:443 HTTP/1.1\r\n"));
    CHECK(head.find("secret") == std::string::npos);
  }
}

TEST_CASE("a proxy that can't be reached is named") {
  const auto nobody = bound();
  const std::string port = std::to_string(nobody.second);
  ::setenv("http_proxy", ("http://127.0.0.1:" + port).c_str(), 1);
  HttpRequest request = post("http://db.example/");
  request.proxy = HttpRequest::Proxy::by_environment;
  is_not_sent(sent(request), "connecting to 127.0.0.1 port " + port + ": Connection refused");
  ::unsetenv("http_proxy");
}

TEST_CASE("a connection that is cut before an answer") {
  has_no_answer(answer_to(""), "the connection was closed before an answer came");
  StoryServer server([](Peer& peer) {
    peer.head();
    peer.reset();
  });
  has_no_answer(sent(post(server.url())), "the connection was cut before an answer came: Connection reset by peer");
}

TEST_CASE("a connection that is cut within the answer, wherever") {
  has_no_answer(answer_to("HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n" + std::string(120, 'x')),
                "the connection was cut after 120 of 4000 bytes");
  has_no_answer(answer_to("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
                "the connection was cut after 3 bytes of the answer");
  has_no_answer(answer_to("HTTP/1.1 100 Continue\r\n\r\n"), "the connection was closed before an answer came");
  has_no_answer(answer_to("HTTP/1.1 200 OK\r\nX: 1\r\n"), "the connection was cut within the headers of the answer");
  const std::string whole = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-Note: yes\r\nContent-Length: 2\r\n\r\nok";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK(answer_to(whole.substr(0, length)).kind == Kind::no_answer);
  }
}

TEST_CASE("what is no HTTP is no answer") {
  CHECK(answer_to("SSH-2.0-OpenSSH_9.2\r\n").kind == Kind::no_answer);
  CHECK(answer_to("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n").kind == Kind::no_answer);
}

TEST_CASE("headers without end are given up") {
  StoryServer server([](Peer& peer) {
    peer.head();
    peer.write("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 2000; ++i) peer.write("X: " + std::string(1000, 'x') + "\r\n");
    peer.until_gone();
  });
  has_no_answer(sent(post(server.url())), "the headers of the answer are longer than 262144 bytes");
}

TEST_CASE("a server that does not answer in time, or not wholly") {
  for (const char* beginning : {"", "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\nsome"}) {
    StoryServer server([&](Peer& peer) {
      peer.head();
      peer.write(beginning);
      peer.until_gone();
    });
    const std::string why = *beginning == '\0' ? "no answer within " : "the answer was not whole within ";
    HttpRequest request = post(server.url());
    HttpReply reply;
    std::int64_t time_ms = 75;
    do {  // a machine that does not come as far as that in time is given more of it
      time_ms *= 4;
      request.timeout_ms = time_ms;
      reply = sent(request);
    } while (!reply.why.starts_with(why) && time_ms < 60'000);
    has_no_answer(reply, why + duration_text(time_ms));
  }
}

TEST_CASE("stopped before it began, nothing was sent") {
  StoryServer server(ok);
  std::stop_source stop;
  stop.request_stop();
  const HttpReply reply = make_http_client()->send(post(server.url()), stop.get_token());
  is_not_sent(reply, "it was stopped");
  CHECK(reply.was_stopped);
  CHECK(server.connections() == 0);
}

TEST_CASE("stopped while it waits for an answer that never comes, it ends, and the connection is closed") {
  std::promise<void> asked, gone;
  StoryServer server([&](Peer& peer) {
    peer.head();
    asked.set_value();
    peer.until_gone();
    gone.set_value();
  });
  std::stop_source stop;
  const auto client = make_http_client();
  auto reply = std::async(std::launch::async, [&] { return client->send(post(server.url()), stop.get_token()); });
  asked.get_future().wait();
  stop.request_stop();
  const HttpReply stopped = reply.get();
  has_no_answer(stopped, "it was stopped");
  CHECK(stopped.was_stopped);
  gone.get_future().wait();
}

TEST_CASE("libcurl sends a second time what finds a kept connection dead, and never what has a fresh one") {
  for (const auto connection : {HttpRequest::Connection::kept, HttpRequest::Connection::fresh}) {
    StoryServer* that = nullptr;
    std::atomic<int> count = 0;
    StoryServer server([&](Peer& peer) {  // every second request ends its connection without an answer
      for (std::string head = peer.head(); !head.empty(); head = peer.head()) {
        that->note(head);
        if (++count % 2 == 0) return;
        peer.write(ok);
      }
    });
    that = &server;
    const auto client = make_http_client();
    HttpRequest request = post(server.url("/first"));
    CHECK(client->send(request, {}).body == "ok");
    request.url = server.url("/second");
    request.connection = connection;
    const HttpReply reply = client->send(request, {});
    const bool is_fresh = connection == HttpRequest::Connection::fresh;
    CHECK(server.heads().size() == (is_fresh ? 2 : 3));
    CHECK((reply.kind == Kind::no_answer) == is_fresh);
  }
}

TEST_CASE("an answer over the bound is given up") {
  HttpRequest request = post("");
  request.longest_answer = 5;
  CHECK(answer_to("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345", request).body == "12345");
  has_no_answer(answer_to("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n123456", request), "the answer is longer than 5 bytes");
}

TEST_CASE("a cut answer leaves no file, and what was there stays") {
  TestFolder folder;
  std::ofstream(folder / "answer") << "old";
  HttpRequest request = post("");
  request.answer_file = folder / "answer";
  has_no_answer(answer_to("HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\nnew", request),
                "the connection was cut after 3 of 4000 bytes");
  CHECK(text_of(folder / "answer") == "old");
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("files that can't be used are told before anything is sent") {
  TestFolder folder;
  StoryServer server(ok);
  HttpRequest request = post(server.url());
  request.body_file = folder / "none";
  CHECK_THROWS_WITH_AS(sent(request), ("opening " + request.body_file + ": No such file or directory").c_str(), Error);
  request.body_file = folder.path();
  CHECK_THROWS_AS(sent(request), Error);
  request.body_file.clear();
  request.answer_file = folder / "none" / "answer";
  CHECK_THROWS_AS(sent(request), Error);
  CHECK(server.connections() == 0);
}

TEST_CASE("a file that changes its size while it is sent") {
  TestFolder folder;
  const fs::path file = folder / "body";
  for (const bool grows : {false, true}) {
    std::ofstream(file).close();
    fs::resize_file(file, 64 << 20);
    StoryServer server([&](Peer& peer) {
      peer.head();
      fs::resize_file(file, grows ? 65 << 20 : 10);
      peer.body_digest(64 << 20);
      peer.write(ok);
    });
    HttpRequest request = post(server.url());
    request.body_file = file;
    has_no_answer(sent(request), file.string() + (grows ? " changed its size" : " became shorter") + " while it was sent");
  }
}

TEST_CASE("an error that comes while the body is still being sent is an answer") {
  TestFolder folder;
  const fs::path file = folder / "body";
  std::ofstream(file).close();
  fs::resize_file(file, 64 << 20);
  StoryServer server([&](Peer& peer) {
    peer.head();
    peer.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    peer.until_gone();
  });
  HttpRequest request = post(server.url());
  request.body_file = file;
  const HttpReply reply = sent(request);
  CHECK(reply.status == 403);
  CHECK(reply.body == "no");
}

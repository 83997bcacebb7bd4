#include "os/wire.h"

#include "os/files.h"
#include "world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

struct Line {
  Fd near, far;
  Line() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    near = Fd(ends[0]);
    far = Fd(ends[1]);
  }
};

}  // namespace

TEST_CASE("what is written is read again") {
  WireWriter writer;
  writer.number(-1);
  writer.text(std::string("a\0b", 3));
  writer.texts({"", "zwei", "3"});
  writer.number(INT64_MAX);
  WireReader reader(writer.bytes());
  CHECK(reader.number() == -1);
  CHECK(reader.text() == std::string("a\0b", 3));
  CHECK(reader.texts() == std::vector<std::string>{"", "zwei", "3"});
  CHECK(reader.number() == INT64_MAX);
  CHECK(reader.ok());
}

TEST_CASE("a message that was cut anywhere is noticed") {
  WireWriter writer;
  writer.text("name");
  writer.texts({"one", "two"});
  writer.number(7);
  for (std::size_t size = 0; size < writer.bytes().size(); ++size) {
    WireReader reader(std::string_view(writer.bytes()).substr(0, size));
    reader.text();
    reader.texts();
    reader.number();
    CHECK_FALSE(reader.ok());
  }
}

TEST_CASE("a length that lies gives nothing and takes no memory") {
  for (std::int64_t lie : {std::int64_t{-1}, std::int64_t{6}, INT64_MAX, INT64_MIN}) {
    WireWriter writer;
    writer.number(lie);
    writer.number(0);
    WireReader text(std::string_view(writer.bytes()).substr(0, 13));
    CHECK(text.text().empty());
    CHECK_FALSE(text.ok());
    CHECK(text.number() == 0);
  }
  WireWriter writer;
  writer.number(INT64_MAX);
  WireReader texts(writer.bytes());
  CHECK(texts.texts().size() <= 1);
  CHECK_FALSE(texts.ok());
}

TEST_CASE("files travel with a message") {
  Line line;
  Fd file = memory_file("in memory", "test");
  REQUIRE(send_message(line.near.get(), "hello", {file.get(), file.get()}, SendMode::wait));
  Message message;
  REQUIRE(receive_message(line.far.get(), message) == Received::message);
  CHECK(message.bytes == "hello");
  CHECK_FALSE(message.is_cut);
  REQUIRE(message.fds.size() == 2);
  CHECK(read_all(message.fds[1].get()) == "in memory");
}

TEST_CASE("a message of any size arrives whole, and its files behind it") {
  Line line;
  Fd file = memory_file("in memory", "test");
  for (std::size_t size : {16'384, 16'385, 20'000, 3'000'000}) {
    const std::string bytes(size, 'x');
    REQUIRE(send_message(line.near.get(), bytes, {file.get(), file.get()}, SendMode::wait));
    Message message;
    REQUIRE(receive_message(line.far.get(), message) == Received::message);
    CHECK((message.bytes == bytes));
    CHECK_FALSE(message.is_cut);
    REQUIRE(message.fds.size() == 2);
    CHECK(read_all(message.fds[0].get()) == "in memory");
  }
}

TEST_CASE("a datagram that is too long is known to be cut") {
  Line line;
  const std::string bytes(20'000, 'x');
  REQUIRE(::send(line.near.get(), bytes.data(), bytes.size(), 0) == 20'000);
  Message message;
  REQUIRE(receive_message(line.far.get(), message) == Received::message);
  CHECK(message.is_cut);
}

TEST_CASE("a file that no descriptor is left for is known to be missing") {
  CHECK(told([] {
          int ends[2];
          must(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "a line");
          Fd file = memory_file("x", "test");
          must(send_message(ends[0], "two", {file.get(), file.get()}, SendMode::wait), "sent");
          rlimit before{}, low{64, 64};
          must(::getrlimit(RLIMIT_NOFILE, &before) == 0, "the limit is known");
          low.rlim_max = before.rlim_max;
          must(::setrlimit(RLIMIT_NOFILE, &low) == 0, "the limit was set");
          int last = -1;
          for (int next = ::dup(0); next >= 0; next = ::dup(0)) last = next;
          ::close(last);
          Message message;
          Received received = receive_message(ends[1], message);
          must(::setrlimit(RLIMIT_NOFILE, &before) == 0, "the limit was lifted");
          must(received == Received::message, "it came");
          must(message.is_cut && message.fds.size() == 1, "one of two, and said to be cut");
        }) == "");
}

TEST_CASE("who does not read is not waited for unless that is asked") {
  Line line;
  int sent = 0;
  while (send_message(line.near.get(), "ring", {}, SendMode::if_room)) ++sent;
  CHECK(sent > 10);
  Message message;
  CHECK(receive_message(line.far.get(), message) == Received::message);
  line.far.reset();
  CHECK_FALSE(send_message(line.near.get(), "ring", {}, SendMode::wait));
}

TEST_CASE("the last words of one that died with something unread are heard") {
  Line line;
  REQUIRE(send_message(line.near.get(), "ring", {}, SendMode::wait));
  REQUIRE(send_message(line.far.get(), "bye", {}, SendMode::wait));
  line.far.reset();  // "ring" was not read
  Message message;
  CHECK(receive_message(line.near.get(), message) == Received::message);
  CHECK(message.bytes == "bye");
  CHECK(receive_message(line.near.get(), message) == Received::closed);
}

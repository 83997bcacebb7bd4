#include "os/protocol.h"

#include "world.h"

using namespace runbook;
namespace protocol = runbook::protocol;

namespace {

protocol::Spawn full_spawn() {
  protocol::Spawn body;
  body.command.argv = {"bash", "-c", "echo $1"};
  body.command.env = {"PATH=/bin", "EMPTY="};
  body.command.dir = "/srv";
  body.command.secrets = {"hunter22"};
  body.command.output_head = 1;
  body.command.output_tail = 2;
  body.command.keeps_result = true;
  body.command.timeout_ms = 0;
  body.command.grace_ms = 3;
  body.command.seq = 4;
  body.command.hash = "ab";
  body.program = "/bin/bash";
  body.marker = "R/1";
  body.named_outputs_in_memory = true;
  body.acked = {1, 2, 3};
  body.mask = 0027;
  body.core_limit = -1;
  return body;
}

}  // namespace

TEST_CASE("a SPAWN body is read as it was written") {
  std::string bytes = protocol::spawn_body(full_spawn());
  WireReader reader(bytes);
  protocol::Spawn read = protocol::read_spawn_body(reader);
  CHECK(reader.ok());
  CHECK(protocol::spawn_body(read) == bytes);
  CHECK(read.command.timeout_ms == 0);
  CHECK(read.acked == std::vector<std::int64_t>{1, 2, 3});
}

TEST_CASE("a command without a timeout has none afterwards") {
  protocol::Spawn body = full_spawn();
  body.command.timeout_ms.reset();
  std::string bytes = protocol::spawn_body(body);
  WireReader reader(bytes);
  CHECK_FALSE(protocol::read_spawn_body(reader).command.timeout_ms.has_value());
}

TEST_CASE("a SPAWN body that was cut anywhere is noticed") {
  std::string bytes = protocol::spawn_body(full_spawn());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    WireReader reader(std::string_view(bytes).substr(0, size));
    protocol::read_spawn_body(reader);
    CHECK_FALSE(reader.ok());
  }
}

TEST_CASE("HELLO says protocol, epoch and open attempts") {
  std::string bytes = protocol::hello({7, {3, 5}});
  WireReader reader(bytes);
  CHECK(protocol::read_kind(reader) == protocol::Kind::hello);
  protocol::Hello hello;
  CHECK(protocol::read_hello(reader, hello) == protocol::version);
  CHECK(hello.epoch == 7);
  CHECK(hello.open == std::vector<std::int64_t>{3, 5});
  CHECK(reader.ok());
}

TEST_CASE("a refusal is understood from whatever version it comes") {
  protocol::Table refusal;
  refusal.refusal = "no";
  refusal.hint = "try that";
  WireWriter fifth;  // as protocol 5 wrote it: a number and a count behind it
  fifth.number(static_cast<std::int64_t>(protocol::Kind::table));
  fifth.text("no");
  fifth.number(0);
  fifth.number(0);
  for (const auto& [bytes, hint] : {std::pair(protocol::table(refusal), "try that"), std::pair(fifth.bytes(), "")}) {
    WireReader reader(bytes);
    CHECK(protocol::read_kind(reader) == protocol::Kind::table);
    const protocol::Table read = protocol::read_table(reader);
    CHECK(reader.ok());
    CHECK(read.refusal == "no");
    CHECK(read.hint == hint);
  }
}

TEST_CASE("a table is read as it was written") {
  using State = protocol::Entry::State;
  std::string bytes = protocol::table({"", 9, {{1, State::running}, {2, State::lost}}, {"hunter22", "hunter23"}});
  WireReader reader(bytes);
  CHECK(protocol::read_kind(reader) == protocol::Kind::table);
  protocol::Table table = protocol::read_table(reader);
  CHECK(table.refusal.empty());
  CHECK(table.greatest == 9);
  REQUIRE(table.entries.size() == 2);
  CHECK(table.entries[1].n == 2);
  CHECK(table.entries[1].state == State::lost);
  CHECK(table.secrets == std::vector<std::string>{"hunter22", "hunter23"});
}

TEST_CASE("an EXIT carries all but the bytes of the output") {
  protocol::Ended ended;
  ended.n = 4;
  ended.exit.kind = Exit::Kind::signal;
  ended.exit.number = 9;
  ended.exit.has_timed_out = true;
  ended.exit.output_total = 1'000;
  ended.exit.output_sha256 = "00ff";
  ended.exit.strays = {"pid 1 sleep"};
  ended.exit.left = {"pid 2 tunnel", "pid 3 tunnel"};
  ended.has_result = true;
  std::string bytes = protocol::exit(ended);
  WireReader reader(bytes);
  CHECK(protocol::read_kind(reader) == protocol::Kind::exit);
  protocol::Ended read = protocol::read_exit(reader);
  CHECK(reader.ok());
  CHECK(protocol::exit(read) == bytes);
  CHECK(read.exit.has_timed_out);
  CHECK_FALSE(read.exit.was_cancelled);
  CHECK(read.exit.left.size() == 2);
  CHECK(read.has_result);
  CHECK_FALSE(read.has_named_outputs);
}

TEST_CASE("numbers with a count that lies end where the message ends") {
  WireWriter writer;
  writer.number(INT64_MAX);
  writer.number(5);
  WireReader reader(writer.bytes());
  CHECK(protocol::read_numbers(reader).size() <= 2);
  CHECK_FALSE(reader.ok());
}

TEST_CASE("a result keeps the two streams apart") {
  Exit exit;
  protocol::read_result(protocol::result_bytes("out\n", "err\n", true), exit);
  CHECK(exit.out == "out\n");
  CHECK(exit.err == "err\n");
  CHECK(exit.result_is_too_large);
}

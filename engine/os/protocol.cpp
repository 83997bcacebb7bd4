#include "os/protocol.h"

namespace runbook::protocol {

namespace {

WireWriter begin(Kind kind) {
  WireWriter writer;
  writer.number(static_cast<std::int64_t>(kind));
  return writer;
}

void numbers(WireWriter& writer, const std::vector<std::int64_t>& values) {
  writer.number(static_cast<std::int64_t>(values.size()));
  for (auto value : values) writer.number(value);
}

}  // namespace

std::string hello(const Hello& message) {
  auto writer = begin(Kind::hello);
  writer.number(version);
  writer.number(message.epoch);
  numbers(writer, message.open);
  return writer.bytes();
}

std::string spawn(std::int64_t epoch, std::int64_t n) {
  auto writer = begin(Kind::spawn);
  writer.number(epoch);
  writer.number(n);
  return writer.bytes();
}

std::string spawn_body(const Spawn& body) {
  WireWriter writer;
  const Command& command = body.command;
  writer.texts(command.argv);
  writer.texts(command.env);
  writer.text(command.dir);
  writer.texts(command.secrets);
  writer.number(command.output_head);
  writer.number(command.output_tail);
  writer.number(command.hides_output);
  writer.number(command.keeps_result);
  writer.number(command.timeout_ms.value_or(-1));
  writer.number(command.grace_ms);
  writer.number(command.tty);
  writer.text(command.step);
  writer.number(command.leaves);
  writer.number(command.seq);
  writer.text(command.hash);
  writer.text(body.program);
  writer.text(body.marker);
  writer.number(body.named_outputs_in_memory);
  writer.number(body.has_input);
  writer.number(body.has_out);
  numbers(writer, body.acked);
  writer.number(body.mask);
  writer.number(body.core_limit);
  writer.text(body.terminal);
  return writer.bytes();
}

Spawn read_spawn_body(WireReader& reader) {
  Spawn body;
  Command& command = body.command;
  command.argv = reader.texts();
  command.env = reader.texts();
  command.dir = reader.text();
  command.secrets = reader.texts();
  command.output_head = reader.number();
  command.output_tail = reader.number();
  command.hides_output = reader.number() != 0;
  command.keeps_result = reader.number() != 0;
  if (auto timeout = reader.number(); timeout >= 0) command.timeout_ms = timeout;
  command.grace_ms = reader.number();
  command.tty = reader.number() != 0;
  command.step = reader.text();
  command.leaves = reader.number() != 0;
  command.seq = reader.number();
  command.hash = reader.text();
  body.program = reader.text();
  body.marker = reader.text();
  body.named_outputs_in_memory = reader.number() != 0;
  body.has_input = reader.number() != 0;
  body.has_out = reader.number() != 0;
  body.acked = read_numbers(reader);
  body.mask = reader.number();
  body.core_limit = reader.number();
  body.terminal = reader.text();
  return body;
}

std::string cancel(std::int64_t n) {
  auto writer = begin(Kind::cancel);
  writer.number(n);
  return writer.bytes();
}

std::string acked(const std::vector<std::int64_t>& attempts) {
  auto writer = begin(Kind::acked);
  numbers(writer, attempts);
  return writer.bytes();
}

std::string end_left() { return begin(Kind::end_left).bytes(); }

std::string left_ended(const std::vector<std::string>& ended) {
  auto writer = begin(Kind::left_ended);
  writer.texts(ended);
  return writer.bytes();
}

std::string stays() { return begin(Kind::stays).bytes(); }

std::string lend(std::int64_t n) {
  auto writer = begin(Kind::lend);
  writer.number(n);
  return writer.bytes();
}

std::string terminal(const Lent& message) {
  auto writer = begin(Kind::terminal);
  writer.number(message.n);
  writer.text(message.step);
  writer.text(message.missed);
  return writer.bytes();
}

std::string given_back(std::int64_t n) {
  auto writer = begin(Kind::given_back);
  writer.number(n);
  return writer.bytes();
}

std::string bye() { return begin(Kind::bye).bytes(); }

std::string table(const Table& message) {
  auto writer = begin(Kind::table);
  writer.text(message.refusal);
  if (!message.refusal.empty()) {
    writer.text(message.hint);
    return writer.bytes();
  }
  writer.number(message.greatest);
  writer.number(static_cast<std::int64_t>(message.entries.size()));
  for (const auto& entry : message.entries) {
    writer.number(entry.n);
    writer.number(static_cast<std::int64_t>(entry.state));
    writer.number(entry.has_terminal);
  }
  writer.texts(message.secrets);
  return writer.bytes();
}

std::string not_started(std::int64_t n, std::string_view why) {
  auto writer = begin(Kind::not_started);
  writer.number(n);
  writer.text(why);
  return writer.bytes();
}

std::string ring(std::int64_t n, std::int64_t total) {
  auto writer = begin(Kind::ring);
  writer.number(n);
  writer.number(total);
  return writer.bytes();
}

std::string exit(const Ended& message) {
  auto writer = begin(Kind::exit);
  const Exit& exit = message.exit;
  writer.number(message.n);
  writer.number(static_cast<std::int64_t>(exit.kind));
  writer.number(exit.number);
  writer.number(exit.has_timed_out);
  writer.number(exit.was_cancelled);
  writer.number(exit.output_total);
  writer.text(exit.output_sha256);
  writer.texts(exit.strays);
  writer.texts(exit.left);
  writer.number(exit.result_is_missing);
  writer.number(exit.named_outputs_are_missing);
  writer.number(message.has_result);
  writer.number(message.has_named_outputs);
  return writer.bytes();
}

Ended read_exit(WireReader& reader) {
  Ended ended;
  Exit& exit = ended.exit;
  ended.n = reader.number();
  exit.kind = static_cast<Exit::Kind>(reader.number());
  exit.number = static_cast<int>(reader.number());
  exit.has_timed_out = reader.number() != 0;
  exit.was_cancelled = reader.number() != 0;
  exit.output_total = reader.number();
  exit.output_sha256 = reader.text();
  exit.strays = reader.texts();
  exit.left = reader.texts();
  exit.result_is_missing = reader.number() != 0;
  exit.named_outputs_are_missing = reader.number() != 0;
  ended.has_result = reader.number() != 0;
  ended.has_named_outputs = reader.number() != 0;
  return ended;
}

Lent read_terminal(WireReader& reader) {
  Lent lent;
  lent.n = reader.number();
  lent.step = reader.text();
  lent.missed = reader.text();
  return lent;
}

Kind read_kind(WireReader& reader) { return static_cast<Kind>(reader.number()); }

std::int64_t read_hello(WireReader& reader, Hello& into) {
  std::int64_t spoken = reader.number();
  into.epoch = reader.number();
  into.open = read_numbers(reader);
  return spoken;
}

std::vector<std::int64_t> read_numbers(WireReader& reader) {
  std::vector<std::int64_t> values;
  auto count = reader.number();
  for (std::int64_t i = 0; i < count && reader.ok(); ++i) values.push_back(reader.number());
  return values;
}

Table read_table(WireReader& reader) {
  Table message;
  message.refusal = reader.text();
  if (!message.refusal.empty()) {
    message.hint = reader.text();  // of versions before the sixth there is a zero, which reads as ""
    return message;
  }
  message.greatest = reader.number();
  auto count = reader.number();
  for (std::int64_t i = 0; i < count && reader.ok(); ++i) {
    Entry entry;
    entry.n = reader.number();
    entry.state = static_cast<Entry::State>(reader.number());
    entry.has_terminal = reader.number() != 0;
    message.entries.push_back(entry);
  }
  message.secrets = reader.texts();
  return message;
}

std::string result_bytes(const std::string& out, const std::string& err, bool is_too_large) {
  WireWriter writer;
  writer.number(is_too_large);
  writer.text(out);
  writer.text(err);
  return writer.bytes();
}

void read_result(std::string_view bytes, Exit& into) {
  WireReader reader(bytes);
  into.result_is_too_large = reader.number() != 0;
  into.out = reader.text();
  into.err = reader.text();
}

}  // namespace runbook::protocol

#include "os/spool.h"

#include <fmt/format.h>

#include <thread>

#include "world.h"

using namespace runbook;
using namespace runbook::testing;

namespace {

// The text, byte by byte distinguishable, as a step may write it.
std::string counted(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += fmt::format("{},", i);
  text.resize(size);
  return text;
}

}  // namespace

TEST_CASE("what fits into the head is whole and keeps its streams apart") {
  TestFolder folder;
  auto writer = SpoolWriter::create(folder / "1.spool", {1'000, 1'000});
  writer.append(Stream::out, "one\n");
  writer.append(Stream::err, "warning\n");
  writer.append(Stream::out, "two\n");
  writer.append(Stream::out, "");
  SpoolText text = read_spool(folder / "1.spool");
  CHECK(text.text() == "one\nwarning\ntwo\n");
  CHECK(text.out == "one\ntwo\n");
  CHECK(text.err == "warning\n");
  CHECK(text.total == 16);
  CHECK(text.is_whole());
}

TEST_CASE("at every size the head is the beginning, the tail the end, and what is left out is counted") {
  TestFolder folder;
  constexpr std::size_t head = 30, tail = 20;
  for (std::size_t size = 0; size < 90; ++size) {
    auto path = folder / fmt::format("{}.spool", size);
    auto writer = SpoolWriter::create(path, {head, tail});
    std::string whole = counted(size);
    writer.append(Stream::out, whole);
    SpoolText text = read_spool(path);
    CHECK(text.head == whole.substr(0, text.head.size()));
    CHECK(text.tail == whole.substr(size - text.tail.size()));
    CHECK(text.left_out() == static_cast<std::int64_t>(size - text.head.size() - text.tail.size()));
    CHECK(text.is_whole() == (size <= head - 5));
    CHECK((text.left_out() > 0) == (size > head - 5 + tail));
    if (text.left_out() > 0)
      CHECK(text.text() == fmt::format("{}\n[{} bytes left out]\n{}", text.head, text.left_out(), text.tail));
  }
}

TEST_CASE("the ring holds the last bytes wherever it wraps") {
  TestFolder folder;
  constexpr std::size_t tail = 16;
  for (std::size_t chunk = 1; chunk <= 40; ++chunk) {
    auto path = folder / fmt::format("{}.spool", chunk);
    auto writer = SpoolWriter::create(path, {0, tail});
    std::string whole;
    for (int i = 0; i < 20; ++i) {
      std::string bytes = counted(chunk);
      writer.append(Stream::out, bytes);
      whole += bytes;
      std::size_t kept = std::min(tail, whole.size());
      REQUIRE(read_spool(path).tail == whole.substr(whole.size() - kept));
    }
    CHECK(writer.total() == static_cast<std::int64_t>(whole.size()));
  }
}

TEST_CASE("without room for a tail only the head is kept") {
  TestFolder folder;
  auto writer = SpoolWriter::create(folder / "1.spool", {15, 0});
  writer.append(Stream::out, "0123456789abc");
  SpoolText text = read_spool(folder / "1.spool");
  CHECK(text.head == "0123456789");
  CHECK(text.tail.empty());
  CHECK(text.left_out() == 3);
}

TEST_CASE("a reader that comes back gets what is new, and is told what it missed") {
  TestFolder folder;
  auto path = folder / "1.spool";
  auto writer = SpoolWriter::create(path, {25, 10});
  std::int64_t position = 0;
  CHECK(read_spool_since(path, position).empty());
  writer.append(Stream::out, "0123456789");
  CHECK(read_spool_since(path, position) == "0123456789");
  writer.append(Stream::out, "abcdefghij");  // 5 to the head, 5 to the tail
  CHECK(read_spool_since(path, position) == "abcdefghij");
  writer.append(Stream::out, "klmno");
  CHECK(read_spool_since(path, position) == "klmno");
  writer.append(Stream::out, counted(100));
  CHECK(read_spool_since(path, position) == "[90 bytes left out]\n" + counted(100).substr(90));
  CHECK(position == 125);
}

TEST_CASE("a reader sees consistent text while another thread writes") {
  TestFolder folder;
  auto path = folder / "1.spool";
  auto writer = SpoolWriter::create(path, {1'000, 700});
  std::string line = "0123456789\n";
  std::jthread at_work([&](std::stop_token stop) {
    while (!stop.stop_requested()) writer.append(Stream::out, line);
  });
  bool is_sound = true;
  for (int i = 0; i < 300; ++i) {
    SpoolText text = read_spool(path);
    is_sound = is_sound && text.total % 11 == 0 && text.left_out() >= 0 && text.out.size() == text.head.size();
  }
  CHECK(is_sound);
}

TEST_CASE("a spool whose writer died in the middle of an append can be read and continued") {
  TestFolder folder;
  auto path = folder / "1.spool";
  SpoolWriter::create(path, {1'000, 1'000}).append(Stream::out, "before\n");
  std::string bytes = text_of(path);
  bytes[48] = 1;  // the version: odd
  write_text(path, bytes);
  CHECK(read_spool(path).text() == "before\n");
  SpoolWriter::open(path).append(Stream::err, "after\n");
  CHECK(read_spool(path).text() == "before\nafter\n");
  CHECK(read_spool(path).err == "after\n");
}

TEST_CASE("a damaged spool is neither read nor written") {
  TestFolder folder;
  auto path = folder / "1.spool";
  SpoolWriter::create(path, {100, 100}).append(Stream::out, "before\n");
  std::string sound = text_of(path);
  auto is_refused = [&](const std::string& bytes) {
    write_text(path, bytes);
    SpoolWriter writer = SpoolWriter::open(path);
    writer.append(Stream::out, "more");
    return writer.total() == 0 && text_of(path) == bytes;
  };
  CHECK(is_refused(""));
  CHECK(is_refused(sound.substr(0, 63)));
  CHECK(is_refused(sound.substr(0, 100)));
  CHECK(is_refused("X" + sound.substr(1)));
  for (std::size_t field : {8, 16, 24}) {  // sizes of head, tail, and what is used
    for (std::size_t byte : {6, 7}) {
      std::string bytes = sound;
      bytes[field + byte] = '\x7f';
      CHECK(is_refused(bytes));
      CHECK(read_spool(path).text().empty());
    }
  }
  CHECK(read_spool(folder / "none").text().empty());
}

TEST_CASE("no byte of a spool, flipped, harms its readers and writers") {
  TestFolder folder;
  auto path = folder / "1.spool";
  {
    auto writer = SpoolWriter::create(path, {40, 24});
    writer.append(Stream::out, counted(100));
  }
  std::string sound = text_of(path);
  for (std::size_t at = 0; at < sound.size(); ++at) {
    for (int flip : {0x01, 0x80, 0xff}) {
      std::string bytes = sound;
      bytes[at] = static_cast<char>(bytes[at] ^ flip);
      write_text(path, bytes);
      std::int64_t position = 0;
      read_spool(path).text();
      read_spool_since(path, position);
      SpoolWriter::open(path).append(Stream::err, counted(70));
    }
  }
  CHECK(fs::file_size(path) == sound.size());
}

TEST_CASE("a full disk stops a step before it begins") {
  CHECK(told([] {
          TestFolder folder;
          ::signal(SIGXFSZ, SIG_IGN);
          rlimit limit{4'096, 4'096};
          must(::setrlimit(RLIMIT_FSIZE, &limit) == 0, "the limit was set");
          std::string what;
          try {
            SpoolWriter::create(folder / "1.spool", {64 << 10, 64 << 10});
          } catch (const Error& error) {
            what = error.what();
            must(error.code() == ExitCode::step_failed, "exit 1");
          }
          must(has(what, "making room for the output in"), what);
          must(!fs::exists(folder / "1.spool"), "nothing is left behind");
        }) == "");
}

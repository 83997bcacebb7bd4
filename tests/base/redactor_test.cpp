#include "base/redactor.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/digest.h"

using namespace runbook;

namespace {

const std::string password = "pa ss/w'ord\"\\x?>~7";

std::string base64(const std::string& bytes) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  unsigned bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8U | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text += alphabet[bits >> (count - 6) & 63U];
  }
  if (count > 0) text += alphabet[bits << (6 - count) & 63U];
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::string base64url(const std::string& bytes) {
  std::string text;
  for (const char c : base64(bytes)) {
    if (c != '=') text += c == '+' ? '-' : c == '/' ? '_' : c;
  }
  return text;
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string wrapped(const std::string& text, std::size_t width, const std::string& between) {
  std::string lines;
  for (std::size_t at = 0; at < text.size(); at += width) {
    if (at > 0) lines += between;
    lines += text.substr(at, width);
  }
  return lines;
}

std::string byte_by_byte(const std::string& text, const std::vector<std::string>& secrets) {
  Redactor redactor(secrets);
  std::string shown;
  for (const char c : text) shown += redactor.feed(std::string(1, c));
  return shown + redactor.finish();
}

// The same result however the text arrives.
void check_redacted(const std::string& text, const std::vector<std::string>& secrets, const std::string& expected) {
  CHECK(redact(text, secrets) == expected);
  CHECK(byte_by_byte(text, secrets) == expected);
  for (std::size_t at = 0; at <= text.size(); ++at) {
    Redactor redactor(secrets);
    std::string shown = redactor.feed(text.substr(0, at));
    shown += redactor.feed(text.substr(at));
    shown += redactor.finish();
    REQUIRE(shown == expected);
  }
}

}  // namespace

TEST_CASE("without secrets everything passes at once") {
  Redactor redactor({});
  CHECK(redactor.idle());
  CHECK(redactor.feed("any text\n") == "any text\n");
  CHECK(redactor.held() == 0);
  CHECK(redactor.finish().empty());
}

TEST_CASE("a secret under six bytes is no secret") {
  CHECK(Redactor({"12345", ""}).idle());
  CHECK(redact("12345 123456", {"12345", "123456"}) == "12345 [secret]");
}

TEST_CASE("a secret split over two chunks is masked") {
  check_redacted("login with hunter2hunter2, please", {"hunter2hunter2"}, "login with [secret], please");
}

TEST_CASE("each form in which a tool prints a secret is masked") {
  const std::vector<std::string> forms = {
      password,
      "pa%20ss%2Fw%27ord%22%5Cx%3F%3E%7E7",  // everything but letters and digits
      "pa%20ss%2fw%27ord%22%5cx%3f%3e%7e7",  // the same in lower case
      "pa%20ss/w'ord%22%5Cx?%3E~7",          // a path
      "pa+ss%2Fw%27ord%22%5Cx%3F%3E%7E7",    // a form
      R"(pa ss/w'ord\"\\x?>~7)",             // JSON
      R"(pa ss\/w\u0027ord\u0022\u005cx?\u003e~7)",
      R"(pa\ ss/w\'ord\"\\x\?\>~7)",  // printf %q
      R"(pa ss/w\'ord"\\x?>~7)",      // $'...'
      R"(pa\x20ss\057w\047ord\x22\x5cx?>~7)",
      R"(pa ss/w'\''ord"\x?>~7)",   // '...' of a shell
      R"(pa ss/w'"'"'ord"\x?>~7)",  // Python's shlex
      R"(pa ss/w''ord"\x?>~7)",     // YAML
      to_hex(password),
      upper(to_hex(password)),
      base64(password),
      base64url(password),
  };
  for (const std::string& form : forms) {
    CAPTURE(form);
    check_redacted("[" + form + "]", {password}, "[[secret]]");
    check_redacted(form, {password}, "[secret]");
  }
}

TEST_CASE("letters outside ASCII are found escaped as well") {
  const std::string secret =
      "gr\xC3\xBC\xC3\x9F"
      "e\xF0\x9F\x94\x91!";
  check_redacted(R"(<gr\u00fc\u00dfe\ud83d\udd11!>)", {secret}, "<[secret]>");
  check_redacted("<gr%C3%BC%c3%9fe%F0%9F%94%91%21>", {secret}, "<[secret]>");
  check_redacted(R"(<gr\303\274\303\237e\360\237\224\221!>)", {secret}, "<[secret]>");
}

TEST_CASE("a secret inside a longer base64 text is masked at each alignment") {
  const std::string secret = "correct-horse~battery?staple>";
  for (const std::string before : {"", "u", "us", "usr", "user:"}) {
    for (const std::string after : {"", "\n", "!", "@h", "@host"}) {
      CAPTURE(before);
      CAPTURE(after);
      for (const std::string& text : {base64(before + secret + after), base64url(before + secret + after)}) {
        const std::string shown = redact("Basic " + text, {secret});
        CHECK(shown.find("[secret]") != std::string::npos);
        // What a neighbouring byte shares with the secret's first or last one may stay: a character each.
        CHECK(shown.size() <= std::string("Basic [secret]").size() + base64(before).size() + base64(after).size() + 2);
        CHECK(byte_by_byte("Basic " + text, {secret}) == shown);
      }
    }
  }
}

TEST_CASE("at the end of a base64 text nothing of the secret remains") {
  for (const std::string secret : {"sesame1", "sesame12", "sesame123"}) {
    CAPTURE(secret);
    check_redacted("token: " + base64(secret) + "\n", {secret}, "token: [secret]\n");
    check_redacted("token: " + base64url(secret) + "\n", {secret}, "token: [secret]\n");
    check_redacted("token: " + base64(secret + "\n") + "\n", {secret}, "token: [secret]\n");
    check_redacted("token=" + base64("abc" + secret) + ";", {secret}, "token=YWJj[secret];");
  }
}

TEST_CASE("base64 inside a URL and inside JSON is masked") {
  const std::string secret = "sesame?>~\xFF\xFE open";
  std::string in_url;
  std::string in_json;
  for (const char c : base64(secret)) {
    in_url += c == '+' ? "%2B" : c == '/' ? "%2F" : c == '=' ? "%3D" : std::string(1, c);
    in_json += c == '/' ? "\\/" : std::string(1, c);
  }
  REQUIRE(in_url != base64(secret));
  REQUIRE(in_json != base64(secret));
  check_redacted("?t=" + in_url + "&x", {secret}, "?t=[secret]&x");
  check_redacted("{\"t\":\"" + in_json + "\"}", {secret}, "{\"t\":\"[secret]\"}");
}

TEST_CASE("base64 and hex wrapped over lines are masked") {
  const std::string secret = "a token of forty characters, more or less";
  for (const std::string between : {"\n", "\r\n", "\n    ", "\r\n\t", "\\n", "\\r\\n"}) {
    for (const std::size_t width : {16, 20, 33, 64, 76}) {
      CAPTURE(between);
      CAPTURE(width);
      for (const std::string& form : {base64(secret), base64url(secret), to_hex(secret), upper(to_hex(secret))}) {
        check_redacted(fmt::format("<{}>", wrapped(form, width, between)), {secret}, "<[secret]>");
      }
    }
  }
}

TEST_CASE("a secret in a wrapped base64 block is masked wherever the line ends") {
  const std::string secret = "correct-horse-battery";
  for (std::size_t width = 60; width <= 64; ++width) {
    for (std::size_t length = 42; length < 99; length += 3) {
      CAPTURE(width);
      CAPTURE(length);
      const std::string before = base64(std::string(length, 'x'));
      const std::string block = wrapped(before + base64(secret), width, "\n");
      const std::string end_of_line = before.size() % width == 0 ? "\n" : "";
      const std::string expected = wrapped(before, width, "\n") + end_of_line + "[secret]";
      CHECK(redact(block, {secret}) == expected);
      CHECK(byte_by_byte(block, {secret}) == expected);
    }
  }
}

TEST_CASE("of a form that an ordinary line ends within, at most three characters remain") {
  const std::string secret = "correct-horse-battery";
  const std::string form = base64(secret);
  for (std::size_t at = 1; at < form.size(); ++at) {
    CAPTURE(at);
    const std::string first = form.substr(0, at);
    const std::string expected = at <= 3 ? first + "\n[secret]" : "[secret]";
    check_redacted("is " + first + "\n" + form.substr(at), {secret}, "is " + expected);
  }
}

TEST_CASE("plain words that a line's end separates are no secret") {
  check_redacted("foo\nbar foo\r\nbar", {"foobar"}, "foo\nbar foo\r\nbar");
}

TEST_CASE("a secret of several lines is masked whole, and line by line") {
  const std::string key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEF\nAA==\n-----END KEY-----\n";
  check_redacted("k: " + key + "end", {key}, "k: [secret]\nend");
  check_redacted("  hkiG9w0BAQEF\r\n  AA==\r\n", {key}, "  [secret]\r\n  AA==\r\n");
  check_redacted(R"({"k":"-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEF\nAA==\n-----END KEY-----\n"})", {key},
                 R"({"k":"[secret]\n"})");
  check_redacted(wrapped(base64(key), 40, "\n"), {key}, "[secret]");
}

TEST_CASE("of two secrets, one the beginning of the other, the longer one is masked whole") {
  const std::vector<std::string> secrets = {"hunter2", "hunter2hunter3"};
  check_redacted("hunter2hunter3.hunter2hunter4.hunter2", secrets, "[secret].[secret]hunter4.[secret]");
}

TEST_CASE("a secret inside the beginning of another one is masked") {
  check_redacted("xabcdef!", {"xabcdef99", "abcdef"}, "x[secret]!");
}

TEST_CASE("a secret that begins in the escaped end of another one is masked") {
  check_redacted("abcdef%31%32xyz34", {"abcdef12", "12xyz34"}, "[secret]");
}

TEST_CASE("the same holds where their hex is wrapped") {
  check_redacted("0078616263\n64656621", {"xabcdef99", "abcdef"}, "0078[secret]21");
  check_redacted("-61626364656631\n3278797a3334-", {"abcdef12", "12xyz34"}, "-[secret]-");
}

TEST_CASE("overlapping and adjacent secrets give one mask") {
  check_redacted("-abcdefghij-", {"abcdef", "defghij", "bcdefg"}, "-[secret]-");
  check_redacted("-sesame1sesame1sesame1-", {"sesame1"}, "-[secret]-");
  check_redacted("-aaaaaaaaaaaaa-", {"aaaaaa"}, "-[secret]-");
  check_redacted("-sesame1 sesame1-", {"sesame1"}, "-[secret] [secret]-");
}

TEST_CASE("escapes that lead nowhere stay as they are") {
  const std::string text = R"(100% %2 %zz \q \u12 \ud83d\u0070 \x4 \09 "\\" se%73am C:\new\sesam %)";
  check_redacted(text, {"sesame1 and more"}, text);
  check_redacted(text + "\\", {"sesame1 and more"}, text + "\\");
}

TEST_CASE("an escape cut off by a chunk does not hide the next one") {
  check_redacted(R"(\ud83d\u0073esame1)", {"sesame1"}, R"(\ud83d[secret])");
  check_redacted(R"(\u007\u0073esame1 %%73esame1)", {"sesame1"}, R"(\u007[secret] %[secret])");
}

TEST_CASE("an escaped beginning may be followed by a plain end, and the reverse") {
  check_redacted("%73esame1/ %73e%73ame1%2F sesame1%2F", {"sesame1/"}, "[secret] [secret] [secret]");
}

TEST_CASE("a prompt without a newline appears at once") {
  Redactor redactor({"Password1"});
  CHECK(redactor.feed("Password: ") == "Password: ");
  CHECK(redactor.held() == 0);
}

TEST_CASE("a line appears at once although its last letters begin some form") {
  const std::string secret = "correct-horse-battery";
  for (const std::string& line : {"waiting for " + base64(secret).substr(0, 2), "got " + to_hex(secret).substr(0, 3)}) {
    Redactor redactor({secret});
    CHECK(redactor.feed(line + "\n") == line + "\n");
    CHECK(redactor.held() == 0);
  }
}

TEST_CASE("exactly the possible beginning of a secret is held back") {
  Redactor redactor({"hunter2"});
  CHECK(redactor.feed("say hunt") == "say ");
  CHECK(redactor.held() == 4);
  CHECK(redactor.feed("%65") == "");
  CHECK(redactor.held() == 7);
  CHECK(redactor.feed("d, ") == "hunt%65d, ");
  CHECK(redactor.feed("hunter2") == "[secret]");
  CHECK(redactor.held() == 0);
}

TEST_CASE("finish shows what was held back, and the stream begins anew") {
  Redactor redactor({"hunter2"});
  CHECK(redactor.feed("hunt") == "");
  CHECK(redactor.finish() == "hunt");
  CHECK(redactor.feed("er2 ") == "er2 ");
  CHECK(redactor.feed("hunter2") == "[secret]");
  CHECK(redactor.finish() == "");
  CHECK(redactor.feed("hunter2") == "[secret]");
}

TEST_CASE("a secret that straddles chunk after chunk is masked every time") {
  const std::string secret = "0123456789abcdef";
  std::string text;
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    text += "line " + std::string(static_cast<std::size_t>(i % 7), '.') + secret + "\n";
    expected += "line " + std::string(static_cast<std::size_t>(i % 7), '.') + "[secret]\n";
  }
  for (std::size_t size = 1; size < 40; ++size) {
    CAPTURE(size);
    Redactor redactor({secret});
    std::string shown;
    for (std::size_t at = 0; at < text.size(); at += size) shown += redactor.feed(text.substr(at, size));
    CHECK(shown + redactor.finish() == expected);
  }
}

TEST_CASE("what is held back stays small, whatever comes") {
  const std::string secret = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
  for (const std::string piece : {"a", "%61", "\\u0061", "YWFh", "YWFh\n", "\n", "6161\r\n   "}) {
    CAPTURE(piece);
    Redactor redactor({secret});
    std::size_t most = 0;
    for (int i = 0; i < 2000; ++i) {
      redactor.feed(piece);
      most = std::max(most, redactor.held());
    }
    CHECK(most < 700);
  }
}

TEST_CASE("a form is not waited for over any number of empty lines") {
  const std::string secret = "correct-horse-battery";
  Redactor redactor({secret});
  CHECK(redactor.feed(base64(secret).substr(0, 12)).empty());
  std::size_t shown = 0;
  for (int i = 0; i < 1000; ++i) shown += redactor.feed("\n").size();
  CHECK(shown == 12 + 1000);
}

TEST_CASE("a long secret is masked in pieces that merge") {
  std::string secret;
  for (int i = 0; i < 2500; ++i) secret += std::to_string(i * 7919 % 10007);
  CHECK(redact("<" + secret + ">", {secret}) == "<[secret]>");
  CHECK(redact("<" + to_hex(secret) + ">", {secret}) == "<[secret]>");
}

TEST_CASE("a hundred megabytes pass unchanged") {
  Redactor redactor({"correct-horse-battery-staple", "AKIA0123456789ABCDEF", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"});
  std::string chunk;
  while (chunk.size() < 65536) chunk += "2026-11-20T23:55:01Z info deployment/web: 3 of 5 replicas are \"ready\" (60 %)\n";
  std::size_t shown = 0;
  for (int i = 0; i < 1600; ++i) shown += redactor.feed(chunk).size();
  CHECK(shown + redactor.finish().size() == 1600 * chunk.size());
}

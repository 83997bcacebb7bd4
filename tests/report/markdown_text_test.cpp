#include "report/markdown_text.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "base/cells.h"

using namespace runbook;

namespace {

std::string shown(std::string_view markdown, std::size_t columns = 60) { return "\n" + markdown_text(markdown, {columns}); }
std::string in_ascii(std::string_view markdown) { return "\n" + markdown_text(markdown, {60, false, Charset::ascii}); }
std::string coloured(std::string_view markdown) { return markdown_text(markdown, {60, true}); }

std::size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, cells_of(line));
  return widest;
}

std::string repeated(std::string_view text, std::size_t bytes) {
  std::string all;
  while (all.size() < bytes) all += text;
  return all;
}

constexpr std::string_view guide = R"(# Move the database

Open the **RDS console** in the region of the cluster and choose *Subnet groups*; see
[the guide](https://docs.example.org/rds/subnet-groups) first.

## What to enter

1. Press `Create DB subnet group`.
2. Give it
   - a name, as `k8s-db`
   - all *four* subnets
     - two of each zone
3. Wait.

```
kubectl -n kube-system get pods --selector app=database --output jsonpath='{.items[*].metadata.name}'
	done
```

> Do not close the window
> before it says *Complete*.

- [x] seen
- [ ] told

| Setting | Value | Remark |
|:--------|------:|--------|
| Engine | `aurora-mysql` | 8.0 |
| Size | 3 | one in each zone |

---

### Afterwards

Ask ada@example.org.  
She knows.
)";

}  // namespace

TEST_CASE("a guide at 60 columns") {
  CHECK(shown(guide) == R"(
Move the database
═════════════════

Open the **RDS console** in the region of the cluster and
choose *Subnet groups*; see the guide
<https://docs.example.org/rds/subnet-groups> first.

What to enter
─────────────

1. Press `Create DB subnet group`.
2. Give it
   ◦ a name, as `k8s-db`
   ◦ all *four* subnets
     • two of each zone
3. Wait.

    kubectl -n kube-system get pods --selector app=database --output jsonpath='{.items[*].metadata.name}'
    	done

│ Do not close the window before it says *Complete*.

[x] seen
[ ] told

Setting │          Value │ Remark
────────┼────────────────┼─────────────────
Engine  │ `aurora-mysql` │ 8.0
Size    │              3 │ one in each zone

────────────────────────────────────────────────────────────

### Afterwards

Ask ada@example.org.
She knows.
)");
}

TEST_CASE("prose takes 100 columns at most") {
  const std::string text = shown(repeated("word ", 1000), 200);
  CHECK(widest_line(text) == 99);
  CHECK(shown("The quick brown fox jumps over the lazy dog, and does it again and again until all hundred columns are full.",
              100) == R"(
The quick brown fox jumps over the lazy dog, and does it again and again until all hundred columns
are full.
)");
}

TEST_CASE("without UTF-8 our own marks, dashes and quotes are ASCII; letters stay, and what is to be typed stays whole") {
  CHECK(in_ascii("## Größe — “all”\n\n- a\n  - b\n\n> c\n\n|d|e|\n|-|-|\n|f|g|\n\n---\n") == R"(
Größe -- "all"
--------------

- a
  - b

> c

d | e
--+--
f | g

------------------------------------------------------------
)");
  CHECK(in_ascii("Type `Größe–5` “now”: <https://x.example/ä–b>\n\n    name: “Zoë”\n") ==
        "\nType `Größe–5` \"now\": https://x.example/ä–b\n\n    name: “Zoë”\n");
}

TEST_CASE("styles say again what the marks say") {
  CHECK(coloured("**a** *b* `c`") == "\x1b[1ma\x1b[0m \x1b[4mb\x1b[0m \x1b[36m`c`\x1b[0m\n");
  CHECK(coloured("### a `b` c") == "\x1b[1m### a \x1b[36m`b`\x1b[0m\x1b[1m c\x1b[0m\n");
  CHECK(coloured("~~gone~~ [t](u)") == "~~gone~~ \x1b[4mt\x1b[0m <u>\n");
}

TEST_CASE("the address of a link is always seen, and whole") {
  const std::string address = "https://console.example.org/" + repeated("a/", 80);
  CHECK(shown("See [the page](" + address + ").") == "\nSee the page\n<" + address + ">.\n");
  CHECK(shown("<https://a.example> and https://b.example/x_(y) and www.c.example") ==
        "\nhttps://a.example and https://b.example/x_(y) and\nwww.c.example\n");
  CHECK(shown("[https://a.example](https://evil.example)") == "\nhttps://a.example <https://evil.example>\n");
  CHECK(shown("![the plan](plan.png) [](b)") == "\n[image: the plan] <plan.png> <b>\n");
}

TEST_CASE("code stays on its line where it fits, and keeps its blanks") {
  CHECK(shown("Type now what follows here, and nothing else: `kubectl get pods -n x`") ==
        "\nType now what follows here, and nothing else:\n`kubectl get pods -n x`\n");
  CHECK(shown("    a\n      b\n\n    c") == "\n    a\n      b\n\n    c\n");
}

TEST_CASE("wide characters count two columns, marks none") {
  CHECK(widest_line(shown(repeated("漢字", 600), 61)) == 60);
  CHECK(shown("|a|b|\n|-|-|\n|漢字|x|\n|e\xCC\x81|y|") == "\na    │ b\n─────┼──\n漢字 │ x\ne\xCC\x81    │ y\n");
  CHECK(shown(repeated("字", 30) + "、次", 20) == "\n" + repeated("字", 27) + "\n字、次\n");
}

TEST_CASE("a table is shrunk to the width") {
  CHECK(
      shown("|Name|What is to be done|\n|-|-|\n|first|one two three four five six seven eight nine ten eleven|\n|second|short|",
            40) == R"(
Name   │ What is to be done
───────┼────────────────────────────────
first  │ one two three four five six
       │ seven eight nine ten eleven
───────┼────────────────────────────────
second │ short
)");
}

TEST_CASE("a table that does not fit comes row by row") {
  CHECK(shown("|Account|Region|Bucket|Owner|Remark|\n|-|-|-|-|-|\n|123456789012|eu-central-1|backups-of-the-cluster|ada|kept "
              "for ninety days|\n|2|b|c||e|") ==
        R"(
Account: 123456789012
Region: eu-central-1
Bucket: backups-of-the-cluster
Owner: ada
Remark: kept for ninety days

Account: 2
Region: b
Bucket: c
Remark: e
)");
  CHECK(shown("|" + repeated("word|", 150) + "\n|" + repeated("-|", 60)) != "");
}

TEST_CASE("HTML is text") {
  CHECK(shown("Replace <cluster> by <b>its</b> name\n\n<div>\n  here\n</div>") ==
        "\nReplace <cluster> by <b>its</b> name\n\n<div>\n  here\n</div>\n");
}

TEST_CASE("loose lists keep their empty lines, and numbers stand under each other") {
  CHECK(shown("9. a\n\n10. b\n\n    c") == "\n 9. a\n\n10. b\n\n    c\n");
  CHECK(shown("3) a\n4) b") == "\n3) a\n4) b\n");
}

TEST_CASE("nothing in a text reaches the terminal as a control sequence") {
  CHECK(shown("a\x1b[31mb\rc\x07 &#27;[2J \xC2\x9B `\x1b]0;t\x07`") == "\na^[[31mb c^G ^[[2J <U+009B> `^[]0;t^G`\n");
  CHECK(shown("[a](<x\x1b[1m>)") == "\na <x^[[1m>\n");
  CHECK(shown("user\xE2\x80\xAEtxt.exe \xFF") == "\nuser<U+202E>txt.exe \xEF\xBF\xBD\n");
  CHECK(shown("```\n\x1b[1A\x7F\n```") == "\n    ^[[1A^?\n");
}

TEST_CASE("hostile texts are shown in bounded time and size") {
  for (std::string_view piece :
       {">",      "> ",        "- ",  "1. ",  "*a ", "*a _",     "[",       "![l",  "`a``b",   "~~a", "~a~~b",
        "a@b.c ", "http://a(", "<a ", "<!--", "&#",  "[a]: u\n", "|x|y|\n", "**a ", "  - a\n", "\n",  "|"}) {
    CAPTURE(piece);
    CHECK(markdown_text(repeated(piece, 60'000), {60}).size() < 20'000'000);
  }
  std::string stairs;
  for (std::size_t i = 0; stairs.size() < 60'000; ++i) stairs += std::string(2 * i, ' ') + "- a\n";
  CHECK(markdown_text(stairs, {60}).size() < 20'000'000);
  CHECK(markdown_text(repeated("a|", 20'000) + "\n" + repeated("-|", 20'000) + "\n" + repeated("x\n", 20'000), {60}).size() <
        20'000'000);
  const std::string large = repeated("> # *a* \x1b[1m\n", 1'000'000);
  CHECK(markdown_text(large, {60}).find('\x1b') == std::string::npos);
}

TEST_CASE("an empty text is nothing") {
  CHECK(markdown_text("", {60}).empty());
  CHECK(markdown_text(" \n\n", {60}).empty());
  CHECK(shown("a", 1) == "\na\n");
}

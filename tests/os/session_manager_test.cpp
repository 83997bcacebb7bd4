// What the session manager does to steps when the operator logs out.
#include "os/session_manager.h"

#include <doctest/doctest.h>

using namespace runbook;
using Kind = LogoutFate::Kind;

namespace {

const std::string in_session = "/user.slice/user-1000.slice/session-3.scope";
const std::string in_manager = "/user.slice/user-1000.slice/user@1000.service/app.slice/run-1.scope";

}  // namespace

TEST_CASE("who logs out of a session loses its processes only where the manager is told to end them") {
  CHECK(fate_of(in_session, "ada", {"b false", "as 0", "as 1 \"root\"", false}).kind == Kind::survives);
  const LogoutFate fate = fate_of(in_session, "ada", {"b true", "as 0", "as 1 \"root\"", false});
  CHECK(fate.kind == Kind::ends);
  CHECK(fate.hint.find("systemd-run --user --scope") != std::string::npos);
}

TEST_CASE("the lists of users that logind has are heeded") {
  CHECK(fate_of(in_session, "root", {"b true", "as 0", "as 1 \"root\"", false}).kind == Kind::survives);
  CHECK(fate_of(in_session, "ada", {"b true", "as 2 \"bob\" \"eve\"", "as 0", false}).kind == Kind::survives);
  CHECK(fate_of(in_session, "ada", {"b true", "as 2 \"bob\" \"ada\"", "as 0", false}).kind == Kind::ends);
}

TEST_CASE("what lingering protects is the service manager of the user, not a session") {
  CHECK(fate_of(in_manager, "ada", {"b false", "as 0", "as 0", false}).kind == Kind::ends);
  CHECK(fate_of(in_manager, "ada", {"b true", "as 0", "as 0", true}).kind == Kind::survives);
  CHECK(fate_of(in_session, "ada", {"b true", "as 0", "as 0", true}).kind == Kind::ends);
}

TEST_CASE("a manager that does not answer is not guessed at, and what belongs to no session is safe") {
  CHECK(fate_of(in_session, "ada", {"", "", "", false}).kind == Kind::is_unknown);
  CHECK(fate_of("/system.slice/cron.service", "ada", {"", "", "", false}).kind == Kind::survives);
}

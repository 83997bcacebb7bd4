#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "plugins/aws/model_store.h"
#include "plugins/aws/python_folders.h"

using namespace runbook;
using namespace runbook::aws;
namespace fs = std::filesystem;

namespace {

// A machine's folders, below a temporary one.
class Machine {
 public:
  Machine() : root_(fs::canonical(fs::temp_directory_path()) / ("pythons." + std::to_string(::getpid()))) {
    fs::create_directories(root_);
  }
  ~Machine() { fs::remove_all(root_); }

  void packages(const std::string& path) const { fs::create_directories(root_ / path); }
  void program(const std::string& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
    fs::permissions(root_ / path, fs::perms::owner_all);
  }
  void link(const std::string& path, const std::string& target) const {
    fs::create_directories((root_ / path).parent_path());
    fs::create_symlink(root_ / target, root_ / path);
  }
  std::string path(const std::string& name) const { return (root_ / name).string(); }

  // What is offered below the machine's root, in order.
  std::vector<std::string> offered(const std::vector<std::string>& env) const {
    std::vector<std::string> found;
    PythonFolders(env, [&](const fs::path& packages) {
      if (packages.string().rfind(root_.string(), 0) == 0) found.push_back(packages.string().substr(root_.string().size() + 1));
      return false;
    }).offer();
    return found;
  }

 private:
  fs::path root_;
};

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("of a virtual environment its own packages come before those of the Python that it links to") {
  const Machine machine;
  machine.program("opt/bin/python3.11",
                  "\x7f"
                  "ELF");
  machine.packages("opt/lib/python3.11/site-packages");
  machine.packages("venv/lib/python3.11/site-packages");
  machine.link("venv/bin/python3", "opt/bin/python3.11");
  CHECK(machine.offered({"PATH=" + machine.path("venv/bin")}) ==
        Paths{"venv/lib/python3.11/site-packages", "opt/lib/python3.11/site-packages"});
}

TEST_CASE("an aws script leads to the interpreter in its first line, or behind pip's exec") {
  const Machine machine;
  machine.packages("tool/lib/python3.12/site-packages");
  machine.program("bin/aws", "#!" + machine.path("tool/bin/python") + " -sE\nimport sys\n");
  CHECK(machine.offered({"PATH=" + machine.path("bin")}) == Paths{"tool/lib/python3.12/site-packages"});
  machine.program("bin/aws", "#!/bin/sh\n'''exec' \"" + machine.path("tool/bin/python3") + "\" \"$0\" \"$@\"\n' '''\n");
  CHECK(machine.offered({"PATH=" + machine.path("bin")}) == Paths{"tool/lib/python3.12/site-packages"});
}

TEST_CASE("of pyenv the chosen version comes first, then the standing one, then the newest") {
  const Machine machine;
  machine.program("home/.pyenv/shims/python3", "#!/usr/bin/env bash\n");
  for (const char* version : {"3.9.1", "3.10.2", "3.11.7"}) {
    const std::string python = std::string("python") + std::string(version).substr(0, std::string(version).rfind('.'));
    machine.packages(std::string("home/.pyenv/versions/") + version + "/lib/" + python + "/site-packages");
  }
  machine.program("home/.pyenv/version", "3.9.1\n");
  const std::vector<std::string> env = {"PATH=" + machine.path("home/.pyenv/shims"), "HOME=" + machine.path("home")};
  const std::string versions = "home/.pyenv/versions/";
  const std::string nine = versions + "3.9.1/lib/python3.9/site-packages",
                    ten = versions + "3.10.2/lib/python3.10/site-packages",
                    eleven = versions + "3.11.7/lib/python3.11/site-packages";
  CHECK(machine.offered(env) == Paths{nine, eleven, ten});
  std::vector<std::string> chosen = env;
  chosen.emplace_back("PYENV_VERSION=3.10.2");
  CHECK(machine.offered(chosen) == Paths{ten, nine, eleven});
}

TEST_CASE("the user's own packages are looked at, and nothing once a folder was taken") {
  const Machine machine;
  machine.packages("home/.local/lib/python3.10/site-packages");
  machine.packages("home/.local/lib/python3.9/site-packages");
  const std::vector<std::string> env = {"PATH=" + machine.path("bin"), "HOME=" + machine.path("home")};
  CHECK(machine.offered(env) == Paths{"home/.local/lib/python3.10/site-packages", "home/.local/lib/python3.9/site-packages"});
  int asked = 0;
  CHECK(PythonFolders(env, [&](const fs::path& packages) {
          if (packages.string().find(machine.path("")) == 0) ++asked;
          return asked == 1;
        }).offer());
  CHECK(asked == 1);
}

TEST_CASE("the folder that is named counts, and only that one") {
  const Machine machine;
  machine.program("botocore/__init__.py", "# x\n__version__ = '1.2.3'\n");
  machine.program("botocore/data/shop/2020-01-01/service-2.json.gz", "");
  const auto found = find_models({"RUNBOOK_AWS_MODELS=" + machine.path("botocore/data")});
  REQUIRE(found);
  CHECK(found->kind == "RUNBOOK_AWS_MODELS");
  CHECK(found->version == "1.2.3");
  CHECK(found->path == machine.path("botocore/data"));
  CHECK_FALSE(find_models({"RUNBOOK_AWS_MODELS=" + machine.path("botocore")}));
}

TEST_CASE("the last of several values of a variable counts") {
  CHECK(variable_in({"A=1", "AB=2", "A=3"}, "A") == "3");
  CHECK(variable_in({"AB=2"}, "A") == "");
}

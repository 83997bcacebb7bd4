#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/json.h"
#include "plugins/all.h"

namespace runbook {

namespace fs = std::filesystem;

namespace {

// The file system's own number, where it has one: that of the device is another after a reboot.
std::string device_of(const std::string& folder, const struct stat& found) {
  struct statfs system {};
  std::uint64_t number = 0;
  if (::statfs(folder.c_str(), &system) == 0) std::memcpy(&number, &system.f_fsid, sizeof number);
  return fmt::format("{:x}", number != 0 ? number : static_cast<std::uint64_t>(found.st_dev));
}

class DirectoryTarget : public TargetType {
 public:
  const Declaration& declaration() const override { return declaration_; }

  TargetSight look(const TargetLook& look) const override {
    const fs::path wanted = fs::path(look.dir) / text_or_json(look.params.get("path"));
    std::error_code error;
    const std::string folder = fs::canonical(wanted, error);
    struct stat found {};
    if (!error && ::stat(folder.c_str(), &found) != 0) error = {errno, std::generic_category()};
    if (error) return {{}, fmt::format("the directory {} can't be seen: {}", wanted.string(), std::strerror(error.value()))};
    if (!S_ISDIR(found.st_mode)) return {{}, fmt::format("{} is not a directory", wanted.string())};
    return {
        as_recorded(object({{"path", folder}, {"device", device_of(folder, found)}, {"inode", std::to_string(found.st_ino)}})),
        {}};
  }

  std::string why_not(const Value&, const Value&) const override { return ""; }

  std::string describe(const Value& identity) const override { return "directory " + identity.text_or("path", ""); }

  std::vector<std::pair<std::string, std::string>> environment(const Value&, const Value& identity) const override {
    return {{"RUNBOOK_TARGET_DIRECTORY", identity.text_or("path", "")}};
  }

 private:
  const Declaration declaration_ = directory_target_declaration();
};

}  // namespace

Declaration directory_target_declaration() {
  Declaration directory;
  directory.of = Declaration::Of::target;
  directory.name = "directory";
  directory.summary =
      "A directory as it really is: where links lead, on which file system. A link that leads elsewhere later is"
      " another directory, and so is one that was made anew.";
  directory.main_param = "path";
  directory.params = {{"path", Param::Type::value, "Its path, from the runbook's folder.", true, {}, {}}};
  directory.effect = Effect::read;
  directory.result = "{path, device, inode}; processes get RUNBOOK_TARGET_DIRECTORY";
  directory.example = "targets:\n  app: {directory: /srv/app}\n";
  return directory;
}

std::unique_ptr<TargetType> make_directory_target() { return std::make_unique<DirectoryTarget>(); }

}  // namespace runbook

#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/version.h"

namespace runbook {

// Which versions are wanted: `*` (any), `1.9.0` (this one), `>=1.10`, `>1`, `<=2`, `<2`, and several of these with commas.
class VersionRange {
 public:
  enum class Fit { fits, too_old, too_new };

  // nullopt: it is none; then `why` says so.
  static std::optional<VersionRange> parse(std::string_view text, std::string& why);

  Fit fit(const Version& version) const;
  bool is_any() const { return bounds_.empty(); }
  const std::string& text() const { return text_; }  // as written

 private:
  struct Bound {
    std::string_view relation;  // "", ">=", ">", "<=", "<"
    Version version;
    Fit fit(const Version& other) const;
  };
  static std::optional<Bound> parse_bound(std::string_view text);

  std::vector<Bound> bounds_;
  std::string text_;
};

}  // namespace runbook

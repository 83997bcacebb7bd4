#pragma once
#include <cstdint>
#include <random>
#include <vector>

namespace runbook::testing {

// All that a schedule leaves to chance comes from one seed.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}
  bool of(int percent) { return below(100) < static_cast<std::size_t>(percent); }
  bool one_in(std::size_t count) { return below(count) == 0; }
  std::size_t below(std::size_t count) { return random_() % count; }
  template <class T>
  const T& among(const std::vector<T>& all) {
    return all[below(all.size())];
  }

 private:
  std::minstd_rand random_;
};

}  // namespace runbook::testing

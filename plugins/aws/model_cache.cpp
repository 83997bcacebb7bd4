#include "plugins/aws/model_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>

#include "base/json.h"
#include "os/fd.h"
#include "plugins/aws/cache_file.h"
#include "plugins/aws/model_cache_layout.h"

namespace runbook::aws {
namespace {

using namespace cache_layout;

std::optional<std::string> read_at(int fd, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return std::nullopt;
    done += static_cast<std::size_t>(count);
  }
  return bytes;
}

class CachedModel : public ModelSource {
 public:
  CachedModel(Fd fd, const Head& head, std::string index, ReadAnew anew)
      : fd_(std::move(fd)), head_(head), index_(std::move(index)), anew_(std::move(anew)) {}

  Value metadata() const override {
    const std::optional<Value> cached = is_replaced() ? std::nullopt : read(row(0), "");
    return cached ? *cached : instead().metadata();
  }

  std::vector<std::string> operation_names() const override {
    if (is_replaced() || !are_rows_whole()) return instead().operation_names();
    std::vector<std::string> names;
    for (std::uint32_t i = 1; i <= head_.operations; ++i) names.emplace_back(name(row(i)));
    return names;
  }

  std::optional<Value> operation(std::string_view name) const override {
    return entry(name, 1, head_.operations, &ModelSource::operation);
  }
  std::optional<Value> shape(std::string_view name) const override {
    return entry(name, 1 + head_.operations, head_.shapes, &ModelSource::shape);
  }

 private:
  Row row(std::size_t number) const {
    Row row;
    std::memcpy(&row, index_.data() + number * sizeof(Row), sizeof(Row));
    return row;
  }

  std::size_t rows_size() const { return head_.rows() * sizeof(Row); }

  // "" where a damaged row points beyond the names.
  std::string_view name(const Row& row) const {
    if (std::uint64_t{row.name_at} + row.name_size > head_.names_size) return {};
    return std::string_view(index_).substr(rows_size() + row.name_at, row.name_size);
  }

  std::optional<Value> read(const Row& row, std::string_view wanted) const {
    if (std::uint64_t{row.json_at} + row.json_size > head_.json_size) return std::nullopt;
    const std::uint64_t start = sizeof(Head) + head_.identity_size + index_.size();
    const std::optional<std::string> json = read_at(fd_.get(), start + row.json_at, row.json_size);
    if (!json || entry_crc(wanted, *json) != row.crc) return std::nullopt;
    return try_parse_json(*json);
  }

  std::optional<Value> entry(std::string_view wanted, std::size_t first, std::size_t count,
                             std::optional<Value> (ModelSource::*same)(std::string_view) const) const {
    if (is_replaced()) return (instead().*same)(wanted);
    std::size_t low = first, high = first + count;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (name(row(middle)) < wanted) low = middle + 1;
      else high = middle;
    }
    const bool is_found = low < first + count && name(row(low)) == wanted;
    if (!is_found && are_rows_whole()) return std::nullopt;
    std::optional<Value> value = is_found ? read(row(low), wanted) : std::nullopt;
    return value ? value : (instead().*same)(wanted);
  }

  bool are_rows_whole() const { return crc32(index_) == head_.rows_crc; }

  bool is_replaced() const {
    const std::lock_guard lock(mutex_);
    return instead_ != nullptr;
  }
  const ModelSource& instead() const {
    const std::lock_guard lock(mutex_);
    if (instead_ == nullptr) instead_ = anew_();
    return *instead_;
  }

  Fd fd_;
  Head head_;
  std::string index_;  // rows and names
  ReadAnew anew_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const ModelSource> instead_;
};

bool has_size(int fd, std::uint64_t size) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && static_cast<std::uint64_t>(info.st_size) == size;
}

}  // namespace

std::unique_ptr<ModelSource> open_model_cache(const std::filesystem::path& file, const std::string& identity, ReadAnew anew) {
  Fd fd = open_cache_file(file);
  if (!fd) return nullptr;
  const std::optional<std::string> beginning = read_at(fd.get(), 0, sizeof(Head));
  if (!beginning) return nullptr;
  Head head;
  std::memcpy(&head, beginning->data(), sizeof head);
  const bool is_this_format = head.signature == magic && head.format_number == format && head.head_crc == head.crc();
  if (!is_this_format || head.identity_size != identity.size()) return nullptr;
  const std::uint64_t index_size = head.rows() * sizeof(Row) + head.names_size;
  if (!has_size(fd.get(), sizeof head + identity.size() + index_size + head.json_size)) return nullptr;
  if (read_at(fd.get(), sizeof head, identity.size()) != identity) return nullptr;
  std::optional<std::string> index = read_at(fd.get(), sizeof head + identity.size(), index_size);
  if (!index) return nullptr;
  return std::make_unique<CachedModel>(std::move(fd), head, *std::move(index), std::move(anew));
}

}  // namespace runbook::aws

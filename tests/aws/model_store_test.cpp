#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "os/files.h"
#include "plugins/aws/find_call.h"
#include "plugins/aws/json_slices.h"
#include "plugins/aws/model_store.h"

using namespace runbook;
using namespace runbook::aws;
namespace fs = std::filesystem;

namespace {

// "shop" with two operations, in a folder of its own that goes away with it.
class Models {
 public:
  Models() : folder_(fs::temp_directory_path() / ("models." + std::to_string(::getpid()) + "." + std::to_string(counter++))) {
    write("data/shop/2019-01-01/service-2.json",
          R"({"metadata": {"apiVersion": "2019-01-01"}, "operations": {}, "shapes": {}})");
    write("data/shop/2020-01-01/service-2.json", model("BuyThing"));
    write("data/shop/2021-01-01/waiters-2.json", "{}");
  }
  ~Models() { fs::remove_all(folder_); }

  static std::string model(const std::string& operation) {
    return R"({"version": "2.0", "metadata": {"apiVersion": "2020-01-01", "protocol": "json", "serviceFullName": "Amazon Shop"},
      "operations": {"Sell": {"name": "Sell", "documentation": "<p>Sells.</p>"}, ")" +
           operation + R"(": {"name": "X", "input": {"shape": "In"}}},
      "shapes": {"In": {"type": "structure", "members": {"documentation": {"shape": "Text", "documentation": "<p>d</p>"}}},
        "Text": {"type": "string", "documentation": "A text."}}})";
  }

  void write(const std::string& path, const std::string& text) const {
    fs::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path, std::ios::binary) << text;
  }
  fs::path path(const std::string& name) const { return folder_ / name; }
  ModelStore store() const { return {{path("data"), "RUNBOOK_AWS_MODELS", ""}, path("cache")}; }

  std::vector<fs::path> cached() const {
    std::vector<fs::path> files;
    if (!fs::exists(path("cache"))) return files;
    for (const auto& entry : fs::directory_iterator(path("cache"))) files.push_back(entry.path());
    return files;
  }

 private:
  static inline int counter = 0;
  fs::path folder_;
};

void check_is_whole(const ModelStore& store) {
  const auto shop = store.service("shop");
  REQUIRE(shop != nullptr);
  CHECK(shop->operation_names() == std::vector<std::string>{"BuyThing", "Sell"});
  REQUIRE(shop->operation("BuyThing") != nullptr);
  CHECK(shop->operation("BuyThing")->input == "In");
  CHECK(shop->operation("Sell") != nullptr);
  CHECK(shop->operation("Nothing") == nullptr);
  CHECK(shop->shape("In").find("documentation")->shape == "Text");
  CHECK(shop->shape("Text").type == ShapeType::string);
  CHECK(shop->metadata().full_name == "Amazon Shop");
}

mode_t mode_of(const fs::path& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> env;
  for (const char* name : {"PATH", "HOME", "PYENV_ROOT", "PYENV_VERSION", "RUNBOOK_AWS_MODELS"}) {
    if (const char* value = std::getenv(name)) env.push_back(std::string(name) + "=" + value);
  }
  return env;
}

}  // namespace

TEST_CASE("the newest version that has a model counts") {
  const Models models;
  const ModelStore store = models.store();
  CHECK(store.services() == std::vector<std::string>{"shop"});
  CHECK(store.service("shop")->metadata().api_version == "2020-01-01");
  check_is_whole(store);
  CHECK(store.service("shop") == store.service("shop"));
}

TEST_CASE("what is no service's name leads nowhere") {
  const Models models;
  for (const char* name : {"", ".", "..", "../data/shop", "shop/", "mall"}) CHECK(models.store().service(name) == nullptr);
}

TEST_CASE("extras are merged into the model, into parts too") {
  const Models models;
  models.write(
      "data/shop/2020-01-01/service-2.sdk-extras.json",
      R"({"merge": {"metadata": {"serviceId": "Shop"}, "shapes": {"Text": {"type": "timestamp"}, "In": {"members": {"More": {"shape": "Text"}}},
                   "New": {"type": "list", "member": {"shape": "Text"}}}}})");
  models.write("data/shop/2020-01-01/paginators-1.json", R"({"pagination": {"A": {"input_token": "T"}}})");
  models.write("data/shop/2020-01-01/paginators-1.sdk-extras.json", R"({"merge": {"pagination": {"A": {"more": ["x"]}}}})");
  for (int use = 0; use < 2; ++use) {
    const ModelStore store = models.store();
    const auto shop = store.service("shop");
    CHECK(shop->metadata().service_id == "Shop");
    CHECK(shop->shape("Text").type == ShapeType::timestamp);
    CHECK(shop->shape("In").members.size() == 2);
    CHECK(shop->shape("New").type == ShapeType::list);
    CHECK(to_json(store.part("shop", "paginators-1")) == R"({"pagination":{"A":{"input_token":"T","more":["x"]}}})");
    CHECK(store.document("shop").get("shapes").get("Text").text_or("type", "") == "timestamp");
  }
}

TEST_CASE("parts and common files that are not there are null") {
  const Models models;
  models.write("data/partitions.json", R"({"version": 1})");
  const ModelStore store = models.store();
  CHECK(store.part("shop", "endpoint-rule-set-1").is_null());
  CHECK(store.part("mall", "waiters-2").is_null());
  CHECK(store.common("endpoints").is_null());
  CHECK(store.common("partitions").int_or("version", 0) == 1);
}

TEST_CASE("the cache is private, without documentation, and answers without the model") {
  const Models models;
  check_is_whole(models.store());
  REQUIRE(models.cached().size() == 1);
  CHECK(mode_of(models.cached()[0]) == 0600);
  CHECK(mode_of(models.path("cache")) == 0700);
  CHECK(read_file(models.cached()[0]).find("A text.") == std::string::npos);
  // Of the same size and time, so that only who reads it again sees that it is another.
  const fs::path source = models.path("data/shop/2020-01-01/service-2.json");
  const auto time = fs::last_write_time(source);
  models.write("data/shop/2020-01-01/service-2.json", Models::model("BUYTHING"));
  fs::last_write_time(source, time);
  CHECK(models.store().service("shop")->operation("BuyThing") != nullptr);
}

TEST_CASE("a cache of a model that was replaced since is made anew") {
  const Models models;
  check_is_whole(models.store());
  models.write("data/shop/2020-01-01/service-2.json", Models::model("RentThing"));
  CHECK(models.store().service("shop")->operation("RentThing") != nullptr);
  CHECK(models.store().service("shop")->operation("BuyThing") == nullptr);
  models.write("data/shop/2020-01-01/service-2.sdk-extras.json", R"({"merge": {"metadata": {"serviceFullName": "Other"}}})");
  CHECK(models.store().service("shop")->metadata().full_name == "Other");
  CHECK(models.cached().size() == 1);
}

TEST_CASE("a cache that was cut anywhere, or of which any byte was changed, is noticed and made anew") {
  const Models models;
  check_is_whole(models.store());
  const fs::path file = models.cached().at(0);
  const std::string whole = read_file(file);
  const auto is_restored_from = [&](const std::string& damaged) {
    std::ofstream(file, std::ios::binary) << damaged;
    check_is_whole(models.store());
    CHECK(read_file(file) == whole);
  };
  for (std::size_t size = 0; size < whole.size(); size += 13) is_restored_from(whole.substr(0, size));
  for (std::size_t at = 0; at < whole.size(); at += 1) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    CAPTURE(at);
    is_restored_from(damaged);
  }
  is_restored_from(std::string(whole.size(), '\0'));
  is_restored_from(whole + "x");
}

TEST_CASE("without a folder for caches, or with one that can't be written, models are read all the same") {
  const Models models;
  check_is_whole(ModelStore({models.path("data"), "pip", ""}, ""));
  models.write("file", "");
  check_is_whole(ModelStore({models.path("data"), "pip", ""}, models.path("file") / "cache"));
  CHECK(models.cached().empty());
}

TEST_CASE("a cache that others may write is not believed") {
  const Models models;
  check_is_whole(models.store());
  const fs::path file = models.cached().at(0);
  ::chmod(file.c_str(), 0666);
  check_is_whole(models.store());
  CHECK(mode_of(file) == 0600);
}

TEST_CASE("several writers of one cache do not disturb each other") {
  const Models models;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int use = 0; use < 5; ++use) {
        static_cast<void>(models.store().service("shop")->shape("In"));
        std::error_code renamed;  // by another writer, to its name
        for (const fs::path& file : models.cached()) fs::resize_file(file, 10, renamed);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  check_is_whole(models.store());
}

TEST_CASE("a damaged model is an error that names its file") {
  const Models models;
  for (const char* text : {"", "[]", "{\"metadata\": {}", "{\"operations\": {}}",
                           "{\"metadata\": {}, \"shapes\": {\"A\": {\"type\": }}}", "\x1f\x8b no gzip"}) {
    CAPTURE(std::string(text));
    models.write("data/shop/2020-01-01/service-2.json", text);
    try {
      static_cast<void>(models.store().service("shop"));
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::step_failed);
      CHECK(std::string(error.what()).find("shop/2020-01-01/service-2.json is damaged: ") != std::string::npos);
    }
  }
}

TEST_CASE("an object is cut into its members whatever stands in them") {
  const auto slices = slice_object(
      "\n{ \"a\" : {\"x\": \"}\\\"{\", \"y\": [1, {\"z\": []}]} ,\"b\\u0021\":[ ] , \"c\": -1.5e3,\"d\":\"\\\\\" , \"e\": null "
      "}");
  REQUIRE(slices);
  REQUIRE(slices->size() == 5);
  CHECK(slices->at(0).second == "{\"x\": \"}\\\"{\", \"y\": [1, {\"z\": []}]}");
  CHECK(slices->at(1).first == "b!");
  CHECK(slices->at(2).second == "-1.5e3");
  CHECK(slices->at(3).second == "\"\\\\\"");
  CHECK(slices->at(4).second == "null");
  CHECK(slice_object("{}")->empty());
  for (const char* cut : {"", "[", "{", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":{", "{\"a\":\"x", "{\"a\":1", "{\"a\":1,",
                          "{\"a\":\"\\", "{a:1}", "{\"a\":1,}"}) {
    CAPTURE(std::string(cut));
    CHECK_FALSE(slice_object(cut));
  }
}

TEST_CASE("a call names a service and an operation, and the nearest are proposed") {
  const Models models;
  const ModelStore store = models.store();
  CHECK(find_call(store, "shop.BuyThing").operation->name == "BuyThing");
  const auto said = [&](const char* call) {
    try {
      static_cast<void>(find_call(store, call));
      return std::string();
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::usage);
      return std::string(error.what()) + " / " + error.hint();
    }
  };
  CHECK(said("shpo.BuyThing") == "there is no service `shpo` / did you mean `shop`?");
  CHECK(said("warehouse.BuyThing") == "there is no service `warehouse` / `runbook types aws` lists the services");
  CHECK(said("shop.BuyThign") == "`shop` has no operation `BuyThign` / did you mean `BuyThing`?");
  CHECK(said("shop.buy-thing") == "`shop` has no operation `buy-thing` / did you mean `BuyThing`?");
  CHECK(said("shop.Steal") == "`shop` has no operation `Steal` / `runbook types aws.shop` lists its operations");
  CHECK(said("shop") == "`shop` names no operation of a service / write SERVICE.OPERATION, for example sts.GetCallerIdentity");
}

TEST_CASE("of an installation every service loads, in a protocol that is spoken, and its shapes can be read") {
  const auto folder = find_models(own_environment());
  if (!folder) {
    MESSAGE("skipped: there are no models here");
    return;
  }
  const ModelStore store(*folder, "");
  const std::set<std::string> spoken = {"json", "rest-json", "rest-xml", "query", "ec2"};
  const std::vector<std::string> services = store.services();
  CHECK(services.size() > 300);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  std::size_t next = std::hash<std::string>()(folder->version) % services.size(), loaded = 0;
  for (; loaded < services.size() && std::chrono::steady_clock::now() < end; ++loaded, next = (next + 101) % services.size()) {
    const std::string& name = services[next];
    CAPTURE(name);
    const auto source = store.documented(name);
    REQUIRE(source != nullptr);
    const ServiceModel model(name, source);
    CHECK(spoken.count(model.metadata().protocol) == 1);
    CHECK_FALSE(model.metadata().endpoint_prefix.empty());
    for (const std::string& operation : model.operation_names()) {
      const Operation* read = model.operation(operation);
      for (const std::string* shape : {&read->input, &read->output}) {
        if (!shape->empty()) CHECK(model.shape(*shape).type == ShapeType::structure);
      }
      for (const std::string& error : read->errors) static_cast<void>(model.shape(error));
    }
  }
  MESSAGE("services: " << loaded);
}

TEST_CASE("a large part is read from a cache the second time, and from itself where that is damaged or old") {
  const Models models;
  const fs::path rules = models.path("data/shop/2020-01-01/endpoint-rule-set-1.json");
  const auto write_rules = [&](const char* version) {
    models.write("data/shop/2020-01-01/endpoint-rule-set-1.json",
                 "{\"version\":" + std::string(300'000, ' ') + "\"" + version + "\"}");
  };
  const auto version_read = [&] { return models.store().part("shop", "endpoint-rule-set-1").text_or("version", ""); };
  write_rules("1.0");
  const auto time = fs::last_write_time(rules);
  CHECK(version_read() == "1.0");
  REQUIRE(models.cached().size() == 1);
  const fs::path file = models.cached()[0];
  CHECK(mode_of(file) == 0600);
  write_rules("2.0");
  fs::last_write_time(rules, time);
  CHECK(version_read() == "1.0");
  const std::string whole = read_file(file);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    CAPTURE(at);
    std::ofstream(file, std::ios::binary) << whole.substr(0, at);
    CHECK(version_read() == "2.0");
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    std::ofstream(file, std::ios::binary) << damaged;
    CHECK(version_read() == "2.0");
  }
  write_rules("3.0");
  CHECK(version_read() == "3.0");
}

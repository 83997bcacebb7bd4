#pragma once
#include <string>
#include <utility>
#include <vector>

#include "state/event.h"

namespace runbook {

class Journal;

// An event whose bytes from outside still have to become blobs: the executor stores them and puts the references into the body.
struct Proposal {
  Event event;
  std::vector<std::pair<std::string, std::string>> blobs;    // member of the body, bytes
  std::vector<std::pair<std::string, std::string>> secrets;  // outputs that are held in memory alone: name, value

  Proposal(std::string_view kind, std::string instance, Value body = {}, std::int64_t attempt = 0) {
    event.kind = kind;
    event.instance = std::move(instance);
    event.body = std::move(body);
    event.attempt = attempt;
  }
  Proposal& attach(std::string member, std::string bytes) {
    blobs.emplace_back(std::move(member), std::move(bytes));
    return *this;
  }
};

// What people read of it may quote values, as the error of an expression does: not those.
void mask_texts(Proposal& proposal, const std::vector<std::string>& secrets);

// Appended, with its blobs; not committed.
Event append(Journal& journal, Proposal proposal, std::int64_t at_ms);

}  // namespace runbook

#include "run/proposal.h"

#include "state/journal.h"

namespace runbook {

Event append(Journal& journal, Proposal proposal, std::int64_t at_ms) {
  Event event = std::move(proposal.event);
  for (const auto& [member, bytes] : proposal.blobs)
    event.body = with(event.body, member, blob_reference(journal.put(bytes), bytes.size()));
  event.at_ms = at_ms;
  return journal.append(std::move(event));
}

}  // namespace runbook

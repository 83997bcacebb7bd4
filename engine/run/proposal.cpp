#include "run/proposal.h"

#include "base/redactor.h"
#include "state/journal.h"

namespace runbook {

void mask_texts(Proposal& proposal, const std::vector<std::string>& secrets) {
  Value& body = proposal.event.body;
  for (const char* member : {"why", "text"}) {
    const std::string text = body.text_or(member, ""), masked = redact(text, secrets);
    if (masked != text) body = with(body, member, masked);
  }
}

Event append(Journal& journal, Proposal proposal, std::int64_t at_ms) {
  Event event = std::move(proposal.event);
  for (const auto& [member, bytes] : proposal.blobs)
    event.body = with(event.body, member, blob_reference(journal.put(bytes), bytes.size()));
  event.at_ms = at_ms;
  return journal.append(std::move(event));
}

}  // namespace runbook

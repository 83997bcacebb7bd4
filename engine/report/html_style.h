#pragma once
// How the page looks and what its controls do. Both are constants, so that the page can name their digests and let nothing else in.
#include <string>

#include "report/html_text.h"

namespace runbook {

Markup page_style();
// Folds, filters, and opens for printing. Without it nothing is missing but these.
Markup page_script();
// A Content-Security-Policy (W3C CSP 3) that allows the two and nothing else: no request, no frame, no form, no other script.
std::string page_policy();

}  // namespace runbook

#pragma once
// How much room text takes on a terminal, and how it is made to do nothing there but stand.
#include <cstddef>
#include <string>
#include <string_view>

namespace runbook {

// What a terminal can show.
enum class Charset { utf8, ascii };

// Text from outside as one line: escape sequences are gone, control characters and blanks of other kinds are one blank each, marks that
// turn or hide text are gone, what is no UTF-8 shows as U+FFFD; for Charset::ascii everything beyond shows as `?`.
std::string harmless(std::string_view text, Charset charset);
// The same of a line of our own, whose colours stay; one that has any ends without them.
std::string harmless_with_colours(std::string_view text, Charset charset);

// Columns that a character takes; 0: a mark on the one before, or nothing that is seen.
std::size_t cells_of(char32_t point);
// Columns that it takes: East Asian wide characters two, combining marks and colours none. Text is harmless.
std::size_t cells_of(std::string_view text);
// As much of it as fits, with "…" ("..." in ASCII) where something is left out. Colours stay, and end with it.
std::string cut_to_cells(std::string_view text, std::size_t most, Charset charset);
// Cut, or filled with blanks.
std::string fitted_to_cells(std::string_view text, std::size_t cells, Charset charset);

}  // namespace runbook

#include <fmt/format.h>

#include "base/error.h"
#include "base/suggestion.h"
#include "cli/completion.h"

namespace runbook {

namespace {

struct Script {
  std::string_view shell;
  std::string_view text;
};

constexpr Script scripts[] = {
    {"bash", R"(# Completion of runbook for bash. In ~/.bashrc: source <(runbook completion bash)
_runbook() {
  local current=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]/#\~/$HOME} line
  [[ $current != = ]] || current=
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :runbooks)
        compopt -o filenames 2>/dev/null
        while IFS= read -r line; do
          if [[ -d $line || $line == *.yaml || $line == *.yml ]]; then COMPREPLY+=("$line"); fi
        done < <(compgen -f -- "$current")
        ;;
      :files)
        compopt -o filenames 2>/dev/null
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
        ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("$program" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -o nosort -F _runbook runbook
)"},
    {"zsh", R"(#compdef runbook
# Completion of runbook for zsh. In ~/.zshrc, behind compinit: source <(runbook completion zsh)
_runbook() {
  local line
  local -a found assignments
  for line in "${(@f)$("${words[1]/#\~/$HOME}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :runbooks) _files -g '*.(yaml|yml)' ;;
      :files) _files ;;
      [^$'\t']#=$'\t'*) assignments+=("${${line//:/\\:}/$'\t'/:}") ;;
      ?*) found+=("${${line//:/\\:}/$'\t'/:}") ;;
    esac
  done
  (( $#found )) && _describe -V 'runbook' found
  (( $#assignments )) && _describe -V 'input' assignments -S ''
  return 0
}
if [ "$funcstack[1]" = "_runbook" ]; then _runbook "$@"; else compdef _runbook runbook; fi
)"},
    {"fish", R"(# Completion of runbook for fish. In ~/.config/fish/config.fish: runbook completion fish | source
function __runbook_complete
  set -l words (commandline --cut-at-cursor --tokenize --current-process)
  set -l current (commandline --cut-at-cursor --current-token)
  set -l program (string replace --regex '^~' $HOME $words[1])
  set -e words[1]
  for line in ($program complete -- $words "$current" 2>/dev/null)
    switch $line
      case :runbooks
        __fish_complete_path "$current" | string match --entire --regex '(/|\.ya?ml)(\t|$)'
      case :files
        __fish_complete_path "$current"
      case '*'
        echo $line
    end
  end
end
complete --command runbook --no-files --keep-order --arguments '(__runbook_complete)'
)"}};

}  // namespace

const std::vector<std::string>& completion_shells() {
  static const std::vector<std::string> shells = [] {
    std::vector<std::string> names;
    for (const Script& script : scripts) names.emplace_back(script.shell);
    return names;
  }();
  return shells;
}

std::string completion_script(const std::string& shell) {
  for (const Script& script : scripts) {
    if (script.shell == shell) return std::string(script.text);
  }
  throw Error(ExitCode::usage, fmt::format("there is no completion for `{}`", shell), suggestion(shell, completion_shells()));
}

}  // namespace runbook

#!/usr/bin/env bash
# A real database server, a real procedure, and an engine that is killed in the middle of it.
# Usage: jobmon-database.sh [--keep]     RUNBOOK names the engine's binary. Everything happens in a temporary folder.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
runbook=${RUNBOOK:-$here/../../build/release/runbook}
book=$here/../jobmon-database.yaml
keep=
case ${1-} in
  '') ;;
  --keep) keep=yes ;;
  *) sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"; exit 2 ;;
esac

PATH=$PATH:/usr/sbin   # where Debian keeps the server; not on everybody's path
bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then bold=$'\e[1m' plain=$'\e[0m'; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
give_up() { printf '%s\n' "$*" >&2; exit 1; }

for program in mariadbd mariadb-install-db mariadb mariadb-dump; do
  command -v "$program" > /dev/null || give_up "The demo needs $program. On Debian: apt install mariadb-server-core mariadb-client"
done
[ -x "$runbook" ] || give_up "There is no engine at $runbook. Build it first, or set RUNBOOK."

folder=$(mktemp -d "${TMPDIR:-/tmp}/runbook-demo.XXXXXX")
server='' engine='' family=''

# A process and all below it, as "pid:starttime": a number alone might be somebody else's by the time it is used.
started() { awk '{sub(/.*\) /, ""); print $20}' "/proc/$1/stat" 2> /dev/null; }
tree() {
  local child start
  start=$(started "$1") || return 0
  echo "$1:$start"
  for child in $(ps -o pid= --ppid "$1"); do tree "$child"; done
}
alive() {
  local entry
  for entry in "$@"; do
    if [ "$(started "${entry%:*}")" = "${entry#*:}" ]; then echo "${entry%:*}"; fi
  done
}

# Ends the engines that were begun and all that they started; stopped first, so that nothing is begun meanwhile.
# shellcheck disable=SC2046,SC2086
end_family() {
  local known='none' pid
  if [ -n "$engine" ]; then family+=" $(tree "$engine")"; fi
  while [ "$known" != "$family" ]; do
    known=$family
    kill -STOP $(alive $family) 2> /dev/null || true
    family=$(for pid in $(alive $known); do tree "$pid"; done | sort --unique)
  done
  kill -KILL $(alive $family) 2> /dev/null || true
}

leave() {
  local code=$?
  trap - EXIT INT TERM HUP
  end_family
  if [ -n "$server" ]; then kill -KILL "$server" 2> /dev/null || true; fi
  { wait; } 2> /dev/null || true
  if [ -n "$keep" ]; then say "Everything is kept in $folder (the server was ended)."; else rm -rf "$folder"; fi
  exit $code
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

sql() { mariadb --no-defaults --socket="$folder/socket" --user=root --batch --skip-column-names "$@"; }

start_server() {
  local user=()
  if [ "$(id -u)" = 0 ]; then user=(--user=root); fi
  mariadb-install-db --no-defaults "${user[@]}" --auth-root-authentication-method=normal --skip-test-db \
    --datadir="$folder/data" > "$folder/server.log" 2>&1 || give_up "$(cat "$folder/server.log")"
  setpriv --pdeathsig=KILL mariadbd --no-defaults "${user[@]}" --datadir="$folder/data" --socket="$folder/socket" \
    --pid-file="$folder/server.pid" --skip-networking --wait-timeout=600 --innodb-buffer-pool-size=256M \
    --innodb-flush-log-at-trx-commit=2 --innodb-doublewrite=0 > "$folder/server.log" 2>&1 < /dev/null &
  server=$!
  until sql --execute "SELECT 1" > /dev/null 2>&1; do
    kill -0 "$server" 2> /dev/null || give_up "$(cat "$folder/server.log")"
    sleep 0.1
  done
}

fill() {   # DATABASE TASKS
  sql --execute "CREATE DATABASE $1; CREATE USER $1@localhost; GRANT ALL ON $1.* TO $1@localhost"
  { echo "SET @tasks = $2;"; cat "$here/jobmon-schema.sql"; } | sql "$1"
}

runbook() { "$runbook" --journal "$folder/journal.db" "$@"; }

# In the background, so that Ctrl-C ends the demo at once.
begin() {
  local word text="\$ runbook run jobmon-database.yaml"
  for word in "$@"; do
    if [[ $word =~ [^A-Za-z0-9_./=@-] ]]; then word=${word@Q}; fi
    text+=" $word"
  done
  echo "${text//$folder/DEMO}" | fold --spaces --width=110 | sed '2,$s/^/    /'
  "$runbook" --journal "$folder/journal.db" run "$book" --non-interactive "$@" < /dev/null &
  engine=$!
}
finish() {   # sets $code
  code=0
  wait "$engine" || code=$?
  engine=''
}

is_copying() {
  local steps
  steps=$(runbook show last --json 2> /dev/null) || return 1
  [[ $steps =~ \"id\":\ *\"make_copy\"[^}]*\"state\":\ *\"running\" ]]
}
has_bytes() { [ -n "$(find "$folder/copies" -name '*.unfinished' -size +1M 2> /dev/null)" ]; }
wait_for() {   # CONDITION, while the engine runs
  until "$1"; do
    if ! kill -0 "$engine" 2> /dev/null; then
      finish
      give_up "The engine ended with $code before it could be killed in the middle of the copy."
    fi
    sleep 0.02
  done
}

say "Two databases are made on a server of their own: jobmon, in use, and jobmon_081, which is deprecated."
start_server
fill jobmon 500
fill jobmon_081 10000
sql --execute "SELECT CONCAT('  ', SUBSTRING_INDEX(name, '/', 1), ': ', COUNT(*), ' tables, ', SUM(file_size) >> 20, ' MiB')
               FROM information_schema.innodb_sys_tablespaces WHERE name LIKE 'jobmon%' GROUP BY SUBSTRING_INDEX(name, '/', 1)"

say "The runbook checks the server, proves the slow query log, copies jobmon_081, proves the copy, and removes the database."
begin -i socket="$folder/socket" -i database=jobmon_081 -i copy_dir="$folder/copies" -i memory_bytes=$((320 << 20)) \
  -i log_slow_queries=true -i slow_query_log_file="$folder/slow.log" -i remove=true -i service_account=jobmon_081@localhost
wait_for is_copying
wait_for has_bytes
family=$(tree "$engine")
killed=$engine
{ kill -KILL "$engine"; finish; } 2> /dev/null   # bash would report it
is_copying || give_up "The copy was finished before the engine was killed; please try again."

say "That was kill -9 to the engine (process $killed), in the middle of the copy. What it started lives on:"
# shellcheck disable=SC2086
ps -o pid,ppid,etime,comm -p "$(alive $family | paste -sd,)" || echo "  (nothing: the copy was finished just now)"

say "The journal knows where the run stands (this section of it):"
runbook show last | sed -n '1,2p; /^Copy the database/,/^$/p; $p' || true

say "Going on. The copy isn't made a second time: the engine takes up the one that runs."
begin --resume
finish

say "Exit code $code: it waits for a person. What can't be undone needs its phrase, and only now, with the copy proven."
if [ "$code" != 3 ]; then give_up "Exit code 3 was expected here."; fi
begin --resume --approve "remove_database=Remove the deprecated database"
finish
if [ "$code" != 0 ]; then give_up "Exit code 0 was expected here, not $code."; fi

say "The run, as the journal has it:"
runbook show last

say "The copy, on which the engine died, in particular:"
runbook why last make_copy

say "What is left: the databases, and the copy with its digest and the list of what it holds."
sql --execute "SELECT CONCAT('  ', schema_name) FROM information_schema.schemata WHERE schema_name LIKE 'jobmon%'"
find "$folder/copies" -type f -printf '  %10s bytes  %f\n' | sort --key=3
say "Done in $SECONDS seconds."

#!/usr/bin/env bash
# Checks and runs the scenarios that differ from another revision, and says what moves: compare.sh REVISION [REPORT.md]
# Exit code: 0 nothing wrong; that of `fundalloc check` or `run` where a scenario has problems or no plan.
set -uo pipefail
base=${1:?which revision to compare with, such as origin/main}
report=${2:-comparison.md}
worst=0

keep() { if [ "$1" -gt "$worst" ]; then worst=$1; fi; }

# A changed table changes every scenario that reads it: all of them are compared, and those without a difference left out.
mapfile -t scenarios < <(git ls-files -- '*.yaml' '*.yml' | xargs -r grep -l '^scenario:')
: >"$report"
for scenario in "${scenarios[@]}"; do
  if ! said=$(fundalloc check "$scenario" -q 2>&1); then
    keep 3
    printf '## %s\n\nHas problems:\n\n```text\n%s\n```\n\n' "$scenario" "$said" >>"$report"
    continue
  fi
  if ! git cat-file -e "$base:$scenario" 2>/dev/null; then
    said=$(fundalloc run "$scenario" -n 2>&1)
    keep $?
    printf '## %s\n\nIs new:\n\n```text\n%s\n```\n\n' "$scenario" "$said" >>"$report"
    continue
  fi
  said=$(fundalloc compare "$base:$scenario" "$scenario" --exit-code 2>&1)
  code=$?
  case $code in
    0) ;;
    8) printf '## %s\n\n```text\n%s\n```\n\n' "$scenario" "$said" >>"$report" ;;
    *)
      keep "$code"
      printf '## %s\n\nNo comparison:\n\n```text\n%s\n```\n\n' "$scenario" "$said" >>"$report"
      ;;
  esac
done
[ -s "$report" ] || echo "No scenario gives another plan." >"$report"
cat "$report"
exit "$worst"

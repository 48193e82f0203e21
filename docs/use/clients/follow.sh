#!/usr/bin/env bash
# Follow the live stream of a Stockpulse with curl: prints each change's data, one line of JSON.
#   follow.sh http://127.0.0.1:8000 [FILE]
# The last cursor is kept in FILE (default: stockpulse.cursor), so that it goes on where it was.
# After a resume some changes may come again: drop ids that you know. A key goes in STOCKPULSE_KEY.
set -euo pipefail
url=${1:?the address of a Stockpulse, such as http://127.0.0.1:8000}
kept=${2:-stockpulse.cursor}
while true; do
  headers=(-H 'Accept: text/event-stream')
  if [[ -n ${STOCKPULSE_KEY:-} ]]; then headers+=(-H "Authorization: Bearer $STOCKPULSE_KEY"); fi
  if [[ -s $kept ]]; then headers+=(-H "Last-Event-ID: $(<"$kept")"); fi
  # A connection that brings less than a byte a second for 45 s is dead: the server beats every 15.
  curl --silent --show-error --fail --no-buffer --speed-limit 1 --speed-time 45 \
    "${headers[@]}" "$url/v1/events" |
    while IFS= read -r line; do
      case $line in
        'id: '*) id=${line#id: } ;;
        'event: '*) event=${line#event: } ;;
        'data: '*) data=${line#data: } ;;
        '')
          if [[ ${event:-} == change ]]; then printf '%s\n' "$data"; fi
          if [[ -n ${id:-} ]]; then printf '%s' "$id" >"$kept"; fi
          id='' event='' data=''
          ;;
      esac
    done || true
  sleep "1.$((RANDOM % 10))" # jittered, so that all clients don't come at once
done

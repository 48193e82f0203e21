#!/usr/bin/env bash
# Follow the live stream of a Stockpulse server with curl: prints each change as one line of JSON.
#   follow.sh http://127.0.0.1:8000 [FILE]
# The last cursor is saved in FILE (default: stockpulse.cursor), and the next run resumes from it.
# Some changes may be repeated then: ignore ids that you know. Put an API key into STOCKPULSE_KEY.
set -euo pipefail
url=${1:?the address of a Stockpulse server, such as http://127.0.0.1:8000}
kept=${2:-stockpulse.cursor}
while true; do
  headers=(-H 'Accept: text/event-stream')
  if [[ -n ${STOCKPULSE_KEY:-} ]]; then headers+=(-H "Authorization: Bearer $STOCKPULSE_KEY"); fi
  if [[ -s $kept ]]; then headers+=(-H "Last-Event-ID: $(<"$kept")"); fi
  # A connection with less than a byte per second for 10 s is dead: heartbeats come every 3 s.
  curl --silent --show-error --fail --no-buffer --speed-limit 1 --speed-time 10 \
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
  sleep "1.$((RANDOM % 10))" # jitter keeps clients from reconnecting at the same time
done

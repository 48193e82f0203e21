# Sourced: set-ups of one folder run one after another, so that `make run` twice at once works.
# setup_lock READY PREREQUISITE...: waits for its turn, and ends the script if READY is up to date.
# The lock is the open file's, so it lasts until this shell ends, however it ends.
setup_lock() {
  local ready=$1 newer=yes file
  shift
  exec 9>.setup.lock
  "${python:-python3}" - <<'PYTHON'
import fcntl, sys
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    print("Waiting for another set-up in this folder …", file=sys.stderr)
    fcntl.flock(9, fcntl.LOCK_EX)
PYTHON
  for file in "$@"; do
    [[ $ready -nt $file ]] || newer=
  done
  if [[ -n $newer ]]; then exit 0; fi
}

#!/bin/sh
# Keeps a mirror of a repository: backup.sh acme/site /var/backups/git
# LATCHKEY_URL names the server; LATCHKEY_TOKEN_FILE holds the token (mode 0600).
set -eu
repository=$1
folder=$2
LATCHKEY_TOKEN=$(cat "$LATCHKEY_TOKEN_FILE")
export LATCHKEY_TOKEN
# Git works in another folder, so the path must not depend on this one.
GIT_ASKPASS=$(cd "$(dirname "$0")" && pwd)/askpass.sh
GIT_TERMINAL_PROMPT=0
export GIT_ASKPASS GIT_TERMINAL_PROMPT
mirror=$folder/$repository.git
if [ -d "$mirror" ]; then
  git -C "$mirror" -c credential.helper= remote update --prune >/dev/null
else
  git -c credential.helper= clone --quiet --mirror "$LATCHKEY_URL/$repository.git" "$mirror"
fi

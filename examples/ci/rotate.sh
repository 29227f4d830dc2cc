#!/bin/sh
# Renews the token in LATCHKEY_TOKEN_FILE. The old one works until the new one is used, so nothing stands still if this is cut off.
# The token needs the permission personal_access_tokens: write, or, as a scoped token, the scope self_rotate.
set -eu
umask 077
LATCHKEY_TOKEN=$(cat "$LATCHKEY_TOKEN_FILE")
export LATCHKEY_TOKEN
# Fails where there is no room for the new one, before the old one is replaced.
cp "$LATCHKEY_TOKEN_FILE" "$LATCHKEY_TOKEN_FILE.new"
latchkey token rotate --overlap 86400 > "$LATCHKEY_TOKEN_FILE.new"
mv "$LATCHKEY_TOKEN_FILE.new" "$LATCHKEY_TOKEN_FILE"

#!/bin/sh
# Exchanges a job's own token (a JWT on standard input) for one of a machine account, and tells git to use it.
# Needs LATCHKEY_URL, such as https://latchkey.example.org, and LATCHKEY_ACCOUNT, the machine account.
# LATCHKEY_SCOPE asks for less than the rule gives: contents:read.
# Prints the token. It lives an hour at most, and is written nowhere; git reads it from LATCHKEY_TOKEN.
set -eu
answer=$(tr -d ' \r\n' | curl --silent --show-error --max-time 30 "$LATCHKEY_URL/oauth/token" \
  --data-urlencode grant_type=urn:ietf:params:oauth:grant-type:token-exchange \
  --data-urlencode subject_token_type=urn:ietf:params:oauth:token-type:jwt \
  --data-urlencode "client_id=$LATCHKEY_ACCOUNT" \
  ${LATCHKEY_SCOPE:+--data-urlencode "scope=$LATCHKEY_SCOPE"} \
  --data-urlencode subject_token@-)
token=$(printf %s "$answer" | sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p')
if [ -z "$token" ]; then
  printf 'Latchkey gave no token: %s\n' "$(printf %s "$answer" | sed -n 's/.*"error_description":"\(.*\)".*/\1/p')" >&2
  exit 1
fi
# shellcheck disable=SC2016 # git's shell expands it, so the token stays out of the file.
git config --global "credential.$LATCHKEY_URL.helper" \
  '!f() { test "$1" != get || printf "username=token\npassword=%s\n" "$LATCHKEY_TOKEN"; }; f'
printf '%s\n' "$token"

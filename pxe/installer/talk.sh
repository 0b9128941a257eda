# shellcheck shell=bash
# Requests to the controllers, and answers that are believed. services/provisioning.ts is the protocol. Sourced.
#
# URLS: array of http://ADDRESS:PORT. JOB, ATTEMPT. $RUN/key.pem: this machine's key. The answer is left in $RUN/answer.KIND.

make_key() {
  (umask 077 && openssl genpkey -algorithm ed25519 -out "$RUN/key.pem")
  openssl pkey -in "$RUN/key.pem" -pubout -outform DER | tail -c 32 | base64 -w 0 >"$RUN/key.pub"
}

# believed REQUEST ANSWER HEADERS: a node whose key is built in has signed that this answers this request.
believed() {
  local node signature
  read -r node signature < <(sed -n 's/\r$//; s/^[Rr]ekindle-[Ss]ignature: *//p' "$3" | tail -n 1) || return 1
  [[ $node =~ ^[A-Za-z0-9_][A-Za-z0-9._-]*$ && -e $HERE/nodes/$node.pem ]] || return 1
  { sha256sum <"$1" | cut -c 1-64 && cat "$2"; } >"$2.said"
  verified "$HERE/nodes/$node.pem" "$2.said" "$signature"
}

# verified PUBLIC-KEY FILE SIGNATURE: base64 of either alphabet, padded or not.
verified() {
  local signature=${3//_//} at="$RUN/signature.$BASHPID"
  signature=${signature//-/+}
  base64 -d <<<"${signature%%=*}==" >"$at" 2>/dev/null &&
    openssl pkeyutl -verify -pubin -inkey "$1" -rawin -in "$2" -sigfile "$at" >/dev/null 2>&1
}

# ask_once KIND FIELDS(JSON object, may be {}): 0 answered as wished, 1 no believable answer, 2 refused for now, 3 refused
# for good. One try at each URL. `n` is the time since boot: it rises by itself, also between processes.
ask_once() {
  local kind=$1 fields=$2 name="$RUN/$BASHPID" url body
  body="{\"kind\":\"$kind\",\"job\":\"$JOB\",\"attempt\":$ATTEMPT"
  [ "$kind" = hello ] || body+=",\"n\":$(uptime_cs)"
  [ "$fields" = '{}' ] || body+=",${fields#\{}"
  [ "$fields" != '{}' ] || body+='}'
  printf '%s' "$body" >"$name.body"
  openssl pkeyutl -sign -inkey "$RUN/key.pem" -rawin -in "$name.body" -out "$name.signed"
  for url in "${URLS[@]}"; do
    curl -sS --connect-timeout 2 --max-time 10 --max-filesize 65536 -X POST -H 'content-type: application/json' \
      -H "rekindle-signature: $(base64 -w 0 "$name.signed")" --data-binary "@$name.body" \
      -D "$name.headers" -o "$name.answer" "$url/v1/install" 2>>"$RUN/log" || continue
    believed "$name.body" "$name.answer" "$name.headers" || { echo "$url: no answer to this that anybody known has signed" >>"$RUN/log" && continue; }
    mv "$name.answer" "$RUN/answer.$kind"
    grep -q '"kind":"refused"' "$RUN/answer.$kind" || return 0
    say "$kind refused: $(jq -r .reason "$RUN/answer.$kind")"
    [ "$(jq -r .stop "$RUN/answer.$kind")" = true ] && return 3
    return 2
  done
  return 1
}

# ask KIND FIELDS: until it is answered, for a minute. The answer is in $RUN/answer.KIND. Ends the attempt otherwise.
ask() {
  local until=$(($(uptime_cs) + 6000)) status
  while :; do
    status=0
    ask_once "$1" "$2" || status=$?
    case $status in
      0) return 0 ;;
      3) say "the attempt is over: $1 was refused" && exit 1 ;;
    esac
    [ "$(uptime_cs)" -lt "$until" ] || fail "no controller answered \"$1\" for 60 s (asked: ${URLS[*]})"
    sleep 1
  done
}

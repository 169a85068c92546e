# client.sh - requests to a running Trainyard, as a user would make them with curl.
# Needs TRAINYARD_URL and TRAINYARD_API_KEY, which scripts/up notes in $HOME_DIR/env.

client_open() {
  local line
  [ -f "$HOME_DIR/env" ] || die "nothing runs yet: scripts/up brings Trainyard up"
  while IFS= read -r line; do export "${line?}"; done <"$HOME_DIR/env"
  CLIENT=(curl --noproxy '*' -sS -H "Authorization: Bearer $TRAINYARD_API_KEY")
}

# ask METHOD PATH [JSON]: prints the answer; ends the script with the server's message if it is none.
ask() {
  local method=$1 path=$2 answer status
  answer=$("${CLIENT[@]}" -X "$method" "$TRAINYARD_URL$path" -w '\n%{http_code}' \
    ${3:+-H 'Content-Type: application/json' -d "$3"}) || die "$TRAINYARD_URL does not answer"
  status=${answer##*$'\n'} answer=${answer%$'\n'*}
  [ "$status" = 200 ] || die "$method $path: $status $(jq -r '.error.message? // .message? // .' <<<"$answer")"
  printf '%s\n' "$answer"
}

is_there() { "${CLIENT[@]}" -f -o /dev/null "$TRAINYARD_URL$1" 2>/dev/null; }

# upload FILE: prints the id of a complete upload of it: announce, PUT, confirm.
upload() {
  local file=$1 name made url
  name=$(basename "$file")
  made=$(ask POST /uploads "$(jq -n --arg name "$name" --argjson size "$(stat -c %s "$file")" \
    '{name: $name, files: [{filename: $name, content_type: "text/csv", size_bytes: $size}]}')")
  url=$(jq -r '.files[0].presigned_url' <<<"$made")
  curl --noproxy '*' -sS -f -o /dev/null -T "$file" -H 'Content-Type: text/csv' "$url" ||
    die "could not PUT $name"
  ask POST /uploads/status "$(jq '{upload_id, status: "complete", files: [.files[] | {filename, s3_key}]}' <<<"$made")" >/dev/null
  jq -r .upload_id <<<"$made"
}

# follow JOB: shows its log as it is written, and how far it is: as a bar at a terminal, as a line
# every ten per cent elsewhere. Sets JOB_STATUS to what came of it.
follow() {
  local level message progress stage status told=-10 at=''
  JOB_STATUS=unknown
  while IFS=$'\x1f' read -r level message progress stage status; do
    [ ! -t 1 ] || printf '\r\033[K'
    if [ -n "$status" ]; then
      JOB_STATUS=$status
    elif [ -z "$progress" ]; then
      printf '    %s%s\n' "$(level_mark "$level")" "$message"
      [ ! -t 1 ] || [ "$told" -lt 0 ] || bar "$told" "$at"
    elif [ -t 1 ]; then
      told=$progress at=$stage
      bar "$told" "$at"
    elif [ "$progress" -ge $((told + 10)) ]; then
      told=$progress
      printf '    %3d %% %s\n' "$told" "$stage"
    fi
  done < <("${CLIENT[@]}" -N -H 'Accept: text/event-stream' "$TRAINYARD_URL/models/build-logs?job_id=$1&follow=true" |
    sed -un 's/^data: //p' |
    jq -r --unbuffered '[.level, .message, .progress, .stage, .status]
      | map(if . == null then "" else tostring | gsub("\\s"; " ") end) | join("\u001f")')
}

level_mark() { case $1 in ERROR) printf '%serror%s ' "$RED" "$PLAIN" ;; WARN*) printf 'warning ' ;; esac; }

# bar PERCENT STAGE, on the line where the cursor is.
bar() {
  local full='########################################' none='........................................'
  local width=$(($1 * 40 / 100))
  printf '    [%s%s%s%s] %3d %% %s' "$GREEN" "${full:0:width}" "$PLAIN" "${none:width}" "$1" "$2"
}

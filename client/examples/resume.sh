#!/usr/bin/env bash
# An upload by curl that was cut, and goes on through another gateway: resume.sh file http://gateway-1 http://gateway-2
set -euo pipefail
file=$1 first=$2 second=$3
size=$(($(wc -c < "$file")))

id=$(curl -sf "$first/v1/uploads" -d "{\"bucket\":\"examples\",\"key\":\"curl/film\",\"size\":$size}" |
  sed -E 's/.*"id":"([^"]+)".*/\1/')

# The line breaks in the middle: curl sends what it says it sends, and no more.
head -c $((size / 3)) "$file" |
  curl -s -m 2 -X PUT -H "content-length: $size" -T - "$first/v1/uploads/$id/parts/0" || true

# What has arrived, in one piece as nothing else was sent.
for _ in $(seq 50); do
  received=$(curl -sf "$second/v1/uploads/$id" | sed -E 's/.*"received":([0-9]+).*/\1/')
  [ "$received" -gt 0 ] && break
  sleep 0.2
done
echo "going on after $received of $size bytes" >&2

tail -c +$((received + 1)) "$file" | curl -sf -X PUT -T - "$second/v1/uploads/$id/parts/$received" > /dev/null
curl -sf -X POST "$second/v1/uploads/$id/complete" > /dev/null
curl -sf "$first/v1/files/examples/curl/film" | cmp - "$file" && echo "the same $size bytes"

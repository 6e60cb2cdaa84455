#!/bin/sh
# Debian packages that only tests use: a browser with Chinese fonts, an RTSP server and a decoder that we did not
# write, PostgreSQL. Installed where we are root; elsewhere the tests that need them are skipped by name.
set -eu

missing=""
for package in chromium-headless-shell fonts-noto-cjk ffmpeg postgresql poppler-utils python3-gi gir1.2-gst-rtsp-server-1.0 \
    gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good \
    gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Tests that need these Debian packages will be skipped by name; to run them:" >&2
    echo "  sudo apt-get install --no-install-recommends$missing" >&2
    exit 0
fi
echo "installing Debian packages for tests:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing >/dev/null

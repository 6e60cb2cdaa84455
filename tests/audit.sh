#!/bin/sh
# What is publicly known against the packages that the lock files name: of Python's by pip-audit, of Node's by npm
# audit. Both ask the registries that the packages come from and change nothing.
#   0  all were asked about, and nothing is known against any
#   1  something is known: it stands above
#   2  somebody could not be asked about all of them; that is no clean bill
set -u
cd "$(dirname "$0")/.."
said=$(mktemp)
trap 'rm -f "$said"' EXIT
known=0
unasked=0

# asked NAME WHAT-IT-SAYS-WHEN-SOMETHING-IS-KNOWN COMMAND...
asked() {
    name=$1 finding=$2
    shift 2
    if "$@" >"$said" 2>&1; then
        echo "$name: nothing is known against any"
    elif grep -qE "$finding" "$said"; then
        cat "$said"
        echo "$name: SOMETHING IS KNOWN, see above"
        known=1
    else
        tail -n 3 "$said"
        echo "$name: COULD NOT BE AUDITED, whoever knows of weaknesses does not answer; nothing is known, not even that all is well"
        unasked=1
    fi
}

# --strict: a package that nobody knows of would else count as a good one.
for lock in requirements.lock requirements-dev.lock requirements-node.lock requirements-audit.lock; do
    asked "$lock" '^Found [0-9]+ known vulnerabilit' \
        pip-audit --strict --disable-pip --require-hashes --progress-spinner off --requirement "$lock"
done
for folder in dashboard/web tests/openid tests/whep; do
    asked "$folder/package-lock.json" '^[0-9]+ .*vulnerabilit' npm --prefix "$folder" audit --package-lock-only
done

[ "$unasked" = 0 ] || exit 2
exit "$known"

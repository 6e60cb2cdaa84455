#!/bin/sh
# Makes the keys that the services of docker-compose.yml share, into the folder given. Keys that are there already
# are left as they are, so that it may run at every start. Nobody but the folder's owner can read them.
#   s3_secret_key      of the account kaojian at the object store, for those who call it
#   s3.json            the same, for the object store itself
#   security.toml      with which the parts of the object store sign their requests to each other
#   postgres_password  of the account kaojian at the database, for the database itself
#   pgpass             the same, for those who call it (format of PostgreSQL's password file; any host, any port)
set -eu
umask 077
folder=${1:?usage: keys.sh FOLDER}

key() {
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

# Standard input becomes the file whole or not at all.
keep() {
    cat >"$folder/$1.new"
    mv "$folder/$1.new" "$folder/$1"
}

[ -s "$folder/s3_secret_key" ] || key | keep s3_secret_key
[ -s "$folder/postgres_password" ] || key | keep postgres_password

keep s3.json <<END
{"identities": [{
  "name": "kaojian",
  "credentials": [{"accessKey": "kaojian", "secretKey": "$(cat "$folder/s3_secret_key")"}],
  "actions": ["Admin", "Read", "Write", "List", "Tagging"]
}]}
END

keep pgpass <<END
*:*:kaojian:kaojian:$(cat "$folder/postgres_password")
END

[ -s "$folder/security.toml" ] || {
    for table in jwt.signing jwt.signing.read jwt.filer_signing jwt.filer_signing.read; do
        printf '[%s]\nkey = "%s"\n' "$table" "$(key)"
    done
    printf '[filer.expose_directory_metadata]\nenabled = false\n'
} | keep security.toml

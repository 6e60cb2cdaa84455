#!/bin/sh
# Makes the keys that the services of docker-compose.yml share, into the folder given. Keys that are there already
# are left as they are, so that it may run at every start. Nobody but the folder's owner can read them.
#   s3_secret_key      of the key kaojian, which keeps footage in the object store, for those who call it
#   s3.json            the same for the object store itself, with what each key may: this one deletes nothing
#   keys.json          the keys of its other duties, to be told to whoever disposes of footage after its time
#   security.toml      with which the parts of the object store sign their requests to each other
#   tls/               the certificate by which they know each other, its key, and the authority that clients trust
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

keep pgpass <<END
*:*:kaojian:kaojian:$(cat "$folder/postgres_password")
END

python -m storage.seaweed_keys "$folder"

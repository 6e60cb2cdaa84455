"""The version of this software, as API and manifests tell it. The changelog says what each one brought."""

VERSION = "0.1.0"

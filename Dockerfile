# One image for every room of Kaojian; which role runs is the command's affair (docker-compose.yml).
# The pages are built in a stage of their own, so that the image holds no Node and no source of the pages.

FROM node:24-bookworm-slim AS pages
WORKDIR /src/dashboard/web
COPY dashboard/web/package.json dashboard/web/package-lock.json dashboard/web/.npmrc ./
RUN npm ci
WORKDIR /src
COPY dashboard dashboard
RUN npm --prefix dashboard/web run build \
    && mv dashboard/web/dist dist \
    && rm -rf dashboard/web \
    && mkdir dashboard/web \
    && mv dist dashboard/web/dist

FROM python:3.11-slim-bookworm AS packages
WORKDIR /src
COPY requirements.lock .
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r requirements.lock

FROM python:3.11-slim-bookworm
# pg_dump and pg_restore, of the server's version in docker-compose.yml: backups of a database on PostgreSQL need them.
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client-15=15.* \
    && rm -rf /var/lib/apt/lists/*
# The folders belong to the account before a volume is laid over them: a new volume takes owner and mode from here.
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/kaojian --shell /usr/sbin/nologin kaojian \
    && install -d -m 700 -o kaojian -g kaojian /var/lib/kaojian /var/lib/seaweedfs /run/keys
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY domain domain
COPY config config
COPY storage storage
COPY ingest ingest
COPY analysis analysis
COPY records records
COPY --from=pages /src/dashboard dashboard
COPY kaojian kaojian
# The project's root comes first on the path: config, storage, records, dashboard and analysis are names on PyPI too.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    KAOJIAN_DATA_DIR=/var/lib/kaojian
USER 10001:10001
# For every command that serves the dashboard; services without it switch the check off. Whose certificate it is does
# not matter to a process that asks itself.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-c", "import os, ssl, urllib.request; given = os.environ.get; tls = given('KAOJIAN_TLS_CERT'); urllib.request.urlopen(('https://' if tls else 'http://') + given('KAOJIAN_HTTP_HOST', '127.0.0.1') + ':' + given('KAOJIAN_HTTP_PORT', '8000') + '/api/v1/health', timeout=4, context=ssl._create_unverified_context() if tls else None)"]
ENTRYPOINT ["python", "-m", "kaojian"]
CMD ["serve"]

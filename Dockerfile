# Từng Nhà in a container: data in /data, served on port 8000.
# With PostgreSQL and TLS: compose.yaml. Alone, for this machine's own browser:
#   docker build -t tung-nha .
#   docker run -p 127.0.0.1:8000:8000 -v tung-nha:/data tung-nha
#   docker run --rm -v tung-nha:/data tung-nha flask --app app people add ...

# What browsers need of others' work, by package-lock.json; nothing of it runs while it is installed.
FROM node:24-slim AS browser
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --loglevel=error

# Libraries by requirements.lock, and our own files with those of the browser copied to their places.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/venv
COPY requirements.lock /tmp/requirements.lock
RUN /opt/venv/bin/pip install --require-hashes -r /tmp/requirements.lock
WORKDIR /srv/tung-nha
COPY app.py LICENSE package-lock.json ./
COPY forms forms
COPY geo geo
COPY server server
COPY dashboards dashboards
COPY --from=browser /src/node_modules node_modules
RUN /opt/venv/bin/python -c "from dashboards import assets; assets.copy()" \
    && rm -rf node_modules \
    && /opt/venv/bin/python -m compileall -q .

FROM python:3.11-slim
# Pango and a font set the PDF of the sheet of codes; without them its HTML page remains
# (no versions: that of a Debian package is gone from the archive as soon as the package is repaired)
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core fonts-liberation \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --system --gid 10001 tungnha \
    && useradd --system --uid 10001 --gid tungnha --no-create-home --home-dir /data tungnha \
    && install --directory --owner tungnha --group tungnha --mode 0750 /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/tung-nha /srv/tung-nha
WORKDIR /srv/tung-nha
# nothing in the image can be written by the server; its heartbeat files lie in memory
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TUNGNHA_INSTANCE=/data
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# tables first: they are brought to the version of this image, data is kept
CMD ["sh", "-c", "flask --app app db upgrade && exec gunicorn --config server/gunicorn_conf.py --worker-tmp-dir /dev/shm --bind 0.0.0.0:8000"]

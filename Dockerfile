# Stockpulse's web server and worker, without the tables (docker-compose.yml adds DynamoDB Local).

FROM node:22-slim AS assets
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# The optional package is the embedded engine, which this image does not use.
RUN npm ci --ignore-scripts --omit=optional --silent
COPY scripts/vendor.sh scripts/
RUN scripts/vendor.sh

FROM python:3.13-slim AS packages
WORKDIR /build
COPY requirements.lock ./
# Install only the packages above the line; the build fails if the line is missing.
RUN line='# ---- needed only to test and check it ----' \
 && grep -qxF "$line" requirements.lock \
 && sed "/^$line\$/,\$d" requirements.lock >run.lock \
 && python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --quiet --require-hashes -r run.lock

FROM python:3.13-slim
# The ids are fixed, so that a volume's files keep their owner when the image is replaced.
# Docker copies /data and its owner into a new volume.
RUN groupadd --gid 10001 stockpulse \
 && useradd --uid 10001 --gid stockpulse --no-create-home --shell /usr/sbin/nologin stockpulse \
 && install -d -m 0700 -o stockpulse -g stockpulse /data
WORKDIR /srv/stockpulse
COPY --from=packages /venv /venv
COPY --from=assets /build/static/vendor static/vendor
COPY pyproject.toml ./
COPY static static
COPY templates templates
COPY worker worker
COPY app app
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    STOCKPULSE_HOST=0.0.0.0 STOCKPULSE_PORT=8000 STOCKPULSE_DATA_DIR=/data
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=3 \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/readyz', timeout=3)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve"]

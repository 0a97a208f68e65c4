# chaosproxy as a service: `docker build --tag chaosproxy .`
#
#   docker run --publish 8080:8080 --publish 9464:9464 --env CHAOSPROXY_ADMIN_TOKEN=... \
#       --volume "$PWD/profiles:/profiles:ro" chaosproxy serve mine.yaml
#
# What one has to set:
#   CHAOSPROXY_ADMIN_TOKEN   The admin port listens beyond loopback here, so every route of it but /healthz and /readyz
#                            asks for this bearer token; without it the proxy refuses to start. Prometheus sends it as
#                            `authorization: {credentials_file: ...}`.
#   the upstreams            A shipped profile looks for its tool APIs on loopback, where a container has none. Say where yours
#                            are with `--upstream NAME=URL`, or mount a profile of your own into /profiles and name it.
# To keep a journal, mount a folder that user 10001 may write to, and add `--journal /journal/run.jsonl`.

# Not slim: it has the compiler that makes the wheel a fast one.
FROM python:3.11 AS build
WORKDIR /source
RUN python -m venv /opt/chaosproxy
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY chaosproxy ./chaosproxy
COPY fault_profiles ./fault_profiles
RUN CHAOSPROXY_COMPILE=1 pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .
RUN /opt/chaosproxy/bin/pip install --no-cache-dir "$(echo /wheels/*.whl)[capture]"

FROM python:3.11-slim
RUN groupadd --gid 10001 chaosproxy \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin chaosproxy \
    && install --directory --owner 10001 --group 10001 /profiles /journal
COPY --from=build /opt/chaosproxy /opt/chaosproxy
ENV PATH=/opt/chaosproxy/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CHAOSPROXY_LISTEN=0.0.0.0:8080 \
    CHAOSPROXY_ADMIN=0.0.0.0:9464
USER 10001:10001
WORKDIR /profiles
EXPOSE 8080 9464
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9464/healthz', timeout=2)"]
# SIGTERM, docker's own: calls in flight end, open episodes are censored, exit 0.
ENTRYPOINT ["chaosproxy"]
CMD ["serve", "bad-monday"]

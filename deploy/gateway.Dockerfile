# syntax=docker/dockerfile:1
# The gateway:   docker build -f deploy/gateway.Dockerfile -t atelier-gateway .
#
# The base is named by its tag; a release pins it by digest: --build-arg PYTHON=python:3.11-slim-bookworm@sha256:…
ARG PYTHON=python:3.11-slim-bookworm

# hadolint ignore=DL3006
FROM ${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_COMPILE=1
WORKDIR /src
COPY constraints.txt ./
COPY proto proto
COPY plugins/sdk plugins/sdk
COPY gateway gateway
RUN python -m venv --without-pip /opt/atelier \
 && pip --python /opt/atelier/bin/python install -c constraints.txt ./proto ./plugins/sdk ./gateway/rpc ./gateway/server
# What is inside, as CycloneDX: /opt/atelier/sbom.json.
RUN pip install -c constraints.txt cyclonedx-bom \
 && cyclonedx-py environment /opt/atelier/bin/python --output-file /opt/atelier/sbom.json

# hadolint ignore=DL3006
FROM ${PYTHON}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="atelier-gateway" \
      org.opencontainers.image.description="Atelier's front door: one gRPC address for all portrait capabilities." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/atelier /opt/atelier
# Nothing is written but to /tmp: the root may be read-only.
ENV PATH=/opt/atelier/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    ATELIER_LISTEN=0.0.0.0:8610 ATELIER_METRICS_LISTEN=0.0.0.0:8611 ATELIER_STATE=/tmp/state
USER 10001:10001
EXPOSE 8610 8611
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["python", "-m", "atelier_rpc.healthcheck"]
CMD ["python", "-m", "atelier_gateway"]

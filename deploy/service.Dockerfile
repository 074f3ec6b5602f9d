# syntax=docker/dockerfile:1
# One image of a capability:   docker build -f deploy/service.Dockerfile --build-arg SERVICE=style -t atelier-style .
# Of a plugin of this repository:  --build-arg SERVICE=lens --build-arg SOURCE=plugins/lens
# With plugins that work inside it:  --build-arg SERVICE=generate --build-arg PLUGINS=./plugins/inspect
#
# The base is named by its tag; a release pins it by digest: --build-arg PYTHON=python:3.11-slim-bookworm@sha256:…
ARG PYTHON=python:3.11-slim-bookworm

# hadolint ignore=DL3006
FROM ${PYTHON} AS build
ARG SERVICE
ARG SOURCE=services/${SERVICE}
ARG PLUGINS=""
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_COMPILE=1
WORKDIR /src
COPY constraints.txt ./
COPY proto proto
COPY plugins plugins
COPY gateway gateway
COPY services services
COPY deploy/models deploy/models
RUN python -m venv --without-pip /opt/atelier \
 && pip --python /opt/atelier/bin/python install -c constraints.txt \
      ./proto ./plugins/sdk ./gateway/rpc ./services/imaging ./services/kit "./${SOURCE}" ${PLUGINS}
# What is inside, as CycloneDX: /opt/atelier/sbom.json.
RUN pip install -c constraints.txt cyclonedx-bom \
 && cyclonedx-py environment /opt/atelier/bin/python --output-file /opt/atelier/sbom.json

# hadolint ignore=DL3006
FROM ${PYTHON}
ARG SERVICE
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="atelier-${SERVICE}" \
      org.opencontainers.image.description="The ${SERVICE} capability of Atelier." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/atelier /opt/atelier
# Nothing is written but to /tmp and to what is mounted: the root may be read-only.
ENV PATH=/opt/atelier/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    ATELIER_CAPABILITY=${SERVICE} ATELIER_LISTEN=0.0.0.0:8620 ATELIER_STATE=/tmp/state
USER 10001:10001
EXPOSE 8620
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s CMD ["python", "-m", "atelier_rpc.healthcheck"]
CMD ["sh", "-c", "exec python -m atelier_${ATELIER_CAPABILITY}"]

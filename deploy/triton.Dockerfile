# syntax=docker/dockerfile:1
# Triton with the models of a cluster:
#   atelier models repository --target gpu --sm 89 --json         (or --target cpu)
#   docker build -f deploy/triton.Dockerfile --build-context models=PATH -t atelier-triton .
#
# The version is that of engines/versions.toml: engines belong to it. A release pins it by digest, and names the registry
# it is taken from: --build-arg TRITON=REGISTRY/nvidia/tritonserver:26.07-py3@sha256:…
ARG TRITON=nvidia/tritonserver:26.07-py3

# hadolint ignore=DL3006
FROM ${TRITON}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="atelier-triton" \
      org.opencontainers.image.description="Triton with Atelier's models." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# hadolint ignore=DL3022
COPY --from=models . /var/lib/atelier/triton
USER 10001:10001
EXPOSE 8001 8002
HEALTHCHECK --interval=10s --timeout=5s --start-period=900s \
  CMD ["curl", "--fail", "--silent", "http://127.0.0.1:8000/v2/health/ready"]
# Everything but inference and health is for nobody: the key is drawn at the start and told to no one.
CMD ["sh", "-c", "key=$(head -c 32 /dev/urandom | sha256sum | cut -c 1-64) && exec tritonserver \
--model-repository=/var/lib/atelier/triton --model-control-mode=none --disable-auto-complete-config \
--rate-limit=execution_count --exit-timeout-secs=30 --http-address=127.0.0.1 --http-port=8000 --grpc-port=8001 --metrics-port=8002 \
--http-restricted-api=metadata,model-config,model-repository,statistics,trace,logging,inference,shared-memory:key=$key \
--grpc-restricted-protocol=metadata,model-config,model-repository,statistics,trace,logging:key=$key"]

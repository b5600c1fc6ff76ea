# The image: Node with what it links to, CA certificates, and the program as one file. There is no shell.
#
# NODE_IMAGE is any image of the target platforms with Node 26 in its PATH. docs/image.md says how it is built, also where
# no image can be pulled.
ARG NODE_IMAGE=docker.io/library/node:26.10.0-bookworm-slim
# Of the builder's own platform; only where NODE_IMAGE has no such platform.
ARG BUILDER_IMAGE=${NODE_IMAGE}

# The file is the same for all platforms: it is made on the builder's own.
FROM --platform=$BUILDPLATFORM ${BUILDER_IMAGE} AS bundle
WORKDIR /work
COPY package.json package-lock.json .npmrc tsconfig.json ./
COPY src ./src
COPY tools ./tools
RUN ["node", "tools/launch.mjs", "tools/build/bundle.ts", "/regcred"]
COPY LICENSE /regcred/

# The platform is the default, which buildah 1.28 forgets after the stage above.
FROM --platform=$TARGETPLATFORM ${NODE_IMAGE} AS runtime
COPY tools/build/runtime-files.ts /work/
RUN ["node", "/work/runtime-files.ts", "/runtime"]

# V8 compiles the program here, once: it starts with less time and memory. Node keeps what was compiled by its own version,
# architecture and user, and with the same growth of the heap; another user (OpenShift's) only starts as if it were not there.
FROM --platform=$TARGETPLATFORM ${NODE_IMAGE} AS compiled
COPY --from=bundle --chown=65532:65532 /regcred /regcred
COPY --from=bundle /work/tools/build/load-parts.mjs /work/
USER 65532:65532
ENV NODE_COMPILE_CACHE=/regcred/compiled
RUN ["node", "--heap-growing-percent=20", "--import", "/work/load-parts.mjs", "/regcred/regcred.mjs", "run", "--help"]

FROM scratch
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="regcred" \
      org.opencontainers.image.description="Keeps working registry credentials in every tenant namespace of a Kubernetes cluster" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=runtime /runtime /
# Nobody may change it, and everybody read it.
COPY --from=compiled --chown=0:0 --chmod=0755 /regcred /regcred
ENV NODE_COMPILE_CACHE=/regcred/compiled
# Half of these threads look up names (libuv, uv_getaddrinfo): by default two, which two silent name servers would hold.
ENV UV_THREADPOOL_SIZE=32
# One pool of memory for all of them, instead of one for each, and what is freed goes back to the system at once (glibc, mallopt):
# docs/performance.md says what it saves (Memory).
ENV MALLOC_ARENA_MAX=1
ENV MALLOC_MMAP_THRESHOLD_=16384
ENV MALLOC_TRIM_THRESHOLD_=0
ENV MALLOC_TOP_PAD_=0
# A number, so that a kubelet can tell that it is not root (runAsNonRoot).
USER 65532:65532
# A small young generation, and an old one that grows by a fifth before it is collected: docs/performance.md says what they save and cost (Memory).
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=4", "--heap-growing-percent=20", "/regcred/regcred.mjs"]
CMD ["run"]

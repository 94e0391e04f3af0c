# One image, every process of Backstream: backstream scheduler | worker | board | run | restore …
# With the clients of databases, and of places where sources lie; without them by --target slim.
# Nothing in it is compiled for one processor, so one command makes it for several:
#   docker buildx build --platform linux/amd64,linux/arm64 --tag REGISTRY/backstream --push .

# The package, which needs nothing but Node (tools/stage-package.ts). No script of another package is run for it.
FROM node:24-trixie-slim AS package
WORKDIR /src
COPY . .
RUN npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && node tools/pack.ts --stage /package

FROM node:24-trixie-slim AS slim
# malloc keeps an arena for each of Node's threads; two are as fast, and ten MiB less.
ENV NODE_ENV=production MALLOC_ARENA_MAX=2
COPY --from=package /package /opt/backstream
RUN ln -s /opt/backstream/node_modules/backstream/bin/backstream.js /usr/local/bin/backstream \
  && install -d -o node /opt/backstream/node_modules/.cache/backstream
USER node
# Compiled code, per user: a root that is read-only keeps none, and each health check is a start.
RUN backstream --help >/dev/null
EXPOSE 7373
ENTRYPOINT ["backstream"]
CMD ["--help"]

FROM registry.k8s.io/kubectl:v1.34.1 AS kubectl

# In no package of Debian. Its programs ask for a C library no newer than the one here.
FROM mongo:8 AS mongodb

FROM slim
USER root
# pg_dump refuses a server that is newer than itself, so PostgreSQL's is of its makers' own repository: a
# script of Debian's adds it, with the key it comes with.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates postgresql-common \
  && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
  && apt-get install -y --no-install-recommends postgresql-client-18 \
    mariadb-client redis-tools sqlite3 openssh-client libgssapi-krb5-2 \
  && rm -rf /var/lib/apt/lists/*
COPY --from=kubectl /bin/kubectl /usr/local/bin/
COPY --from=mongodb /usr/bin/mongodump /usr/bin/mongorestore /usr/local/bin/
# An image in which one of them does not start is not built.
RUN pg_dump --version && pg_basebackup --version && psql --version && mariadb-dump --version \
  && redis-cli --version && sqlite3 --version && ssh -V && kubectl version --client \
  && mongodump --version && mongorestore --version
USER node

# One image, every process of Backstream: backstream scheduler | worker | board | run | restore …
# The sources run as they are; the workspace's symlinks are kept, because Node does not run
# TypeScript that really lies under node_modules (https://github.com/nodejs/node/issues/61793).
# Nothing in it is compiled for one processor, so one command makes it for several:
#   docker buildx build --platform linux/amd64,linux/arm64 --tag REGISTRY/backstream --push .

FROM node:24-slim AS install
WORKDIR /app
COPY . .
RUN npm ci --omit=dev --workspace @backstream/cli --no-audit --no-fund --loglevel=error && npm cache clean --force

FROM node:24-slim
# malloc keeps an arena for each of Node's threads; two are as fast, and ten MiB less.
ENV NODE_ENV=production MALLOC_ARENA_MAX=2
COPY --from=install /app /app
RUN ln -s /app/apps/cli/bin/backstream.js /usr/local/bin/backstream \
  && install -d -o node /app/node_modules/.cache/backstream
WORKDIR /app
USER node
# Compiled code, per user: a root that is read-only keeps none, and each health check is a start.
RUN backstream --help >/dev/null && node --input-type=module -e "\
import { enableCompileCache } from 'node:module';\
enableCompileCache('node_modules/.cache/backstream');\
for (const app of ['scheduler', 'worker', 'board']) await import('@backstream/' + app)"
EXPOSE 7373
ENTRYPOINT ["backstream"]
CMD ["--help"]

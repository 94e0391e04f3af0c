# One image, every process of Backstream: backstream scheduler | worker | board | run | restore …
# The sources run as they are; the workspace's symlinks are kept, because Node does not run
# TypeScript that really lies under node_modules (https://github.com/nodejs/node/issues/61793).

FROM node:24-slim AS install
WORKDIR /app
COPY . .
RUN npm ci --omit=dev --workspace @backstream/cli --no-audit --no-fund --loglevel=error && npm cache clean --force

FROM node:24-slim
ENV NODE_ENV=production
COPY --from=install /app /app
RUN ln -s /app/apps/cli/bin/backstream.js /usr/local/bin/backstream
WORKDIR /app
USER node
EXPOSE 7373
ENTRYPOINT ["backstream"]
CMD ["--help"]

# The server as an image: `docker build -t latchkey .` in a checkout. docs/install.md says how to run it.
# Built with the packages of the lock file, on Debian 12, which has the git that is needed.

FROM node:24-bookworm-slim AS build
WORKDIR /checkout
# First what decides which packages are needed, so that a change of the sources doesn't install them anew.
COPY package.json package-lock.json .npmrc ./
COPY packages/client/package.json packages/client/
COPY packages/latchkey/package.json packages/latchkey/
RUN ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
COPY LICENSE ./
COPY docs/latchkey.1 docs/
COPY packages packages
RUN ["node", "packages/latchkey/tools/build-server.ts"]
RUN ["chmod", "+x", "packages/latchkey/dist/server/lib/server/main.js"]
# Beside the bundle: the one package that it needs, for this kind of machine.
RUN ["cp", "-r", "node_modules/@node-rs", "packages/latchkey/dist/@node-rs"]

FROM node:24-bookworm-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates git \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o 65532 -g 65532 -m 0700 /var/lib/latchkey
COPY --from=build /checkout/packages/latchkey/dist/server /usr/lib/latchkey
COPY --from=build /checkout/packages/latchkey/dist/@node-rs /usr/lib/latchkey/node_modules/@node-rs
RUN ["ln", "-s", "../lib/latchkey/lib/server/main.js", "/usr/bin/latchkey"]
# By number, so that Kubernetes can tell that it isn't root.
USER 65532:65532
ENV LATCHKEY_DATA=/var/lib/latchkey LATCHKEY_HOST=0.0.0.0
VOLUME /var/lib/latchkey
EXPOSE 7070
# Without a shell. A server below a path, or with a certificate of its own, needs another address here.
HEALTHCHECK --interval=5s --timeout=5s --start-period=5m \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7070/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/usr/lib/latchkey/lib/server/main.js"]
CMD ["serve"]

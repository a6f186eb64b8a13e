# islet in a container: docker run -p 9322:9322 -v islet:/data -e ISLET_ROOT_ACCESS_KEY_ID=… -e ISLET_ROOT_SECRET_ACCESS_KEY=… islet
FROM node:22-bookworm-slim AS build
WORKDIR /islet
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:22-bookworm-slim
ENV NODE_ENV=production ISLET_HOST=0.0.0.0 ISLET_PORT=9322 ISLET_DATA=/data
WORKDIR /islet
COPY --from=build /islet/node_modules node_modules
COPY --from=build /islet/package.json package.json
COPY --from=build /islet/dist dist
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 9322
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["node", "dist/islet.js", "status", "--data", "/data"]
# The root file system may be read-only: everything that changes is below /data.
ENTRYPOINT ["node", "dist/islet.js"]
CMD ["start"]

# Node runs the TypeScript as it is: nothing is built. The `node` package is a devDependency and stays out; so does the
# embedded PostgreSQL (an optional one): a container is given DATABASE_URL.
FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force
COPY bin bin
COPY mappings mappings
COPY policy policy
COPY profiles profiles
COPY src src
USER node
EXPOSE 8080 2575
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8080}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--import", "./bin/check-node.js", "src/main.ts"]

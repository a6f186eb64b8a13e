/**
 * What islet is measured against: Fastify over HTTPS on the same Node.js, answering fixed bytes and nothing else.
 * The certificate's files come by BARE_CERT and BARE_KEY, the bytes by the file BARE_BODY.
 */
import { readFileSync } from "node:fs";
import Fastify from "fastify";

const { BARE_CERT = "", BARE_KEY = "", BARE_BODY } = process.env;
const body = BARE_BODY === undefined ? "ok" : readFileSync(BARE_BODY, "utf8");
const app = Fastify({ https: { cert: readFileSync(BARE_CERT), key: readFileSync(BARE_KEY) } });
app.removeAllContentTypeParsers();
app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, text, done) => done(null, text));
app.all("/*", async (_request, reply) => reply.type("text/xml;charset=UTF-8").send(body));
await app.listen({ port: 0, host: "127.0.0.1" });
const address = app.server.address();
process.stdout.write(`${JSON.stringify({ port: typeof address === "object" ? address?.port : 0 })}\n`);

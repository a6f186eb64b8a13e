import aws4 from "aws4";
import { request } from "node:https";

/** Calls of a server's operator routes, `operate("GET", "hosts", { Region })`, signed with its root key. */
export const operator =
  ({ endpoint, credentials, region }, agent) =>
  (method, route, fields = {}) => {
    const { host, hostname, port } = new URL(endpoint);
    const isGet = method === "GET";
    const path = `/_islet/${route}${isGet ? `?${new URLSearchParams(fields)}` : ""}`;
    const body = isGet ? "" : JSON.stringify(fields);
    const headers = isGet ? {} : { "Content-Type": "application/json" };
    const signed = aws4.sign({ host, method, path, region, service: "islet", headers, body }, credentials);
    return new Promise((resolve, reject) => {
      const options = { host: hostname, port, method, path, headers: signed.headers, agent };
      request(options, (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (part) => (text += part));
        answer.on("error", reject);
        answer.on("end", () => {
          const json = JSON.parse(text);
          if (answer.statusCode < 300) resolve(json);
          else reject(new Error(`${method} ${route}: ${json.message}`));
        });
      })
        .on("error", reject)
        .end(body);
    });
  };

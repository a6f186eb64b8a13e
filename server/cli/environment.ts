/** The environment in which AWS tools speak to islet, with no flag and no setting beyond it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { truststoreFile, truststorePassword } from "../http/certificates.ts";
import type { Running } from "./running.ts";

export interface Environment {
  set: Readonly<Record<string, string>>;
  /** What would lead tools elsewhere, or make them send another's session token. */
  unset: readonly string[];
}

const strays = [
  "AWS_SESSION_TOKEN",
  // The JavaScript SDK takes a profile before keys in the environment.
  "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE",
  "AWS_ENDPOINT_URL_EC2",
  "AWS_ENDPOINT_URL_STS",
  "AWS_ENDPOINT_URL_IAM",
  "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
  // SDKs refuse both together with an endpoint of one's own.
  "AWS_USE_FIPS_ENDPOINT",
  "AWS_USE_DUALSTACK_ENDPOINT",
];

const proxies = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/** Where a proxy is set, it is told to leave the server alone. */
function withoutProxy(endpoint: string, current: NodeJS.ProcessEnv): Record<string, string> {
  if (!proxies.some((name) => current[name])) return {};
  const host = new URL(endpoint).hostname.replace(/^\[(.*)\]$/, "$1");
  const names = (current["NO_PROXY"] ?? current["no_proxy"] ?? "").split(",").filter((name) => name !== "");
  const all = [...new Set([...names, host])].join(",");
  return { NO_PROXY: all, no_proxy: all };
}

/** Waits for the trust store, ten seconds at most: a server's first start makes it when it listens already. */
export async function truststoreWritten({ folder }: Running): Promise<void> {
  for (let tries = 0; tries < 500 && !existsSync(join(folder, truststoreFile)); tries++) await setTimeout(20);
}

/**
 * @param current The environment to change.
 * @param java Whether to add the trust store to every Java program's options: each then says so on its stderr, and
 *   trusts nobody else.
 */
export function clientEnvironment(
  { endpoint, region, folder, accessKeyId, secretAccessKey }: Running,
  current: NodeJS.ProcessEnv,
  java = false,
): Environment {
  const ca = join(folder, "ca.pem");
  // Not SSL_CERT_FILE: Go and OpenSSL would then trust nobody else, and `terraform init` needs its registry.
  const set: Record<string, string> = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_CA_BUNDLE: ca,
    NODE_EXTRA_CA_CERTS: ca,
    AWS_EC2_METADATA_DISABLED: "true",
    ...withoutProxy(endpoint, current),
  };
  if (java) {
    set["JAVA_TOOL_OPTIONS"] = [
      current["JAVA_TOOL_OPTIONS"] ?? "",
      `"-Djavax.net.ssl.trustStore=${join(folder, truststoreFile)}"`,
      `-Djavax.net.ssl.trustStorePassword=${truststorePassword}`,
    ]
      .join(" ")
      .trim();
  }
  return { set, unset: strays };
}

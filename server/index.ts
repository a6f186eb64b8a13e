import { openFront, httpsServer } from "./http/front.ts";
import {
  keepCertificates,
  ownCertificates,
  passingCertificates,
  publishAuthorities,
  type Certificates,
  type FirstCertificates,
} from "./http/certificates.ts";
import { defaultHome, folderOfPort, openFolder } from "./http/folder.ts";
import { secureContext } from "./http/tls.ts";
import type { Answer } from "./http/dispatch.ts";
import { endpointOf, namesOf, resolveOptions, rootCredentials } from "./options.ts";
import type { Options } from "./options.ts";
import { openService } from "./service.ts";
import { version } from "./version.ts";

export { Refusal } from "./refusal.ts";
export type { Options } from "./options.ts";
export type { Answer } from "./http/dispatch.ts";

export interface Islet {
  /** `https://127.0.0.1:9322` */
  endpoint: string;
  port: number;
  /** What clients must trust: PEM. */
  ca: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  region: string;
  /** Absolute; none where nothing is left on the disk. */
  folder?: string;
  /** Makes a fresh, empty account, so that parallel tests never meet. */
  createAccount(): { AccountId: string; AccessKeyId: string; SecretAccessKey: string };
  /** Empties everything, or what one account has, or one region. */
  reset(what?: { account?: string; region?: string }): void;
  /** Lets requests in flight end, then frees the port and the folder. */
  close(): Promise<void>;
}

/** What a caller of the library wants to be told. */
export interface Watch {
  /** Called after each answer to a call of the API. */
  readonly onAnswer?: (answer: Answer) => void;
}

const region = "us-east-1";
/** In milliseconds. */
const renewal = 86_400_000;
/** How long the first calls have the machine for themselves, in milliseconds, before an RSA key is looked for. */
const patience = 200;

/**
 * Starts a server and answers when it is ready.
 *
 * @throws Refusal with what to do about it.
 */
export async function startIslet(given: Partial<Options> = {}, watch: Watch = {}): Promise<Islet> {
  const options = resolveOptions(given);
  const startedAt = new Date();
  const undo: (() => unknown)[] = [];
  try {
    return await compose(options, watch, startedAt, undo);
  } catch (error) {
    for (const step of undo.toReversed()) await step();
    throw error;
  }
}

async function compose(
  options: Options,
  watch: Watch,
  startedAt: Date,
  undo: (() => unknown)[],
): Promise<Islet> {
  const { data, home, memory } = options;
  const open = (path: string) => {
    const folder = openFolder(path);
    undo.push(() => folder.close());
    return folder;
  };
  // A folder whose name is known is taken before the port, so that a second server hears of the first one.
  const base = memory ? home : (home ?? defaultHome());
  const known =
    data ?? (base !== undefined && options.port !== 0 ? folderOfPort(base, options.port) : undefined);
  const early = known === undefined ? undefined : open(known);
  const front = await openFront(options);
  undo.push(() => front.close());
  const { port } = front;
  const folder = early ?? (base === undefined ? undefined : open(folderOfPort(base, port)));

  const certify = async (): Promise<FirstCertificates> => {
    const now = new Date();
    if (options.cert !== undefined && options.key !== undefined) {
      const own = ownCertificates(options.cert, options.key, now);
      if (folder) await publishAuthorities(folder.path, own.authorities);
      return own;
    }
    return folder
      ? keepCertificates(folder.path, namesOf(options), now)
      : passingCertificates(namesOf(options), now);
  };
  const certificates = await certify();
  const service = openService(options, watch, memory ? undefined : folder?.database, (handler) =>
    httpsServer(secureContext(certificates, options.tlsMin), handler),
  );
  undo.push(() => service.close());
  const https = service.app.server;
  await service.app.ready();
  const endpoint = endpointOf(options, port);
  const credentials = rootCredentials(options);
  const use = (renewed: Certificates) => https.setSecureContext(secureContext(renewed, options.tlsMin));
  // What nobody keeps is not renewed: clients trust the authority that was made at the start.
  const renew = async (): Promise<void> => {
    const first = await certify();
    use(first.complete ? await first.complete() : first);
  };
  const onError = (error: unknown): void => service.app.log.error(error);
  const timer = folder && setInterval(() => void renew().catch(onError), renewal).unref();
  undo.push(() => clearInterval(timer));
  front.serve(https, endpoint);
  folder?.announce(
    { pid: process.pid, port, endpoint, region, version, startedAt: startedAt.toISOString() },
    { endpoint, region, ...credentials },
  );
  let completed: Promise<void> | undefined;
  const completion = setTimeout(() => {
    completed = certificates.complete?.().then(use).catch(onError);
  }, patience);
  return {
    endpoint,
    port,
    ca: certificates.authorities.join(""),
    credentials,
    region,
    ...(folder ? { folder: folder.path } : {}),
    createAccount: () => service.cloud.createAccount(),
    reset: (what) => service.cloud.reset(what),
    async close() {
      clearInterval(timer);
      clearTimeout(completion);
      await front.close();
      await service.close();
      if (folder) await completed;
      folder?.close();
    },
  };
}

import type { RequestListener } from "node:http";
import type { Server } from "node:https";
import type { FastifyInstance } from "fastify";
import { createKeyring } from "./auth/keys.ts";
import { Cloud } from "./cloud.ts";
import { regions } from "./ec2/catalogue/regions.ts";
import { putOwnImages } from "./ec2/image.ts";
import { ebsHandlers } from "./ebs/registry.ts";
import { ec2Handlers, settleIn } from "./ec2/registry.ts";
import { buildApp } from "./http/app.ts";
import type { Answer } from "./http/dispatch.ts";
import { hostRoutes } from "./http/hostRoutes.ts";
import { imageRoutes } from "./http/imageRoutes.ts";
import { networkRoutes } from "./http/networkRoutes.ts";
import { Chance } from "./kit/chance.ts";
import { Clock } from "./kit/clock.ts";
import { configuredImages } from "./imagesFile.ts";
import { configuredQuotas } from "./quotaFile.ts";
import { isLoopback, rootCredentials, type Options } from "./options.ts";
import { Hosts } from "./planes/hosts.ts";
import { Network } from "./planes/network.ts";
import { Planes } from "./planes/planes.ts";
import { memoryBlocks, sqliteBlocks } from "./state/blocks.ts";
import { noJournal, openDatabase, sqliteJournal } from "./state/journal.ts";
import { sqliteSnapshots } from "./state/snapshots.ts";
import { stsHandlers } from "./sts/registry.ts";
import { version } from "./version.ts";

export interface Service {
  readonly app: FastifyInstance<Server>;
  readonly cloud: Cloud;
  close(): Promise<void>;
}

/**
 * Puts together what answers requests: state, time and chance, the simulated world, the services, HTTP.
 *
 * @param database path of the SQLite file; without it nothing outlives the process
 */
export function openService(
  options: Options,
  { onAnswer }: { readonly onAnswer?: (answer: Answer) => void },
  database: string | undefined,
  serverFactory: (handler: RequestListener) => Server,
): Service {
  const quotas = configuredQuotas(options.quotas);
  const images = configuredImages(options.images);
  const chance = new Chance(options.seed);
  const requestIds = chance.branch("request-ids");
  const clock = new Clock();
  const file = database === undefined ? undefined : openDatabase(database);
  const hosts = new Hosts(
    clock,
    chance.branch("hosts"),
    file ? sqliteBlocks(file) : memoryBlocks(),
    file && sqliteSnapshots(file),
  );
  const network = new Network();
  const knownRegions = new Set(regions.keys());
  const onFault = (error: unknown): void => app.log.error(error);
  const cloud = new Cloud({
    journal: file ? sqliteJournal(file) : noJournal,
    clock,
    chance,
    pace: options.pace,
    quotas,
    world: new Planes(hosts, network),
    furnish: (global) => putOwnImages(global, images),
    settleIn,
    onFault,
  });
  const wellKnown = options.rootAccessKeyId === undefined && isLoopback(options.host);
  const app = buildApp({
    cloud,
    keyring: createKeyring(() => cloud.global, rootCredentials(options), wellKnown),
    regions: knownRegions,
    backends: {
      ec2: { handlers: ec2Handlers, global: false },
      sts: { handlers: stsHandlers, global: true },
      iam: { handlers: new Map(), global: true },
      ebs: { handlers: ebsHandlers, global: false },
    },
    onFault,
    logLevel: options.logLevel,
    serverFactory,
    version,
    newRequestId: () => requestIds.uuid(),
    operatorRoutes: {
      ...hostRoutes(hosts, knownRegions),
      ...imageRoutes(() => cloud),
      ...networkRoutes(network, () => cloud, knownRegions),
    },
    onAnswer,
  });
  cloud.resume();
  return {
    app,
    cloud,
    async close() {
      await app.close();
      cloud.close();
    },
  };
}

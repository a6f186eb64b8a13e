import type { RequestListener } from "node:http";
import { dirname, join } from "node:path";
import type { Server } from "node:https";
import type { FastifyInstance } from "fastify";
import { createKeyring } from "./auth/keys.ts";
import { Cloud } from "./cloud.ts";
import { regions } from "./ec2/catalogue/regions.ts";
import { putOwnImages } from "./ec2/image.ts";
import { ebsHandlers } from "./ebs/registry.ts";
import { instances } from "./ec2/instance.ts";
import { loseHost } from "./ec2/instanceRecovery.ts";
import { ec2Handlers, settleIn } from "./ec2/registry.ts";
import { buildApp } from "./http/app.ts";
import { iamHandlers } from "./iam/registry.ts";
import type { Answer } from "./http/dispatch.ts";
import { auditRoutes } from "./http/auditRoutes.ts";
import { eventRoutes } from "./http/eventRoutes.ts";
import { credentialRoutes } from "./http/credentialRoutes.ts";
import { faultRoutes } from "./http/faultRoutes.ts";
import { glassRoutes } from "./http/glassRoutes.ts";
import { hostRoutes } from "./http/hostRoutes.ts";
import { imageRoutes } from "./http/imageRoutes.ts";
import { instanceRoutes } from "./http/instanceRoutes.ts";
import { loadBalancerRoutes } from "./http/loadBalancerRoutes.ts";
import { mirrorRoutes } from "./http/mirrorRoutes.ts";
import { objectRoutes } from "./http/objectRoutes.ts";
import { retentionRoutes } from "./http/retentionRoutes.ts";
import { nameRoutes } from "./http/nameRoutes.ts";
import { networkRoutes } from "./http/networkRoutes.ts";
import { openIdRoutes } from "./http/openIdRoutes.ts";
import { clientVpnRoutes } from "./http/clientVpnRoutes.ts";
import { siteRoutes } from "./http/siteRoutes.ts";
import { Chance } from "./kit/chance.ts";
import { Clock } from "./kit/clock.ts";
import { configuredHosts } from "./hostsFile.ts";
import { configuredImages } from "./imagesFile.ts";
import { configuredQuotas } from "./quotaFile.ts";
import { logsHandlers } from "./logs/registry.ts";
import { isLoopback, rootCredentials, type Options } from "./options.ts";
import { AuditTrails } from "./planes/auditTrails.ts";
import { Hosts } from "./planes/hosts.ts";
import { Network } from "./planes/network.ts";
import { Planes } from "./planes/planes.ts";
import { scrubInBackground } from "./planes/scrubbing.ts";
import { ramHandlers } from "./ram/registry.ts";
import { sqliteAuditHeads } from "./state/auditHeads.ts";
import { memoryBlocks, sqliteBlocks } from "./state/blocks.ts";
import { noJournal, openDatabase, sqliteJournal } from "./state/journal.ts";
import { folderObjects, memoryObjects } from "./state/objects.ts";
import { sqliteSnapshots } from "./state/snapshots.ts";
import { stsHandlers } from "./sts/registry.ts";
import { eventOf } from "./trail/event.ts";
import { EventFiles } from "./trail/eventFiles.ts";
import { EventLog } from "./trail/log.ts";
import { trailHandlersOn } from "./trail/registry.ts";
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
    {
      scrub: options.scrub,
      memory: { verifyOnAllocate: options.verifyOnAllocate, poisonOnFree: options.poisonOnFree },
      trails:
        database === undefined
          ? undefined
          : new AuditTrails(dirname(database), file && sqliteAuditHeads(file)),
      plan: configuredHosts(options.hosts),
    },
  );
  const network = new Network();
  const objects = database === undefined ? memoryObjects() : folderObjects(join(dirname(database), "s3"));
  const knownRegions = new Set(regions.keys());
  const onFault = (error: unknown): void => app.log.error(error);
  const events = new EventLog({
    keep: options.events,
    files: database === undefined ? undefined : new EventFiles(dirname(database), options.events),
    describe: (call) => eventOf(call, cloud.global),
    onFault,
  });
  const cloud = new Cloud({
    journal: file ? sqliteJournal(file) : noJournal,
    clock,
    chance,
    pace: options.pace,
    quotas,
    world: new Planes(hosts, network, objects),
    furnish: (global) => putOwnImages(global, images),
    settleIn,
    loseHost: (ctx, id) => loseHost(ctx, instances.get(ctx, id)),
    onFault,
    onReset: (what) => events.forget(what),
  });
  const wellKnown = options.rootAccessKeyId === undefined && isLoopback(options.host);
  const app = buildApp({
    cloud,
    keyring: createKeyring(() => cloud.global, rootCredentials(options), wellKnown),
    regions: knownRegions,
    backends: {
      ec2: { handlers: ec2Handlers, global: false },
      sts: { handlers: stsHandlers, global: true },
      iam: { handlers: iamHandlers, global: true },
      ebs: { handlers: ebsHandlers, global: false },
      logs: { handlers: logsHandlers, global: false },
      cloudtrail: { handlers: trailHandlersOn(events), global: false },
      ram: { handlers: ramHandlers, global: false },
    },
    onFault,
    logLevel: options.logLevel,
    serverFactory,
    version,
    newRequestId: () => requestIds.uuid(),
    operatorRoutes: {
      ...auditRoutes(hosts, knownRegions),
      ...eventRoutes(events, knownRegions),
      ...faultRoutes(hosts, () => cloud, knownRegions),
      ...glassRoutes(hosts, knownRegions, options.glass),
      ...hostRoutes(hosts, knownRegions),
      ...imageRoutes(() => cloud),
      ...mirrorRoutes(network),
      ...objectRoutes(objects),
      ...retentionRoutes(() => cloud, knownRegions),
      ...instanceRoutes(hosts, () => cloud, knownRegions),
      ...credentialRoutes(() => cloud, knownRegions),
      ...openIdRoutes(() => cloud),
      ...loadBalancerRoutes(() => cloud, knownRegions),
      ...nameRoutes(network, () => cloud, knownRegions),
      ...networkRoutes(network, () => cloud, knownRegions),
      ...siteRoutes(() => cloud, knownRegions),
      ...clientVpnRoutes(() => cloud, knownRegions),
    },
    events,
    onAnswer,
    glass: options.glass,
  });
  cloud.resume();
  const endScrubbing = options.scrub === "eager" ? undefined : scrubInBackground(hosts, onFault);
  return {
    app,
    cloud,
    async close() {
      await app.close();
      endScrubbing?.();
      events.close();
      cloud.close();
      hosts.close();
    },
  };
}

import type { Audit, AuditRecord } from "./audit.ts";
import type { Host } from "./host.ts";
import type { Images } from "./images.ts";
import { PAGE } from "./slabs.ts";

/** What hibernation needs of the hosts. */
interface Ground {
  /** Where images are kept; without, nobody can hibernate. */
  readonly images: Images | undefined;
  /** Faults for an instance that is on no host. */
  readonly hostOf: (instance: string) => Host;
  /** Takes everything back from an instance. */
  readonly release: (instance: string) => AuditRecord | undefined;
  readonly audit: Audit;
}

/** The memory of instances while they are on no host, each kept as a sealed image under a name. */
export class Hibernation {
  readonly #ground: Ground;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /**
   * Keeps the memory of an instance, then takes everything back from it. Only the instance itself can be resumed from the
   * image (T7).
   */
  begin(instance: string, image: string): AuditRecord | undefined {
    const { audit, hostOf, release } = this.#ground;
    const host = hostOf(instance);
    const { account } = host.tenant(instance) ?? {};
    const bytesDirty = this.#imagesFor(instance).save(image, instance, host.memory.written(instance));
    audit.append({ event: "image-saved", host: host.id, instance, account, reason: image, bytesDirty });
    return release(instance);
  }

  /**
   * Fills the memory of an instance that was just placed from its image, which is then erased.
   *
   * @throws {HypervisorFault} bad-image: there is none, or it is not this instance's; its memory is zero, then
   */
  resume(instance: string, image: string): void {
    const { audit, hostOf } = this.#ground;
    const { memory, id } = hostOf(instance);
    const images = this.#imagesFor(instance);
    try {
      for (const { page, bytes } of images.load(image, instance)) memory.write(instance, page * PAGE, bytes);
    } catch (error) {
      memory.reboot(instance);
      throw error;
    }
    audit.append({ event: "image-loaded", host: id, instance, reason: image });
    this.discard(image);
  }

  /** Sets an image to zero and forgets it: with the volume it is on, or because its instance was terminated. */
  discard(image: string): void {
    const { audit, images } = this.#ground;
    const bytesZeroed = images?.erase(image) ?? 0;
    if (bytesZeroed === 0) return;
    audit.append({ event: "image-erased", reason: image, bytesZeroed, verified: true });
  }

  #imagesFor(instance: string): Images {
    const { audit, images } = this.#ground;
    if (images) return images;
    throw audit.fault("bad-request", "hosts that cannot keep images", { instance });
  }
}

import {
  CancelConversionTaskCommand,
  DeleteVolumeCommand,
  DescribeConversionTasksCommand,
  DescribeVolumesCommand,
  EC2Client,
  ImportVolumeCommand,
  type ConversionTask,
  type ImportVolumeCommandInput,
} from "@aws-sdk/client-ec2";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Islet } from "../../server/index.ts";
import { advanceClock } from "../clock.ts";
import { configOf, freshClient, ownIslet, refused, sharedIslet } from "../islet.ts";
import { operate } from "../operator.ts";
import { BLOCK, readVolume } from "./blocks.ts";
import { diskOf, dynamicVhd, fixedVhd, vmdk } from "./diskFormats/images.ts";
import { putObject } from "./putObject.ts";

const islet = await sharedIslet();
const ec2 = await freshClient();

const disk = Buffer.alloc(2 * BLOCK + 700);
disk.write("boot", 0);
disk.write("deep", BLOCK + 100);
disk.write("end.", disk.length - 4);
/** Where the second of two parts begins: not at a block's border. */
const CUT = BLOCK + 50;

const put = (Key: string, bytes: Uint8Array | string, server: Islet = islet) =>
  putObject(server, "uploads", Key, bytes);

const part = (index: number, start: number, end: number, key: string): string =>
  `<part index="${index}"><byte-range end="${end}" start="${start}"/><key>${key}</key></part>`;

const manifest = (size: number, ...parts: string[]): string =>
  `<?xml version="1.0"?><manifest><version>2010-11-15</version><file-format>RAW</file-format>
  <import>
    <size>${size}</size><volume-size>1</volume-size>
    <parts count="${parts.length}">${parts.join("\n")}</parts>
  </import></manifest>`;

/** A manifest of both parts; and, unless asked otherwise, they themselves. */
async function upload(name: string, { parts = true, server = islet } = {}): Promise<string> {
  const both = [part(0, 0, CUT - 1, `${name}/a &amp; b`), part(1, CUT, disk.length - 1, `${name}/part1`)];
  await put(`${name}/manifest.xml`, manifest(disk.length, ...both), server);
  if (parts) {
    await put(`${name}/a & b`, disk.subarray(0, CUT), server);
    await put(`${name}/part1`, disk.subarray(CUT), server);
  }
  return `https://uploads.s3.amazonaws.com/${name}/manifest.xml?X-Amz-Expires=60`;
}

/** An image in parts that end anywhere. */
async function uploadInParts(name: string, bytes: Buffer): Promise<string> {
  const length = Math.ceil(bytes.length / 7);
  const parts: string[] = [];
  for (let start = 0; start < bytes.length; start += length) {
    const end = Math.min(start + length, bytes.length);
    await put(`${name}/${start}`, bytes.subarray(start, end));
    parts.push(part(parts.length, start, end - 1, `${name}/${start}`));
  }
  await put(`${name}/manifest.xml`, manifest(bytes.length, ...parts));
  return `s3://uploads/${name}/manifest.xml`;
}

const image = (ImportManifestUrl: string, Format: "RAW" | "VMDK" | "VHD" = "RAW") => ({
  Format,
  Bytes: disk.length,
  ImportManifestUrl,
});

const start = async (
  ImportManifestUrl: string,
  asked: Partial<ImportVolumeCommandInput> = {},
  client = ec2,
): Promise<ConversionTask> => {
  const command = new ImportVolumeCommand({
    AvailabilityZone: "us-east-1a",
    Image: image(ImportManifestUrl),
    Volume: { Size: 1 },
    ...asked,
  });
  return (await client.send(command)).ConversionTask ?? {};
};

const tasks = async (client = ec2, ...ConversionTaskIds: string[]): Promise<ConversionTask[]> =>
  (await client.send(new DescribeConversionTasksCommand({ ConversionTaskIds }))).ConversionTasks ?? [];

const task = async (id: string | undefined, client = ec2): Promise<ConversionTask> =>
  (await tasks(client, id ?? ""))[0] ?? {};

const cancel = (ConversionTaskId: string | undefined, client = ec2, ReasonMessage?: string) =>
  client.send(new CancelConversionTaskCommand({ ConversionTaskId, ReasonMessage }));

const volumes = async (client: EC2Client) =>
  (await client.send(new DescribeVolumesCommand({}))).Volumes ?? [];

const MISSING = "import-vol-0123456789abcdef0";

describe("what it refuses to parse", () => {
  test("ids that are none, and members that are missing", async () => {
    await refused(tasks(ec2, "import-i-1"), "InvalidConversionTaskId.Malformed");
    await refused(cancel("import-i-1"), "InvalidConversionTaskId.Malformed");
    const url = await upload("missing");
    await refused(start(url, { AvailabilityZone: undefined }), "MissingParameter");
    await refused(start(url, { Volume: undefined }), "MissingParameter");
    await refused(start(url, { Volume: { Size: undefined } }), "MissingParameter");
    await refused(start(url, { Image: { ...image(url), Format: undefined } }), "MissingParameter");
  });

  test("a manifest that is none", async () => {
    await refused(start("https://uploads.s3.amazonaws.com/none.xml"), "InvalidManifest", /cannot be read/);
    await refused(start("manifest.xml"), "InvalidManifest", /cannot be read/);
    for (const [text, reason] of [
      ["", /no size/],
      [manifest(0), /no size/],
      [manifest(10), /whole/],
      [manifest(10, part(0, 0, 8, "a")), /whole/],
      [manifest(10, part(0, 1, 9, "a")), /missing/],
      [manifest(10, part(0, 0, 4, "a"), part(1, 6, 9, "b")), /missing/],
      [manifest(10, part(0, 4, 3, "a")), /missing/],
      [manifest(10, part(0, 0, 9, "")), /missing/],
      [manifest(10, "<part index='0'></part>"), /missing/],
    ] as const) {
      await put("wrong.xml", text === "" ? " " : text);
      await refused(start("s3://uploads/wrong.xml"), "InvalidManifest", reason);
    }
  });
});

describe("what it refuses to do", () => {
  test("anything with a task that is not there, or is somebody else's, or is over", async () => {
    const other = await freshClient();
    const { ConversionTaskId: id } = await start(await upload("over"));
    await refused(task(id, other), "InvalidConversionTaskId");
    await refused(cancel(id, other), "InvalidConversionTaskId");
    await refused(task(MISSING), "InvalidConversionTaskId");
    await refused(cancel(id), "IncorrectState", /completed/);
  });

  test("import into too small a volume, or where there is no zone", async () => {
    await put("large.xml", manifest(1024 ** 3 + 1, part(0, 0, 1024 ** 3, "a")));
    await refused(start("s3://uploads/large.xml"), "InvalidParameterValue", /volume.size/);
    const url = await upload("zone");
    for (const Size of [0, 16_385]) {
      await refused(start(url, { Volume: { Size } }), "InvalidParameterValue", /volume.size/);
    }
    await refused(start(url, { AvailabilityZone: "us-east-1z" }), "InvalidZone.NotFound");
  });

  test("convert what is in another format, is broken, or does not fit; nothing of it is left", async () => {
    const client = await freshClient();
    const small = diskOf(4096, [
      [1, 7],
      [4000, 8],
    ]);
    let grains = 0;
    const packed = (grain: Buffer) => deflateSync(++grains === 2 ? grain.subarray(1) : grain);
    for (const [Format, bytes, reason] of [
      ["VMDK", small, "Disk validation failed [Unsupported VMDK File Format]"],
      ["VHD", small, "Disk validation failed [Unsupported VHD File Format]"],
      ["VMDK", vmdk(small, { packed }), "Uncompressed data has invalid length"],
      ["VHD", dynamicVhd(diskOf(2 * 1024 ** 2 + 1, [])), "Disk validation failed [Invalid disk size]"],
    ] as const) {
      const url = await uploadInParts("formats", bytes);
      const { ConversionTaskId } = await start(url, { Image: image(url, Format) }, client);
      expect(await task(ConversionTaskId, client)).toMatchObject({
        State: "cancelled",
        StatusMessage: `ClientError: ${reason}`,
      });
      expect(await volumes(client)).toEqual([]);
    }
  });
});

describe("what it does", () => {
  test("makes a volume of the parts of an image", async () => {
    const ImportManifestUrl = await upload("whole");
    const started = await start(ImportManifestUrl, {
      AvailabilityZone: undefined,
      AvailabilityZoneId: "use1-az2",
      Description: "a disk",
      Volume: { Size: 2 },
    });
    expect(started).toMatchObject({
      ConversionTaskId: expect.stringMatching(/^import-vol-0[0-9a-f]{16}$/) as string,
      ExpirationTime: expect.stringMatching(/Z$/) as string,
      State: "active",
      StatusMessage: "Pending",
      ImportVolume: {
        AvailabilityZoneId: "use1-az2",
        BytesConverted: 0,
        Description: "a disk",
        Image: { Format: "RAW", ImportManifestUrl, Size: disk.length },
        Volume: { Size: 2 },
      },
    });
    const done = await task(started.ConversionTaskId);
    expect(done).toMatchObject({ State: "completed", ImportVolume: { BytesConverted: disk.length } });
    const id = done.ImportVolume?.Volume?.Id ?? "";
    const { Volumes } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }));
    expect(Volumes).toMatchObject([
      { State: "available", Size: 2, AvailabilityZone: done.ImportVolume?.AvailabilityZone },
    ]);
    expect(await readVolume(islet, id, 0, 5)).toBe("boot\0");
    expect(await readVolume(islet, id, BLOCK + 100, 4)).toBe("deep");
    expect(await readVolume(islet, id, disk.length - 4, 6)).toBe("end.\0\0");
    await ec2.send(new DeleteVolumeCommand({ VolumeId: id }));
  });

  test.each([
    ["VHD", "a fixed one", fixedVhd],
    ["VHD", "a dynamic one", dynamicVhd],
    ["VMDK", "a stream-optimized one", vmdk],
  ] as const)("reads images of format %s: %s, whatever its parts", async (Format, _, make) => {
    const url = await uploadInParts(
      "converted",
      make(
        diskOf(5000, [
          [0, 97],
          [4999, 98],
        ]),
      ),
    );
    const { ConversionTaskId } = await start(url, { Image: image(url, Format) });
    const { State, ImportVolume } = await task(ConversionTaskId);
    expect(State).toBe("completed");
    const id = ImportVolume?.Volume?.Id ?? "";
    expect(await readVolume(islet, id, 511, 2)).toBe("a\0");
    expect(await readVolume(islet, id, 5000 * 512 - 1, 2)).toBe("b\0");
    await ec2.send(new DeleteVolumeCommand({ VolumeId: id }));
  });

  test("waits for the parts, and gives up after a week; can be canceled until it is complete", async () => {
    const slow = await ownIslet({ pace: "real" });
    try {
      const client = await freshClient({ islet: slow });
      await operate(slow, "POST clock", { Frozen: true });
      const url = await upload("late", { parts: false, server: slow });
      const { ConversionTaskId: late } = await start(url, {}, client);
      const { ConversionTaskId: unwanted } = await start(url, {}, client);
      await advanceClock(slow, 30);
      expect(await volumes(client)).toEqual([]);
      await cancel(unwanted, client, "no more");
      expect(await task(unwanted, client)).toMatchObject({ State: "cancelling", StatusMessage: "no more" });
      await upload("late", { server: slow });
      await advanceClock(slow, 60);
      const [volume] = await volumes(client);
      expect(volume).toMatchObject({ State: "creating" });
      await advanceClock(slow, 60);
      const remove = new DeleteVolumeCommand({ VolumeId: volume?.VolumeId });
      await refused(client.send(remove), "IncorrectState");
      await advanceClock(slow, 60);
      expect(await task(late, client)).toMatchObject({ State: "completed" });
      expect(await volumes(client)).toMatchObject([{ State: "available" }]);
      await client.send(remove);

      // In the midst of it: once by a call, once because a part has changed.
      for (const isChanged of [false, true]) {
        const { ConversionTaskId: half } = await start(url, {}, client);
        await advanceClock(slow, 30);
        expect(await volumes(client)).toHaveLength(1);
        if (isChanged) await put("late/part1", "short", slow);
        else await cancel(half, client);
        await advanceClock(slow, 120);
        await advanceClock(slow, 5);
        expect(await task(half, client)).toMatchObject({ State: "cancelled" });
        expect(await volumes(client)).toEqual([]);
      }

      const { ConversionTaskId: never } = await start(url, {}, client);
      for (let day = 0; day < 8; day++) await advanceClock(slow, 24 * 3600);
      expect(await tasks(client)).toMatchObject([
        {
          ConversionTaskId: never,
          State: "cancelled",
          StatusMessage: /* of its own */ expect.stringMatching(/in time/) as string,
        },
      ]);
      await advanceClock(slow, 7 * 24 * 3600);
      expect(await tasks(client)).toEqual([]);
    } finally {
      await slow.close();
    }
  });

  test("goes on after a restart of the server", async () => {
    const data = mkdtempSync(join(tmpdir(), "islet-"));
    const options = { memory: false, data, port: 0, pace: "real" } as const;
    let server = await ownIslet(options);
    try {
      const keys = server.createAccount();
      const credentials = { accessKeyId: keys.AccessKeyId, secretAccessKey: keys.SecretAccessKey };
      const open = () => new EC2Client(configOf(server, credentials));
      const { ConversionTaskId } = await start(await upload("kept", { server }), {}, open());
      await advanceClock(server, 40);
      await server.close();
      server = await ownIslet(options);
      await advanceClock(server, 200);
      const done = await task(ConversionTaskId, open());
      expect(done).toMatchObject({ State: "completed" });
      expect(await readVolume(server, done.ImportVolume?.Volume?.Id ?? "", BLOCK + 100, 4)).toBe("deep");
    } finally {
      await server.close();
      rmSync(data, { recursive: true });
    }
  });
});

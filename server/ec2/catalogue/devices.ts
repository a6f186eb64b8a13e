/** Kinds of device that are no CPU, by the name that instanceFamilies.ts has for them. */
type DeviceKind = "gpu" | "inference" | "neuron" | "fpga";

type Device = {
  readonly kind: DeviceKind;
  /** As EC2 prints them. */
  readonly manufacturer: string;
  readonly name: string;
  /** Memory of one device. */
  readonly memoryMiB: number;
  /** Neuron devices only: cores of one device and their version. */
  readonly cores?: { readonly count: number; readonly version: number };
};

const gpu = (manufacturer: string, name: string, memoryMiB: number): Device => ({
  kind: "gpu",
  manufacturer,
  name,
  memoryMiB,
});

const devices = new Map<string, Device>([
  ["A10G", gpu("NVIDIA", "A10G", 22_888)],
  ["A100", gpu("NVIDIA", "A100", 40_960)],
  ["A100-80G", gpu("NVIDIA", "A100", 81_920)],
  ["B200", gpu("NVIDIA", "B200", 183_359)],
  ["B300", gpu("NVIDIA", "B300", 275_040)],
  ["Gaudi", gpu("Habana", "Gaudi HL-205", 32_768)],
  ["H100", gpu("NVIDIA", "H100", 81_920)],
  ["H200", gpu("NVIDIA", "H200", 144_384)],
  ["L4", gpu("NVIDIA", "L4", 22_888)],
  ["L40S", gpu("NVIDIA", "L40S", 45_776)],
  ["Radeon-V520", gpu("AMD", "Radeon Pro V520", 8192)],
  ["RTX-PRO-6000", gpu("NVIDIA", "RTX PRO Server 6000", 98_304)],
  ["T4", gpu("NVIDIA", "T4", 16_384)],
  ["T4g", gpu("NVIDIA", "T4g", 16_384)],
  ["V100", gpu("NVIDIA", "V100", 32_768)],
  ["AI100", { kind: "inference", manufacturer: "Qualcomm", name: "Qualcomm AI100", memoryMiB: 16_000 }],
  ["Inferentia", { kind: "inference", manufacturer: "AWS", name: "Inferentia", memoryMiB: 8192 }],
  ["Inferentia2", { kind: "inference", manufacturer: "AWS", name: "Inferentia2", memoryMiB: 32_768 }],
  [
    "Trainium",
    {
      kind: "neuron",
      manufacturer: "AWS",
      name: "Trainium",
      memoryMiB: 32_768,
      cores: { count: 2, version: 2 },
    },
  ],
  [
    "Trainium2",
    {
      kind: "neuron",
      manufacturer: "AWS",
      name: "Trainium2",
      memoryMiB: 524_288,
      cores: { count: 8, version: 3 },
    },
  ],
  ["VU47P", { kind: "fpga", manufacturer: "Xilinx", name: "Virtex UltraScale+ (VU47P)", memoryMiB: 81_920 }],
]);

/** Devices of an instance type: `count` whole ones or, where a device is shared, one `fraction` of one. */
export type Devices = Device & { readonly count: number; readonly fraction: number };

/** Reads `8xT4` or `1/8xL4`; undefined for `-`. Memory is that of one device, or of the share. */
export function readDevices(text: string): Devices | undefined {
  const [, count = "", parts, name = ""] = /^(\d+)(?:\/(\d+))?x(.+)$/.exec(text) ?? [];
  const device = devices.get(name);
  if (device === undefined) return undefined;
  if (parts === undefined) return { ...device, count: Number(count), fraction: 1 };
  const fraction = Number(count) / Number(parts);
  return { ...device, count: 0, fraction, memoryMiB: Math.floor(device.memoryMiB * fraction) };
}

/**
 * The families that have hosts with a source of precise time.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configure-ec2-ntp.html#enhanced-amazon-time-sync-service
 */
const families: ReadonlySet<string> = new Set(
  [
    "m7a m7g m7gd m7i m7i-flex m8a m8g",
    "c7a c7gd c7i c7i-flex c8g c8gd",
    "r7a r7g r7i r7id r8g x8adez x8adzs x8aedez x8aedz x8aez x8az x8g x8ge",
    "i8g i8ge",
  ].flatMap((line) => line.split(" ")),
);

export const isPrecisionTimeFamily = (family: string): boolean => families.has(family);

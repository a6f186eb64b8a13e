/**
 * Names of devices, on Linux with hvm and on Windows, and of roots.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html
 */
const DEVICE_NAME = /^(?:\/dev\/)?(?:sd[a-z]|sda1|xvd[a-d]?[a-z])$/;

export const isDeviceName = (name: string): boolean => DEVICE_NAME.test(name);

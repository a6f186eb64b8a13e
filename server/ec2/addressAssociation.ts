import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import { checkUnmanaged, interfaceWith, readAddress } from "./address.ts";
import { instances } from "./instance.ts";
import { internetGateways } from "./internetGateway.ts";
import { networkInterfaces, type NetworkInterface } from "./networkInterface.ts";
import { getPermitted } from "./networkInterfacePermission.ts";
import { publicNamesOf } from "./networkInterfaceView.ts";
import {
  findAssociated,
  mapPublicAddress,
  publicAddressesOf,
  unmapPublicAddress,
  type PublicAddress,
} from "./publicAddress.ts";

/** An address can lead to an instance that runs or is stopped; one that comes or goes is told by its state. */
const isSettled = (state: Sdk.InstanceStateName): boolean =>
  state === "running" || state === "stopping" || state === "stopped";

/** The interface that a call names; its instance, if it has one, must not be coming or going. */
function namedInterface(ctx: Context, id: string): NetworkInterface {
  const eni = getPermitted(ctx, id, "EIP-ASSOCIATE");
  const state = eni.attachment && instances.table(ctx).get(eni.attachment.instanceId)?.state;
  if (state && !isSettled(state)) {
    throw new ApiError(
      "IncorrectInstanceState",
      `The ${state} instance to which '${eni.id}' is attached is not in a valid state for this operation`,
    );
  }
  return eni;
}

/** The only interface of the instance that a call names. */
function interfaceOf(ctx: Context, instanceId: string): NetworkInterface {
  const { id, state } = instances.get(ctx, instanceId);
  if (!isSettled(state)) {
    throw new ApiError(
      "InvalidInstanceID",
      `The ${state} instance '${id}' is not in a valid state for this operation.`,
    );
  }
  const [only, ...others] = networkInterfaces.by(ctx, "instance", id);
  if (!only || others.length > 0) {
    throw new ApiError(
      "InvalidInstanceID",
      `There are multiple interfaces attached to instance '${id}'. Please specify an interface ID for the operation instead.`,
    );
  }
  return only;
}

/** The interface that a call wants an address to lead to. */
function readInterface(
  ctx: Context,
  { InstanceId, NetworkInterfaceId }: Sdk.AssociateAddressRequest,
): NetworkInterface {
  if (InstanceId !== undefined && NetworkInterfaceId !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "You may specify InstanceId or NetworkInterfaceId, but not both in the same call",
    );
  }
  if (NetworkInterfaceId !== undefined) return namedInterface(ctx, NetworkInterfaceId);
  if (InstanceId === undefined) throw new ApiError("MissingParameter", "instanceId or networkInterfaceId");
  return interfaceOf(ctx, InstanceId);
}

function readPrivateAddress({ id, privateAddresses }: NetworkInterface, asked: string | undefined): string {
  const address = asked ?? privateAddresses[0];
  if (address === undefined) {
    throw new ApiError("InvalidParameterValue", `The network interface '${id}' has no private IPv4 address.`);
  }
  if (!privateAddresses.includes(address)) {
    throw new ApiError("InvalidParameterValue", `Some of [${address}] are not assigned to interface ${id}`);
  }
  return address;
}

/**
 * Lets an elastic address lead to a private one, which another public address may have led to until now.
 *
 * @param again whether the address may be taken from where it leads now
 * @returns the association's id
 */
function associate(
  ctx: Context,
  address: PublicAddress,
  { id, vpcId }: NetworkInterface,
  privateAddress: string,
  again: boolean,
): string {
  const before = address.mapping;
  checkUnmanaged(ctx, address);
  if (before?.associationId && before.networkInterfaceId === id && before.privateAddress === privateAddress) {
    return before.associationId;
  }
  if (before && !again) {
    throw new ApiError(
      "Resource.AlreadyAssociated",
      `resource ${address.allocationId} is already associated with associate-id ${before.associationId}`,
    );
  }
  if (internetGateways.count(ctx, "vpc", vpcId) === 0) throw new ApiError("Gateway.NotAttached", vpcId);
  for (const other of publicAddressesOf(ctx, id)) {
    if (other.mapping?.privateAddress !== privateAddress) continue;
    if (other.allocationId !== undefined && !again) {
      throw new ApiError(
        "Resource.AlreadyAssociated",
        `resource ${id} and ${privateAddress} is already associated with public address ${other.id}`,
      );
    }
    unmapPublicAddress(ctx, other);
  }
  const associationId = `eipassoc-0${ctx.chance.hex(16)}`;
  mapPublicAddress(ctx, address, { networkInterfaceId: id, privateAddress, associationId });
  return associationId;
}

/**
 * The address that the dual-stack name of an interface leads to stays while the interface goes by that name.
 *
 * @throws {ApiError} OperationNotPermitted
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateAddress.html
 */
function checkUnnamed(ctx: Context, address: PublicAddress): void {
  const { id, mapping } = address;
  const eni = interfaceWith(ctx, address);
  if (!eni || mapping?.privateAddress !== eni.privateAddresses[0]) return;
  if (publicAddressesOf(ctx, eni.id).length > 1) return;
  if (publicNamesOf(ctx, eni)?.DnsHostnameType !== "public-dual-stack-dns-name") return;
  throw new ApiError(
    "OperationNotPermitted",
    `The address ${id} cannot be disassociated: the public dual-stack name of the network interface '${eni.id}' leads to it.`,
  );
}

/**
 * The address whose association a call ends, by the association or by itself.
 *
 * @throws {ApiError} InvalidParameterCombination, InvalidAssociationID.NotFound, as `readAddress`
 */
function readAssociated(
  ctx: Context,
  { AssociationId, PublicIp }: Sdk.DisassociateAddressRequest,
): PublicAddress {
  if (AssociationId === undefined) return readAddress(ctx, { PublicIp });
  if (PublicIp !== undefined) {
    throw new ApiError(
      "InvalidParameterCombination",
      "You may specify public IP or association id, but not both in the same call",
    );
  }
  const address = findAssociated(ctx, AssociationId);
  if (!address) throw new ApiError("InvalidAssociationID.NotFound", AssociationId);
  return address;
}

export const operations = {
  AssociateAddress: (input, ctx) => {
    const address = readAddress(ctx, input);
    const eni = readInterface(ctx, input);
    const privateAddress = readPrivateAddress(eni, input.PrivateIpAddress);
    const again = input.AllowReassociation ?? true;
    return { AssociationId: associate(ctx, address, eni, privateAddress, again) };
  },

  DisassociateAddress: (input, ctx) => {
    const address = readAssociated(ctx, input);
    checkUnmanaged(ctx, address);
    checkUnnamed(ctx, address);
    unmapPublicAddress(ctx, address);
    return {};
  },
} satisfies Handlers;

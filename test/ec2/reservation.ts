import {
  CreateCapacityReservationCommand,
  DescribeCapacityReservationsCommand,
  type CapacityReservation,
  type CreateCapacityReservationCommandInput,
  type EC2Client,
} from "@aws-sdk/client-ec2";

export const DAY = 24 * 3600;

export const inDays = (days: number): Date => new Date(Date.now() + days * DAY * 1000);

type Asked = Partial<CreateCapacityReservationCommandInput>;

/** Reserves room for an m5.large, unless asked otherwise. */
export async function reserve(
  client: EC2Client,
  asked: Asked = {},
): Promise<CapacityReservation & { id: string }> {
  const { CapacityReservation: made = {} } = await client.send(
    new CreateCapacityReservationCommand({
      InstanceType: "m5.large",
      InstancePlatform: "Linux/UNIX",
      AvailabilityZone: "us-east-1a",
      InstanceCount: 1,
      ...asked,
    }),
  );
  return { ...made, id: made.CapacityReservationId ?? "" };
}

/** Reserves room from so many days on, with a commitment of 20 days. */
export const reserveInAdvance = (client: EC2Client, days: number, asked: Asked = {}) =>
  reserve(client, {
    StartDate: inDays(days),
    CommitmentDuration: 20 * DAY,
    DeliveryPreference: "incremental",
    InstanceMatchCriteria: "targeted",
    InstanceCount: 16,
    ...asked,
  });

export async function shownReservation(client: EC2Client, id: string): Promise<CapacityReservation> {
  const { CapacityReservations = [] } = await client.send(
    new DescribeCapacityReservationsCommand({ CapacityReservationIds: [id] }),
  );
  return CapacityReservations[0] ?? {};
}

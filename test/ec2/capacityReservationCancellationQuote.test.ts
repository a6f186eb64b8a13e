import {
  CancelCapacityReservationCommand,
  CreateCapacityReservationCancellationQuoteCommand,
  DescribeCapacityReservationCancellationQuotesCommand,
} from "@aws-sdk/client-ec2";
import { expect, describe, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { freshClient, refused } from "../islet.ts";
import { withOwn } from "../ownServer.ts";
import { launch, shownInstance } from "./launch.ts";
import { hardware } from "./placeOf.ts";
import { DAY, reserve, reserveInAdvance, shownReservation } from "./reservation.ts";

const ec2 = await freshClient();

async function quote(CapacityReservationId: string, client = ec2) {
  const { CapacityReservationCancellationQuote: made = {} } = await client.send(
    new CreateCapacityReservationCancellationQuoteCommand({ CapacityReservationId }),
  );
  return { ...made, id: made.CapacityReservationCancellationQuoteId ?? "" };
}

const describeQuotes = async (ids: string[], client = ec2) =>
  (
    await client.send(
      new DescribeCapacityReservationCancellationQuotesCommand({
        CapacityReservationCancellationQuoteIds: ids,
      }),
    )
  ).CapacityReservationCancellationQuotes;

const cancel = (CapacityReservationId: string, QuoteId?: string, client = ec2) =>
  client.send(
    new CancelCapacityReservationCommand({
      CapacityReservationId,
      ...(QuoteId !== undefined && { QuoteId, ApplyCancellationCharges: "commitment-wind-down" }),
    }),
  );

const UNKNOWN = "crcq-0123456789abcdef0";
const denied = "OperationNotPermitted";

describe("what it refuses to parse", () => {
  test("ids that are none", async () => {
    const { id } = await reserveInAdvance(ec2, 10);
    const code = "InvalidCapacityReservationCancellationQuoteId";
    await refused(describeQuotes(["crcq-x"]), `${code}.Malformed`);
    await refused(describeQuotes([UNKNOWN]), `${code}.NotFound`);
    await refused(cancel(id, "q"), `${code}.Malformed`);
    await refused(cancel(id, UNKNOWN), `${code}.NotFound`);
    await refused(quote("cr-0123456789abcdef0"), "InvalidCapacityReservationId.NotFound");
    await refused(
      ec2.send(new CancelCapacityReservationCommand({ CapacityReservationId: id, QuoteId: UNKNOWN })),
      "MissingParameter",
    );
    await refused(
      ec2.send(
        new CancelCapacityReservationCommand({
          CapacityReservationId: id,
          ApplyCancellationCharges: "commitment-wind-down",
        }),
      ),
      "MissingParameter",
    );
  });
});

describe("what it refuses to do", () => {
  test("a quote for what costs nothing, or is over", async () => {
    const { id } = await reserve(ec2);
    await refused(quote(id), denied, `The Capacity Reservation '${id}' is cancelled without a charge.`);
    await refused(cancel(id, UNKNOWN), denied);
    await cancel(id);
    await refused(quote(id), "InvalidCapacityReservationState");
  });

  test("what a quote is not for: another reservation, another account's, a second time", async () => {
    const one = await reserveInAdvance(ec2, 10);
    const other = await reserveInAdvance(ec2, 10);
    await refused(quote(one.id, await freshClient()), "InvalidCapacityReservationId.NotFound");
    const { id } = await quote(one.id);
    expect(await describeQuotes([], await freshClient())).toEqual([]);
    await refused(cancel(other.id, id), "InvalidParameterValue", /another Capacity Reservation/);
    await cancel(one.id, id);
    expect(await describeQuotes([id])).toMatchObject([{ QuoteState: "expired" }]);
    await refused(cancel(one.id, id), "InvalidCapacityReservationState");
  });

  test("a quote after 24 hours; it is forgotten later", () =>
    withOwn(async (own, client) => {
      const { id: reservation } = await reserveInAdvance(client, 10);
      const { id } = await quote(reservation, client);
      await advanceClock(own, DAY);
      await refused(
        cancel(reservation, id, client),
        denied,
        `The quote '${id}' is not in the 'active' state.`,
      );
      expect(await describeQuotes([id], client)).toMatchObject([{ QuoteState: "expired" }]);
      await advanceClock(own, DAY);
      expect(await describeQuotes([], client)).toEqual([]);
    }));

  test("to cancel while instances run in what is committed", () =>
    withOwn(async (own, client) => {
      const { id: reservation } = await reserveInAdvance(client, 10);
      await advanceClock(own, 10 * DAY + 60);
      const instance = await launch(client, {
        InstanceType: "m5.large",
        CapacityReservationSpecification: {
          CapacityReservationTarget: { CapacityReservationId: reservation },
        },
      });
      const { id } = await quote(reservation, client);
      await refused(cancel(reservation, id, client), denied, /while instances are running in it/);
      expect((await shownInstance(client, instance)).CapacityReservationId).toBe(reservation);
    }));
});

describe("what it does", () => {
  test.each([
    ["eight weeks before it begins, it costs nothing", 57, 0, "cancelled"],
    ["two weeks before, a quarter of what was promised", 15, 120, "cancelling"],
    ["later, half of it", 13, 240, "cancelling"],
  ])("%s", async (_, days, ChargeCommitmentDurationHours, ReservationState) => {
    const { id: reservation } = await reserveInAdvance(ec2, days);
    const { id, ...terms } = await quote(reservation);
    expect(terms).toMatchObject({
      CapacityReservationId: reservation,
      QuoteState: "active",
      CurrentConfiguration: { InstanceCount: 16, ReservationState: "scheduled" },
      CancellationTerms: [
        {
          CancellationType: "commitment-wind-down",
          ReservationState,
          CommittedInstanceCount: 16,
          ChargeCommitmentDurationHours,
        },
      ],
      Tags: [],
    });
    expect(Number(terms.ExpirationTime) - Number(terms.CreateTime)).toBe(DAY * 1000);
    expect(await describeQuotes([id])).toMatchObject([terms]);
    await cancel(reservation, id);
    expect((await shownReservation(ec2, reservation)).State).toBe(ReservationState);
  });

  test("within its time, half of the rest: room is free at once, and the charge ends later", () =>
    withOwn(async (own, client) => {
      const { id: reservation } = await reserveInAdvance(client, 10);
      await advanceClock(own, 10 * DAY + 60);
      await shownReservation(client, reservation);
      await advanceClock(own, 4 * DAY + 60);
      expect((await hardware(own)).held).toBe(16);
      const { id, CancellationTerms: [terms] = [] } = await quote(reservation, client);
      expect(terms).toMatchObject({ ChargeCommitmentDurationHours: 8 * 24 });
      await cancel(reservation, id, client);
      expect(await shownReservation(client, reservation)).toMatchObject({
        State: "cancelling",
        AvailableInstanceCount: 0,
        CommitmentInfo: { CommittedInstanceCount: 16, CommitmentEndDate: terms?.ChargeEndDate },
      });
      expect((await hardware(own)).held).toBe(0);
      await refused(cancel(reservation, undefined, client), "InvalidCapacityReservationState");
      await advanceClock(own, 8 * DAY + 60);
      expect((await shownReservation(client, reservation)).State).toBe("cancelled");
      await advanceClock(own, DAY);
      await refused(shownReservation(client, reservation), "InvalidCapacityReservationId.NotFound");
    }));
});

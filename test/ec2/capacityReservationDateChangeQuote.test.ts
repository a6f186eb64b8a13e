import {
  CancelCapacityReservationCommand,
  CreateCapacityReservationCancellationQuoteCommand,
  CreateCapacityReservationDateChangeQuoteCommand,
  DescribeCapacityReservationDateChangeQuotesCommand,
  ModifyCapacityReservationCommand,
  type ModifyCapacityReservationCommandInput,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { advanceClock } from "../clock.ts";
import { freshClient, refused } from "../islet.ts";
import { withOwn } from "../ownServer.ts";
import { DAY, inDays, reserve, reserveInAdvance, shownReservation } from "./reservation.ts";

const ec2 = await freshClient();

async function quote(CapacityReservationId: string, NewStartDate: Date, client = ec2) {
  const { CapacityReservationModificationQuote: made = {} } = await client.send(
    new CreateCapacityReservationDateChangeQuoteCommand({
      CapacityReservationId,
      NewStartDate,
      TagSpecifications: [
        { ResourceType: "capacity-reservation-modification-quote", Tags: [{ Key: "a", Value: "b" }] },
      ],
    }),
  );
  return { ...made, id: made.CapacityReservationModificationQuoteId ?? "" };
}

const describeQuotes = async (ids: string[], client = ec2) =>
  (
    await client.send(
      new DescribeCapacityReservationDateChangeQuotesCommand({
        CapacityReservationModificationQuoteIds: ids,
      }),
    )
  ).CapacityReservationModificationQuotes;

const modify = (
  CapacityReservationId: string,
  asked: Omit<ModifyCapacityReservationCommandInput, "CapacityReservationId">,
  client = ec2,
) => client.send(new ModifyCapacityReservationCommand({ CapacityReservationId, ...asked }));

const accept = (id: string, QuoteId: string, client = ec2) =>
  modify(id, { QuoteId, AcceptModificationTerms: true }, client);

/** So many days after a reservation begins. */
const after = (start: Date | undefined, days: number): Date =>
  new Date((start?.getTime() ?? 0) + days * DAY * 1000);

const UNKNOWN = "crmq-0123456789abcdef0";
const denied = "OperationNotPermitted";
const badValue = "InvalidParameterValue";

describe("what it refuses to parse", () => {
  test("ids that are none; half of what accepts a quote", async () => {
    const { id, StartDate } = await reserveInAdvance(ec2, 20);
    const code = "InvalidCapacityReservationModificationQuoteId";
    await refused(describeQuotes(["crmq-x"]), `${code}.Malformed`);
    await refused(describeQuotes([UNKNOWN]), `${code}.NotFound`);
    await refused(accept(id, "q"), `${code}.Malformed`);
    await refused(accept(id, UNKNOWN), `${code}.NotFound`);
    const { id: QuoteId } = await quote(id, after(StartDate, 5));
    await refused(modify(id, { QuoteId }), "MissingParameter");
    await refused(modify(id, { QuoteId, AcceptModificationTerms: false }), "MissingParameter");
    await refused(modify(id, { AcceptModificationTerms: true }), "MissingParameter");
    await refused(modify(id, { StartDate: after(StartDate, 5) }), "MissingParameter");
    await refused(
      modify(id, { QuoteId, AcceptModificationTerms: true, StartDate: after(StartDate, 6) }),
      badValue,
      /not that of the quote/,
    );
    await refused(
      modify(id, { QuoteId, AcceptModificationTerms: true, InstanceCount: 17 }),
      "InvalidParameterCombination",
    );
  });
});

describe("what it refuses to do", () => {
  test("a start that is not later, or too late", async () => {
    const { id, StartDate } = await reserveInAdvance(ec2, 20);
    await refused(quote(id, after(StartDate, 0)), badValue, /later than the current start date/);
    await refused(quote(id, after(StartDate, 31)), badValue, /within 30 days of the original start date/);
    const { id: first } = await quote(id, after(StartDate, 20));
    await accept(id, first);
    await refused(quote(id, after(StartDate, 31)), badValue);
    await accept(id, (await quote(id, after(StartDate, 30))).id);
    expect((await shownReservation(ec2, id)).StartDate).toEqual(after(StartDate, 30));
  });

  test("one that has begun, or is to within the hour", () =>
    withOwn(async (own, client) => {
      const running = await reserve(client);
      await refused(quote(running.id, inDays(9), client), "InvalidCapacityReservationState");
      const { id, StartDate } = await reserveInAdvance(client, 10);
      await advanceClock(own, 10 * DAY - 7200);
      const late = await quote(id, after(StartDate, 1), client);
      expect(late.ExpirationTime).toEqual(after(StartDate, -1 / 24));
      await advanceClock(own, 3700);
      await refused(quote(id, after(StartDate, 1), client), denied, /starts in less than one hour/);
      await refused(accept(id, late.id, client), denied);
    }));

  test("an end before the commitment would be over", async () => {
    const { id, StartDate } = await reserveInAdvance(ec2, 20, { EndDate: inDays(41) });
    await refused(quote(id, after(StartDate, 5)), denied, /end date/);
    const { id: QuoteId } = await quote(id, after(StartDate, 0.5));
    await modify(id, { EndDate: inDays(40.2) });
    await refused(accept(id, QuoteId), denied, /end date/);
    await modify(id, { EndDateType: "unlimited" });
    await accept(id, QuoteId);
  });

  test("a quote for another reservation, or for what has changed since; a used one", async () => {
    const { id, StartDate } = await reserveInAdvance(ec2, 20);
    const other = await reserveInAdvance(ec2, 20);
    const [one, two] = [await quote(id, after(StartDate, 3)), await quote(id, after(StartDate, 4))];
    await refused(accept(other.id, one.id), badValue);
    await accept(id, one.id);
    await refused(accept(id, one.id), denied);
    await refused(accept(id, two.id), denied, /has changed since/);
  });
});

describe("what it does", () => {
  test("more than two weeks before, it begins later for nothing", () =>
    withOwn(async (own, client) => {
      const { id, StartDate } = await reserveInAdvance(client, 20);
      const { id: quoted, ...terms } = await quote(id, after(StartDate, 7), client);
      expect(terms).toMatchObject({
        CapacityReservationId: id,
        QuoteState: "active",
        CurrentConfiguration: {
          InstanceCount: 16,
          ReservationState: "scheduled",
          StartDate,
          OriginalStartDate: StartDate,
        },
        ModificationTerms: {
          ReservationUpdate: {
            NewStartDate: after(StartDate, 7),
            NewCommitmentDuration: 20 * DAY,
            NewCommitmentEndDate: after(StartDate, 27),
          },
        },
        Tags: [{ Key: "a", Value: "b" }],
      });
      expect(await describeQuotes([quoted], client)).toMatchObject([terms]);
      expect(await shownReservation(client, id)).not.toHaveProperty("AdjustmentStatus");
      expect(await accept(id, quoted, client)).toMatchObject({
        Return: true,
        AdjustmentStatus: "requested",
        AdjustmentDetails: {
          StartDate: after(StartDate, 7),
          EndDateType: "unlimited",
          CommitmentDuration: 20 * DAY,
          CommitmentEndDate: after(StartDate, 27),
        },
      });
      const changed = await shownReservation(client, id);
      expect(changed).toMatchObject({
        State: "scheduled",
        AdjustmentStatus: "applied",
        StartDate: after(StartDate, 7),
        OriginalStartDate: StartDate,
        CommitmentInfo: { CommitmentDuration: 20 * DAY, CommitmentEndDate: after(StartDate, 27) },
      });
      expect(changed).not.toHaveProperty("AdjustmentDetails");
      expect(await describeQuotes([quoted], client)).toMatchObject([{ QuoteState: "expired" }]);
      await advanceClock(own, 20 * DAY + 60);
      expect((await shownReservation(client, id)).State).toBe("scheduled");
      await advanceClock(own, 7 * DAY);
      expect((await shownReservation(client, id)).State).toBe("active");
    }));

  test("within two weeks, each day costs a day", async () => {
    const { id, StartDate } = await reserveInAdvance(ec2, 10);
    const { id: QuoteId, ModificationTerms } = await quote(id, after(StartDate, 7));
    expect(ModificationTerms?.ReservationUpdate).toMatchObject({
      NewCommitmentDuration: 27 * DAY,
      NewCommitmentEndDate: after(StartDate, 34),
    });
    await modify(id, { QuoteId, AcceptModificationTerms: true, StartDate: after(StartDate, 7) });
    expect((await shownReservation(ec2, id)).CommitmentInfo).toMatchObject({ CommitmentDuration: 27 * DAY });
  });

  test("one request is in progress at a time; it is rejected if the reservation is cancelled meanwhile", () =>
    withOwn(
      async (own, client) => {
        const { id, StartDate } = await reserveInAdvance(client, 20);
        await advanceClock(own, 3600);
        const { id: QuoteId } = await quote(id, after(StartDate, 7), client);
        await accept(id, QuoteId, client);
        expect(await shownReservation(client, id)).toMatchObject({
          AdjustmentStatus: "requested",
          AdjustmentDetails: { StartDate: after(StartDate, 7) },
          StartDate,
        });
        await refused(quote(id, after(StartDate, 8), client), denied, /in progress/);
        await refused(modify(id, { EndDate: after(StartDate, 40) }, client), denied, /in progress/);
        const { CapacityReservationCancellationQuote: cancellation } = await client.send(
          new CreateCapacityReservationCancellationQuoteCommand({ CapacityReservationId: id }),
        );
        await client.send(
          new CancelCapacityReservationCommand({
            CapacityReservationId: id,
            QuoteId: cancellation?.CapacityReservationCancellationQuoteId,
            ApplyCancellationCharges: "commitment-wind-down",
          }),
        );
        await advanceClock(own, 60);
        expect(await shownReservation(client, id)).toMatchObject({
          State: "cancelling",
          AdjustmentStatus: "rejected",
          StartDate,
        });
      },
      { pace: "real" },
    ));
});

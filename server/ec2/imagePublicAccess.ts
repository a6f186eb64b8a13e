import { ApiError } from "../errors.ts";
import type { Context } from "../kit/context.ts";
import type { Handlers } from "../kit/handlers.ts";
import type { Row, TableDefinition } from "../state/table.ts";

/**
 * That an account lets its images in a region be public: accounts that have none are kept from it until they say so.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-public-access-to-amis.html
 */
const definition: TableDefinition<Row> = { name: "image-public-access" };

const mayBePublic = ({ unit, account }: Pick<Context, "unit" | "account">): boolean =>
  unit.table(definition).get(account) !== undefined;

/** @throws {ApiError} OperationNotPermitted while images cannot be made public */
export function checkPublicImages(ctx: Context): void {
  if (mayBePublic(ctx)) return;
  throw new ApiError(
    "OperationNotPermitted",
    "You can\u2019t publicly share this image because block public access for AMIs is enabled for this account. To publicly share the image, you must call the DisableImageBlockPublicAccess API.",
  );
}

export const operations = {
  DisableImageBlockPublicAccess: (_, ctx) => {
    const { unit, account } = ctx;
    if (!mayBePublic(ctx)) unit.table(definition).insert({ id: account, seq: unit.nextSeq(), account });
    return { ImageBlockPublicAccessState: "unblocked" as const };
  },

  EnableImageBlockPublicAccess: ({ ImageBlockPublicAccessState }, ctx) => {
    if (mayBePublic(ctx)) ctx.unit.table(definition).remove(ctx.account);
    return { ImageBlockPublicAccessState };
  },

  GetImageBlockPublicAccessState: (_, ctx) => ({
    ImageBlockPublicAccessState: mayBePublic(ctx) ? "unblocked" : "block-new-sharing",
    ManagedBy: "account" as const,
  }),
} satisfies Handlers;

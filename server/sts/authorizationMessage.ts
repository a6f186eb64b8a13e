import { ApiError } from "../errors.ts";
import { checkLength } from "../iam/request.ts";
import type { StsHandlers } from "../kit/handlers.ts";

const MOST = 10_240;

/** Of whom was refused: other accounts have no business with it. */
function accountIn(message: string): string | undefined {
  const { context } = JSON.parse(message) as { context?: { principal?: { arn?: string } } };
  return context?.principal?.arn?.split(":")[4];
}

export const operations = {
  /** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html */
  DecodeAuthorizationMessage: ({ EncodedMessage }, ctx) => {
    checkLength("encodedMessage", EncodedMessage, 1, MOST);
    const DecodedMessage = ctx.seal.open("authorization", EncodedMessage);
    if (DecodedMessage === undefined || accountIn(DecodedMessage) !== ctx.account) {
      throw new ApiError("InvalidAuthorizationMessageException");
    }
    return { DecodedMessage };
  },
} satisfies StsHandlers;

import type * as Sdk from "@aws-sdk/client-ec2";
import { ApiError } from "../errors.ts";

/** Does something for each id. What cannot be done is told in the answer, and keeps nothing else from being done. */
export function tryEach(ids: readonly string[], act: (id: string) => void): Sdk.UnsuccessfulItem[] {
  return [...new Set(ids)].flatMap((id) => {
    try {
      act(id);
      return [];
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return [{ ResourceId: id, Error: { Code: error.code, Message: error.message } }];
    }
  });
}

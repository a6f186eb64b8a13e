/** What a condition key has in a request: one value, or several, or it is not there. */
export type KeyValue = string | readonly string[] | undefined;

/** What is known of a request, by condition keys in lower case (`aws:sourceip`): keys are not sensitive to case. */
export interface Keys {
  get(name: string): KeyValue;
}

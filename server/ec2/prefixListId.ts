/** Whether a text has the form of a prefix list's id, and so is no block. */
export const isPrefixListId = (text: string): boolean => /^pl-(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(text);

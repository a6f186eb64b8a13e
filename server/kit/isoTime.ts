/** To the second, as AWS tells times: `2026-11-23T17:58:02Z`. @param at milliseconds since the epoch */
export const isoTime = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

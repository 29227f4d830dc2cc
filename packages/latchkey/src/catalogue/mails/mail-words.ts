/** Words that the subject of a mail and the page it leads to share, so that one is known from the other. */

export function requestsWaitingWords(total: number, organization: string): string {
  return `${total === 1 ? '1 token waits' : `${total} tokens wait`} for approval in ${organization}`;
}

/** @param daysLeft whole days; 0 = less than one */
export function tokenEndingWords(name: string, daysLeft: number): string {
  return `${name} ends in ${daysLeft === 0 ? 'less than a day' : daysLeft === 1 ? '1 day' : `${daysLeft} days`}`;
}

/** One line for each request. The person stands first, so that what they named their token can't pass for another. */
export function linesOfRequests(facts: {
  readonly requests: readonly { readonly login: string; readonly tokenName: string }[];
  readonly total: number;
}): string[] {
  const { requests, total } = facts;
  return [
    ...requests.map(({ login, tokenName }) => `${login}: "${tokenName}"`),
    ...(total > requests.length ? [`${total - requests.length} more.`] : []),
  ];
}

/** Why somebody did it, in their own words; a mail that was queued by an earlier release has none. */
export interface Reasoned {
  readonly reason?: string | null;
}

export const reasonLines = ({ reason }: Reasoned): string[] =>
  reason === undefined || reason === null ? [] : [`The reason given: ${reason}`];

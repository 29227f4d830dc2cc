/** The tokens that an act would end, as the question before it lists them. */
import type { VNode } from 'preact';
import type { Ending, Endings } from '../../../actions/organizations/what-ends.ts';
import type { Consequence } from '../frame/web-page.ts';
import { LastUsed } from '../parts/components.tsx';

/** Tokens that are named; the rest is counted. */
const NAMED = 20;

/** "14 tokens of 9 people" */
export function tokensOfPeople({ tokens, people, isAll }: Endings): string {
  const count = `${isAll ? '' : 'at least '}${tokens.length} ${tokens.length === 1 ? 'token' : 'tokens'}`;
  return people < 2 ? count : `${count} of ${people} people`;
}

/** The tokens that stop, as the first consequence; the most recently used first. */
export function endingTokens(endings: Endings, where = ''): Consequence {
  const { tokens } = endings;
  const one = tokens.length === 1;
  if (tokens.length === 0) return { title: `No token stops working${where}`, stays: true };
  const words = tokensOfPeople(endings);
  return {
    title: `${words.charAt(0).toUpperCase()}${words.slice(1)} ${one ? 'stops' : 'stop'} working${where}`,
    facts: (
      <ul class="list-style-none mt-1">
        {tokens.slice(0, NAMED).map((each) => (
          <Token {...each} />
        ))}
        {tokens.length > NAMED ? <li>and {tokens.length - NAMED} more</li> : null}
      </ul>
    ),
  };
}

function Token({ name, owner, usedAt }: Ending): VNode {
  return (
    <li>
      <bdi class="lk-ending-name">{name}</bdi> · {owner} · <LastUsed at={usedAt} />
    </li>
  );
}

/** What the answer must still be about. */
export function subjectOf({ tokens, isAll }: Endings): unknown {
  return [tokens.map(({ tokenId }) => tokenId).sort((a, b) => a - b), isAll];
}

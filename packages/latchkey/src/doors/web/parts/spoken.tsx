/**
 * Sentences of ours as this reader reads them. What rules and actions say tells instants as `12 Nov 2026, 09:14 UTC`;
 * a page tells the same in the reader's zone, with UTC on hover.
 */
import type { VNode } from 'preact';
import { partsOf } from '../../../base/time.ts';
import { type Reader, type RightFacts, rightSentence } from '../../../rules/right/right-sentence.ts';
import { Day, Instant } from './components.tsx';

/** @param as whether the hour matters */
export function Spoken({ words, as: Kind = Instant }: { words: string; as?: typeof Day | typeof Instant }): VNode {
  return <>{partsOf(words).map((part) => (typeof part === 'string' ? part : <Kind at={part} />))}</>;
}

/** Words that `rightSentence` made. */
export function RightWords({ words }: { words: string }): VNode {
  return <Spoken words={words} as={Day} />;
}

/** What a token may do today. */
export function Right({ token, reader }: { token: RightFacts; reader: Reader }): VNode {
  return <RightWords words={rightSentence(token, reader)} />;
}

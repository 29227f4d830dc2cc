/** What is said of a move of a ref that is up to the owner of the token (decision 0550). */
import { moveInWords, sentenceCase, theToken } from './links.ts';
import type { RefusalEntry, RefusalFacts, Remedy } from './refusal.ts';

/** The list of what waits for somebody. */
export const APPROVALS_PAGE = '/settings/push-approvals';
/** Minutes for which an approval counts. */
export const APPROVED_FOR_MIN = 15;

type Approval = NonNullable<RefusalFacts['approval']>;

interface Words {
  /** Behind a colon, after who may not do what. */
  readonly because: string;
  readonly remedy: Remedy;
}

const MORE = '/help/ref_needs_approval';
const FIRST = 'only after approval';

/** By what became of the question. */
const WORDS: Readonly<Record<Approval['why'], (approval: Approval) => Words>> = {
  waits: ({ id }) => ({
    because: `its owner has to approve just this first (request ${id})`,
    remedy: {
      text: `Its owner looks at it and approves here; then do the same again, within ${APPROVED_FOR_MIN} minutes:`,
      url: `${APPROVALS_PAGE}/${id}`,
    },
  }),
  denied: ({ id }) => ({
    because: `its owner denied it (request ${id})`,
    remedy: { text: 'Ask its owner why, or push to a ref that its rules open:', url: `${APPROVALS_PAGE}/${id}` },
  }),
  full: () => ({
    because: `${FIRST}, and too many requests of it wait already`,
    remedy: { text: 'Its owner decides about those first:', url: APPROVALS_PAGE },
  }),
  unseen: () => ({
    because: `${FIRST}, and what it brings can’t be shown: more than 8 MiB, no commit, or not all there`,
    remedy: { text: 'Push the commits to a ref that its rules open, then ask again:', url: MORE },
  }),
  moved: () => ({
    because: `${FIRST}, and the ref is not where you take it to be`,
    remedy: { text: 'Fetch what is new, then push again:', command: 'git fetch' },
  }),
  unasked: () => ({
    because: `its rules ask its owner first`,
    remedy: { text: 'Push it: the refusal then has the link by which its owner approves it:', url: MORE },
  }),
};

const wordsOf = ({ approval }: RefusalFacts): Words => {
  const asked = approval ?? { why: 'unasked' as const, id: null };
  return WORDS[asked.why](asked);
};

/** The same on the one line that git shows for a ref. @param publicUrl without a slash at the end */
export function approvalLine(approval: Approval, publicUrl: string): string {
  const { because, remedy } = WORDS[approval.why](approval);
  return approval.why === 'waits' ? `needs approval: ${publicUrl}${remedy.url ?? ''}` : because.replaceAll('’', "'");
}

export const APPROVAL_REFUSAL: RefusalEntry = {
  strangerMayHear: false,
  credentialIsDead: false,
  sentence: (facts) =>
    `${sentenceCase(theToken(facts))} may not ${facts.move === null ? 'move this ref' : moveInWords(facts.move)}: ` +
    `${wordsOf(facts).because}.`,
  remedy: (facts) => wordsOf(facts).remedy,
  about:
    'A ref rule of the token says ask: each move of what it matches is up to the owner of the token, or, for a ' +
    'machine account, to whoever owns that. The push is refused with a link to a page that shows who pushes, the ' +
    'commits, the paths and the lines; the rest of the push passes, unless it was --atomic. An approval is for ' +
    'exactly that: the token, the repository, the ref, the commit it is at and the commit it is to be at; once, ' +
    `within ${APPROVED_FOR_MIN} minutes. It takes a page and a fresh sign-in: no token approves anything. A request ` +
    'waits for a day. What is larger than 8 MiB can’t be shown: push the commits to a ref that the rules open first.',
};

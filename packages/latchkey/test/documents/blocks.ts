/** Every document that people read, and every block of code in them with what holds it. */
import { type Block, blocksIn, DOCUMENTS } from '../../tools/documents.ts';
import { GENERATED, type Held, SNIPPETS } from './snippets.ts';

const CLIENT = 'packages/client/README.md';
/** The readme of the client first: it registers the service that others speak of. */
export const PAGES: readonly string[] = [
  CLIENT,
  ...DOCUMENTS.filter((page) => page !== CLIENT),
  'packages/latchkey/tools/client-readme.md',
  'packages/latchkey/tools/server-readme.md',
];

interface HeldBlock {
  readonly name: string;
  readonly page: string;
  readonly block: Block;
  readonly held: Held;
}

/** Each block that the table names. */
export const BLOCKS: readonly HeldBlock[] = PAGES.flatMap((page) =>
  (page in GENERATED ? [] : blocksIn(page)).flatMap((block, i) => {
    const held = SNIPPETS[page]?.[i]?.[1];
    return held === undefined ? [] : [{ name: `${page}: ${block.firstLine}`, page, block, held }];
  }),
);

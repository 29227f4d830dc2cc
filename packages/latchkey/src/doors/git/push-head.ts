/**
 * The beginning of a push, as bytes: what it asks for, up to the flush, and the same without some of it.
 *
 * Source: git's documentation, gitprotocol-pack "Reference Update Request"; receive-pack reads capabilities behind the
 * NUL of any line.
 * Invariant: what can't be read exactly as git reads it is null, so that nobody shows git another request than the one
 * that was judged.
 */
import { FLUSH, listAt, packet } from '../../git/protocol/pkt-lines.ts';

/** One command. `name` byte for byte as Latin-1, as it goes back into a report; `ref` as text. */
export interface HeadCommand {
  readonly name: string;
  readonly ref: string;
  readonly from: string | null;
  readonly to: string | null;
  /** `old new name`, as it came. */
  readonly text: string;
}

export interface PushHead {
  readonly commands: readonly HeadCommand[];
  readonly isAtomic: boolean;
  readonly usesBands: boolean;
  /** True when a list of options stands between the commands and the pack. */
  readonly hasOptions: boolean;
  /** The same request for these commands alone. */
  only(kept: ReadonlySet<HeadCommand>): Buffer;
}

const COMMAND = /^([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) (refs\/[^\x00-\x20\x7f]+)$/i;
const SHALLOW = /^shallow (?:[0-9a-f]{40}|[0-9a-f]{64})$/i;
const NONE = /^0+$/;

/** Reads the head of a body that holds all of it; null where git would read something else, or nothing. */
export function pushHead(bytes: Buffer): { readonly head: PushHead; readonly end: number } | null {
  const list = listAt(bytes, 0);
  if (list === null) return null;
  const commands: HeadCommand[] = [];
  const shallow: string[] = [];
  let features = '';
  for (const content of list.contents) {
    const line = content.toString('latin1');
    const nul = line.indexOf('\0');
    const text = nul < 0 ? line.replace(/\n$/, '') : line.slice(0, nul);
    if (nul >= 0) features += ` ${line.slice(nul + 1).trim()}`;
    if (SHALLOW.test(text)) shallow.push(text);
    else {
      const command = commandOf(text);
      if (command === null) return null;
      commands.push(command);
    }
  }
  const words = new Set(features.split(' '));
  const head: PushHead = {
    commands,
    isAtomic: words.has('atomic'),
    hasOptions: words.has('push-options'),
    usesBands: words.has('side-band-64k') || words.has('side-band'),
    only: (kept) => {
      const first = `\0${features}`;
      const texts = [...shallow, ...commands.filter((one) => kept.has(one)).map(({ text }) => text)];
      const lines = texts.map((text, i) => packet(i === shallow.length ? text + first : text));
      return Buffer.from(`${lines.join('')}${FLUSH}`, 'latin1');
    },
  };
  return { head, end: list.end };
}

function commandOf(text: string): HeadCommand | null {
  const [, from, to, name] = COMMAND.exec(text) ?? [];
  if (from === undefined || to === undefined || name === undefined) return null;
  const ref = Buffer.from(name, 'latin1').toString('utf8');
  return { name, ref, from: idOf(from), to: idOf(to), text };
}

function idOf(text: string): string | null {
  return NONE.test(text) ? null : text.toLowerCase();
}

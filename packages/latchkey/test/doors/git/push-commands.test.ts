import { describe, expect, it } from 'vitest';
import { MAX_COMMAND_BYTES, PushCommands } from '../../../src/doors/git/push-commands.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const NONE = '0'.repeat(40);
const line = (text: string): string => `${(text.length + 4).toString(16).padStart(4, '0')}${text}`;

function read(text: string, pieceBytes = text.length): ReturnType<PushCommands['moved']> {
  const commands = new PushCommands();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) commands.see(bytes.subarray(at, at + pieceBytes));
  return commands.moved();
}

describe('the beginning of a push', () => {
  const commands = [
    `${NONE} ${A} refs/heads/main\0 report-status side-band-64k`,
    `${A} ${B} refs/heads/x\n`,
    `${B} ${NONE} refs/tags/v1`,
  ];
  const push = `${commands.map(line).join('')}0000PACK...`;

  it.each([1, 3, 7, 1000])('tells what it asks for, in pieces of %i bytes', (pieceBytes) => {
    expect(read(push, pieceBytes)).toEqual([
      { ref: 'refs/heads/main', beforeId: null, afterId: A },
      { ref: 'refs/heads/x', beforeId: A, afterId: B },
      { ref: 'refs/tags/v1', beforeId: B, afterId: null },
    ]);
  });

  it('skips whatever is not a command', () => {
    expect(read(`${line(`shallow ${A}`)}${line(`${A} ${B} refs/heads/x\0`)}0000`)).toEqual([
      { ref: 'refs/heads/x', beforeId: A, afterId: B },
    ]);
  });

  it('yields nothing when it is incomplete, not a push, or longer than the limit', () => {
    const one = line(`${A} ${B} refs/heads/x`);
    const many = one.repeat(Math.ceil((MAX_COMMAND_BYTES + 1) / one.length));
    expect(read(`${one.repeat(Math.floor((MAX_COMMAND_BYTES - 4) / one.length))}0000`)).not.toEqual([]);
    for (const text of [
      '',
      '0000',
      '00',
      'zzzz',
      '0004',
      line(`${A} ${B} refs/heads/x`),
      `${line('want')}ffff`,
      `${many}0000`,
    ])
      expect([text.slice(0, 20), read(text)]).toEqual([text.slice(0, 20), []]);
  });

  it('counts the refs that it makes and deletes, also of more commands than are kept, or knows that it can not', () => {
    const count = (text: string): PushCommands['count'] => {
      const seen = new PushCommands();
      seen.see(Buffer.from(text));
      return seen.count;
    };
    expect(count(push)).toEqual({ made: 1, deleted: 1 });
    const one = line(`${NONE} ${A} refs/heads/x`);
    const many = Math.ceil((MAX_COMMAND_BYTES + 1) / one.length);
    expect(count(`${one.repeat(many)}0000`)).toEqual({ made: many, deleted: 0 });
    // Git refuses the name, and reads on.
    expect(count(`${line(`${NONE} ${A} HEAD`)}${one}0000`)).toEqual({ made: 1, deleted: 0 });
    // Git refuses all of it.
    expect(count(`${one}zzzz`)).toEqual({ made: 0, deleted: 0 });
    // Git takes a packet of another kind for the end.
    for (const text of [`${line('push-cert\0')}${one}0000`, `${one}0001`, `${one}0002`]) expect(count(text)).toBe(null);
  });
});
